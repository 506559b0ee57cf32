// A row gives the same bits alone and in a batch of any size: random networks over a batch axis,
// and their gradients by the batch.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <sinter/fuzz/run.h>
#include <sinter/ir/gradients.h>
#include <sinter/ir/text.h>
#include "support/fuzz.h"

namespace sinter::test {
namespace {

constexpr std::array<std::int64_t, 4> kBatches{2, 7, 64, 300};
constexpr std::array<std::int64_t, 9> kWidths{1, 3, 8, 17, 64, 100, 256, 333, 1500};

/// Records a random layer that computes each row of [batch, width] from that row and weights.
Value layer(Graph& graph, Random& random, const Value& x) {
  const DType dtype = x.dtype();
  const std::string number = std::to_string(graph.inputs().size());
  const std::int64_t width = x.shape()[1];
  switch (random.below(12)) {
    case 0: return x.leaky_relu(0.1) + x.tanh();
    case 1: return x.gelu() * 0.5;
    case 2: return x.softmax();
    case 3: return x.log_softmax() * 0.25;
    case 4: return x.layer_norm();
    case 5: return x - x.mean(-1, true);
    case 6: return x / (x.abs().amax(-1, true) + 1);
    case 7: return (x * x).sum(-1, true).sqrt() + x;
    case 8: return x * graph.input("scale" + number, dtype, {width});
    case 9: return x + graph.input("bias" + number, dtype, {width});
    default: {
      const std::int64_t to = kWidths[random.below(7)];
      const Value w = graph.input("weight" + number, dtype, {width, to});
      const Value b = graph.input("bias" + number, dtype, {to});
      return (x.mm(w) + b).leaky_relu(0.1);
    }
  }
}

/// Returns a network whose layers do not depend on the batch size. The batch is the first axis of
/// input 0 and of both outputs.
Graph network(std::uint64_t seed, std::int64_t batch) {
  Random random(seed);
  constexpr std::array kDTypes{DType::f32, DType::f32, DType::f64, DType::bf16};
  const DType dtype = random.pick(kDTypes);
  Graph graph;
  const Value x = graph.input("x", dtype, {batch, random.pick(kWidths)});
  Value y = x;
  for (std::size_t layers = 1 + random.below(4); layers > 0; --layers) {
    y = layer(graph, random, y);
  }
  graph.output("y", y);
  graph.output("dx", gradients((y * y).sum(), {x})[0]);
  return graph;
}

/// Returns row `row` of the batch as a batch of one.
TensorData row_of(const TensorData& batch, std::int64_t row) {
  TensorData one = TensorData::zeros(batch.dtype, {1, batch.shape[1]});
  const std::size_t bytes = one.bytes.size();
  std::memcpy(one.bytes.data(), batch.bytes.data() + static_cast<std::size_t>(row) * bytes, bytes);
  return one;
}

class BatchOfNetworks : public testing::Test {
 protected:
  BatchOfNetworks() {
    for (const Target& target : targets_here()) {
      engines_.emplace_back(
          EngineOptions{.target = target, .threads = 2, .parallel_nanoseconds = 1});
    }
  }
  /// Runs the network on the whole batch and on three of its rows alone, and compares the bits.
  void check(std::uint64_t seed, std::int64_t batch, const std::vector<TensorData>& inputs) const {
    const Graph all = network(seed, batch);
    const Graph one = network(seed, 1);
    for (const Engine& engine : engines_) {
      const auto expected = run_guarded(engine.compile(all), all, inputs);
      const Executable alone = engine.compile(one);
      for (const std::int64_t row : {std::int64_t{0}, batch / 2, batch - 1}) {
        std::vector<TensorData> in = inputs;
        in[0] = row_of(inputs[0], row);
        std::vector<TensorData> wanted;
        for (const TensorData& output : expected) wanted.push_back(row_of(output, row));
        ASSERT_EQ(difference(wanted, run_guarded(alone, one, in)), "")
            << engine.target().name << ", row " << row << " of " << batch << ", seed " << seed
            << "\n"
            << print(all);
      }
    }
  }

 private:
  std::vector<Engine> engines_;
};

TEST_F(BatchOfNetworks, OfAnySizeLeavesTheBitsOfARow) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const std::int64_t batch = kBatches[seed % kBatches.size()];
    check(seed, batch, random_inputs(network(seed, batch), seed));
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace sinter::test
