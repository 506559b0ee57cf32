// Overhead of tensors: the time of a step on tensors minus that of run() on the same graph, with
// views made beforehand. The step is Adam over four parameters of 16 elements, 60 ops; on tensors
// it is recorded, looked up and run.
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <sinter/sinter.h>

#include "rows.h"

namespace sinter::bench {
namespace {

constexpr std::size_t kParameters = 4;
constexpr std::int64_t kElements = 16;

/// A parameter and its two moments.
template <typename T>
struct Adam {
  T weight, first, second;

  /// 15 ops. The bias corrections change with the number of the step.
  void step(int step) {
    const T gradient = weight * 2;
    first = first * 0.9 + gradient * 0.1;
    second = second * 0.999 + gradient * gradient * 0.001;
    const T mean = first / (1 - std::pow(0.9, step));
    const T scale = second / (1 - std::pow(0.999, step));
    weight = weight - mean / (scale.sqrt() + 1e-8) * 1e-3;
  }
};

template <typename T, typename Make>
std::vector<Adam<T>> make_parameters(Make make) {
  std::vector<Adam<T>> parameters;
  for (std::size_t i = 0; i < kParameters; ++i) parameters.push_back({make(), make(), make()});
  return parameters;
}

template <typename T>
std::vector<T> all_of(const std::vector<Adam<T>>& parameters) {
  std::vector<T> all;
  for (const Adam<T>& each : parameters) {
    all.insert(all.end(), {each.weight, each.first, each.second});
  }
  return all;
}

/// Steps on tensors, each evaluated before the next. Step numbers advance by `stride`; with 0 all
/// steps have the same scalars.
Contestant on_tensors(const Engine& engine, int stride) {
  auto parameters = make_parameters<Tensor>([&] { return engine.ones({kElements}); });
  return contestant("tensors", [=, step = 1]() mutable {
    for (Adam<Tensor>& each : parameters) each.step(step);
    engine.evaluate(all_of(parameters));
    step = step % 1000 + stride;
  });
}

/// The same step by run() of a compiled graph.
Contestant by_run(const Engine& engine) {
  Graph graph;
  auto parameters = make_parameters<Value>([&] {
    return graph.input(fmt::format("x{}", graph.inputs().size()), DType::f32, {kElements});
  });
  for (Adam<Value>& each : parameters) each.step(1);
  for (const Value& value : all_of(parameters)) {
    graph.output(fmt::format("y{}", graph.outputs().size()), value);
  }
  const Executable program = engine.compile(graph);
  const auto memory = std::make_shared<std::vector<std::vector<float>>>(
      2 * graph.inputs().size(), std::vector<float>(kElements, 1));
  std::vector<ConstTensorView> inputs;
  std::vector<TensorView> outputs;
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    inputs.push_back(view((*memory)[2 * i], {kElements}));
    outputs.push_back(view((*memory)[2 * i + 1], {kElements}));
  }
  return contestant("run()", [=] {
    static_cast<void>(memory);
    program.run(inputs, outputs);
  });
}

}  // namespace

void add_tensor_rows(std::vector<Row>& rows, const RatioOptions& options) {
  const Engine engine({.threads = 1});
  const std::vector<Contestant> contestants{on_tensors(engine, 0), on_tensors(engine, 1),
                                            by_run(engine)};
  const std::vector<Samples> samples = interleave(contestants, options.small());
  const std::array<std::string, 2> what = {"a step of 60 ops on tensors over run()",
                                           "the same, with new numbers in every step"};
  for (std::size_t i = 0; i < what.size(); ++i) {
    Row row{.what = what[i], .bound = Bound::under, .target = 30, .unit = "us"};
    const Spread spread = paired_difference(samples[i], samples[2]);
    row.reached = {spread.median / 1000, spread.low / 1000, spread.high / 1000};
    row.note = fmt::format("run() itself {:.3g} us; {} plans", spread_of(samples[2]).median / 1000,
                           engine.stats().plans.misses);
    rows.push_back(std::move(row));
  }
}

}  // namespace sinter::bench
