// leaky_relu in machine code: f32 values of all kinds against an independent formula, every tail
// length at every alignment, and the table of special values.
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>

#include <sinter/fuzz/run.h>

#include "support/fuzz.h"
#include "support/special_values.h"

namespace sinter::test {
namespace {

/// The definition, independent of sinter. The test is compiled without floating-point contraction.
float leaky(float x, float slope) { return x > 0.0F ? x : x * slope; }

Executable compile_leaky(const Engine& engine, std::int64_t n, double slope) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {n}).leaky_relu(slope));
  return engine.compile(graph);
}

TEST(LeakyRelu, EqualsTheFormulaOnAllFloats) {
  // By default every 61st bit pattern: 61 is prime, so every exponent and all low bits occur.
  const std::uint64_t step = std::getenv("SINTER_TEST_LONG") != nullptr ? 1 : 61;
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  std::vector<float> x(kBlock);
  std::vector<float> y(kBlock);
  for (const Target& target : targets_here()) {
    const Engine engine(EngineOptions{.target = target});
    for (const float slope : {0.01F, 0.3F, -0.5F}) {
      const Executable program = compile_leaky(engine, kBlock, static_cast<double>(slope));
      std::uint64_t bits = 0;
      while (bits < (std::uint64_t{1} << 32)) {
        for (float& value : x) {
          value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
          bits += step;
        }
        program.run({view(x, {kBlock})}, {view(y, {kBlock})});
        for (std::size_t i = 0; i < kBlock; ++i) {
          ASSERT_TRUE(same_value(leaky(x[i], slope), y[i]))
              << target.name << ": leaky_relu(" << x[i] << ", " << slope << ") = " << y[i];
        }
      }
    }
  }
}

template <std::floating_point T>
void expect_table(const Engine& engine) {
  // Long enough for the unrolled loop, the loop over single vectors and the masked tail.
  constexpr std::int64_t kLength = 147;
  for (const LeakyReluCase<T>& row : leaky_relu_special_cases<T>()) {
    const std::vector<T> x(kLength, row.x);
    std::vector<T> y(kLength);
    Graph graph;
    const Value input = graph.input("x", *dtype_of<T>, {kLength});
    graph.output("y", input.leaky_relu(row.slope));
    engine.compile(graph).run({view(x, {kLength})}, {view(y, {kLength})});
    for (const T value : y) {
      ASSERT_TRUE(same_value(value, row.forward))
          << engine.target().name << ": leaky_relu(" << row.x << ", " << row.slope
          << ") = " << value << ", the table says " << row.forward;
    }
  }
}

TEST(LeakyRelu, FollowsTheTableOfSpecialValues) {
  for (const Target& target : targets_here()) {
    const Engine engine(EngineOptions{.target = target});
    expect_table<float>(engine);
    expect_table<double>(engine);
  }
}

/// Returns a chain of elementwise ops over tensors x, b and r of length n.
Graph chain(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {n});
  const Value b = graph.input("b", DType::f32, {n});
  const Value r = graph.input("r", DType::f32, {n});
  graph.output("y", (x * 1.5 + b).leaky_relu(0.01) * b + r);
  return graph;
}

TEST(Tails, EveryLengthAtEveryAlignmentStaysInsideItsBuffers) {
  for (const Target& target : targets_here()) {
    const Engine engine(EngineOptions{.target = target});
    for (std::int64_t n = 0; n <= 130; ++n) {
      const Graph graph = chain(n);
      const Executable program = engine.compile(graph);
      std::vector<TensorData> inputs;
      for (int k = 0; k < 3; ++k) {
        inputs.push_back(TensorData::zeros(DType::f32, {n}));
        for (std::int64_t i = 0; i < n; ++i) {
          inputs.back().as<float>()[static_cast<std::size_t>(i)] =
              static_cast<float>((i * 7 + k) % 13) - 6.25F;
        }
      }
      const std::vector<TensorData> expected = interpret(graph, inputs);
      for (std::size_t offset = 0; offset < 16; ++offset) {
        for (const Guard guard : {Guard::before, Guard::after}) {
          const std::vector<TensorData> got = run_guarded(program, graph, inputs, {guard, offset});
          ASSERT_EQ(difference(expected, got), "")
              << target.name << ", n = " << n << ", offset " << offset;
        }
      }
    }
    EXPECT_EQ(engine.stats().code.misses, 1) << "one compile serves all lengths";
  }
}

}  // namespace
}  // namespace sinter::test
