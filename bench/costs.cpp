// sinter_costs [--quick]: times of leaky_relu, and of other activations as multiples of it: alone
// in the cache and from memory, with its gradient, and after a dense layer. The contestants of a
// row are interleaved.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <sinter/bench/measure.h>
#include <sinter/bench/timing.h>
#include <sinter/ir/gradients.h>
#include <sinter/runtime/engine.h>

namespace {

using namespace sinter;
using namespace sinter::bench;

struct Activation {
  std::string_view name;
  Value (*apply)(const Value& x, const Value& slope);
};

/// The first is the baseline of the ratios.
const Activation kActivations[] = {
    {"leaky_relu", [](const Value& x, const Value&) { return x.leaky_relu(0.01); }},
    {"relu", [](const Value& x, const Value&) { return x.relu(); }},
    {"prelu", [](const Value& x, const Value& slope) { return x.prelu(slope); }},
    {"elu", [](const Value& x, const Value&) { return x.elu(); }},
    {"gelu", [](const Value& x, const Value&) { return x.gelu(); }},
};

/// A row: a graph around each activation. `slope` is an input of every graph, also where the
/// activation ignores it, so that all graphs have the same inputs.
struct Use {
  std::string_view what;
  void (*build)(Graph& graph, const Value& slope, const Activation& activation);
  bool large = false;  ///< calls take milliseconds: a tenth of the rounds is enough
};

void alone(Graph& graph, const Value& slope, const Activation& activation, std::int64_t elements) {
  graph.output("y", activation.apply(graph.input("x", DType::f32, {elements}), slope));
}

/// y and dx, as a training step needs them; for prelu also the gradient of the slope.
void with_gradient(Graph& graph, const Value& slope, const Activation& activation) {
  const Value x = graph.input("x", DType::f32, {512, 64});
  const Value g = graph.input("g", DType::f32, {512, 64});
  const Value y = activation.apply(x, slope);
  std::vector<Value> of{x};
  if (activation.name == "prelu") of.push_back(slope);
  graph.output("y", y);
  for (const Value& d : gradients((y * g).sum(), of)) {
    graph.output(fmt::format("d{}", graph.outputs().size()), d);
  }
}

void after_dense(Graph& graph, const Value& slope, const Activation& activation) {
  const Value x = graph.input("x", DType::f32, {64, 256});
  const Value weight = graph.input("weight", DType::f32, {256, 256});
  const Value bias = graph.input("bias", DType::f32, {256});
  graph.output("y", activation.apply(x.mm(weight) + bias, slope));
}

const Use kUses[] = {
    {"32 K elements",
     [](Graph& graph, const Value& slope, const Activation& activation) {
       alone(graph, slope, activation, 32 << 10);
     }},
    {"16 M elements",
     [](Graph& graph, const Value& slope, const Activation& activation) {
       alone(graph, slope, activation, 16 << 20);
     },
     true},
    {"32 K elements, and dx", with_gradient},
    {"after a dense layer, 64 x 256 x 256", after_dense},
};

Contestant bound(const Engine& engine, const Use& use, const Activation& activation) {
  Graph graph;
  use.build(graph, graph.input("slope", DType::f32, {1}), activation);
  return bound_call(std::string(activation.name), engine, graph);
}

void print_row(const Engine& engine, const Use& use, int rounds) {
  std::vector<Contestant> contestants;
  for (const Activation& activation : kActivations) {
    contestants.push_back(bound(engine, use, activation));
  }
  const std::vector<Samples> samples =
      interleave(contestants, {.rounds = use.large ? rounds / 10 + 1 : rounds});
  fmt::print("{:<37} {:>9.1f} us", use.what, spread_of(samples[0]).median / 1000);
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const Spread spread = paired_ratio(samples[i], samples[0]);
    fmt::print("  {:>4.2f} ({:.2f} .. {:.2f})", spread.median, spread.low, spread.high);
  }
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc == 2 && std::string_view(argv[1]) == "--quick";
  if (argc > 1 && !quick) {
    fmt::print(stderr, "sinter_costs [--quick]\n");
    return 2;
  }
  const Engine engine({.threads = 1});
  fmt::print("f32, one thread, {}: time of leaky_relu; of the others, as a multiple of it\n\n",
             engine.target().name);
  fmt::print("{:<37} {:>12}", "", kActivations[0].name);
  for (std::size_t i = 1; i < std::size(kActivations); ++i) {
    fmt::print("  {:>19}", kActivations[i].name);
  }
  fmt::print("\n");
  for (const Use& use : kUses) print_row(engine, use, quick ? 21 : 201);
  return 0;
}
