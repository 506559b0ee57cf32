// Tensors give the same bits wherever their traces are cut: the bits of the graph under
// Rounding::each_op. So lazy evaluation never changes a result, not even in 16-bit floats.
#include <gtest/gtest.h>

#include <optional>

#include <sinter/fuzz/run.h>
#include <sinter/fuzz/tensors.h>
#include <sinter/ir/gradients.h>
#include <sinter/ir/text.h>

#include "support/fuzz.h"

namespace sinter::test {
namespace {

constexpr Cuts kCuts[] = {
    {}, {.one_in = 1}, {.one_in = 3, .seed = 5}, {.one_in = 3, .seed = 7, .aside = true}};

RandomGraphOptions small_graphs(DType floating) {
  RandomGraphOptions options;
  options.max_ops = 8;
  options.max_elements = 200;
  options.floating = floating;
  return options;
}

std::string text_of(const Cuts& cuts) {
  if (cuts.one_in == 0) return "never cut";
  return "cut after one op in " + std::to_string(cuts.one_in) + (cuts.aside ? " by others" : "");
}

TEST(TensorCuts, DoNotShowInTheBitsOfRandomGraphs) {
  const Engine engine(EngineOptions{.threads = 1});
  const Engine crowded(EngineOptions{.threads = 1, .trace = {.nodes = 5}});
  for (DType floating : {DType::f16, DType::bf16}) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const Graph graph = random_graph(seed, small_graphs(floating));
      const std::vector<TensorData> inputs = random_inputs(graph, seed);
      const std::vector<TensorData> expected = interpret(graph, inputs, Rounding::each_op);
      for (const Cuts& cuts : kCuts) {
        ASSERT_EQ(difference(expected, run_tensors(engine, graph, inputs, cuts)), "")
            << text_of(cuts) << ", seed " << seed << "\n"
            << print(graph);
      }
      ASSERT_EQ(difference(expected, run_tensors(crowded, graph, inputs)), "")
          << "full traces, seed " << seed << "\n"
          << print(graph);
    }
  }
}

/// Returns the gradient of the sum of `value` by each value of `of`, or nothing where there is
/// none.
template <typename T>
std::vector<std::optional<T>> gradients_of(const T& value, const std::vector<T>& of) {
  std::vector<std::optional<T>> results;
  for (const T& by : of) {
    try {
      results.emplace_back(gradients(value.sum(), {by})[0]);
    } catch (const Error&) {
      results.emplace_back();
    }
  }
  return results;
}

/// Compares the gradients of tensors with those of the graph. If `cut`, evaluates the gradients one
/// by one, so that each is computed by its own trace.
void expect_gradients(const Engine& engine, std::uint64_t seed, DType floating, bool cut,
                      const Cuts& cuts) {
  RandomGraphOptions options = small_graphs(floating);
  options.gradients = false;
  Graph graph = random_graph(seed, options);
  const NodeId of = graph.outputs()[0].node;
  if (!is_floating(graph.node(of).dtype)) return;
  const std::vector<TensorData> inputs = random_inputs(graph, seed);
  const std::vector<Tensor> tensors = record_tensors(engine, graph, inputs, cuts);
  std::vector<Value> by;
  std::vector<Tensor> tensors_by;
  for (const GraphInput& input : graph.inputs()) {
    by.push_back(graph.value(input.node));
    tensors_by.push_back(tensors[input.node.index]);
  }
  const auto wanted = gradients_of(graph.value(of), by);
  const auto recorded = gradients_of(tensors[of.index], tensors_by);
  const std::size_t before = graph.outputs().size();
  for (std::size_t i = 0; i < by.size(); ++i) {
    ASSERT_EQ(wanted[i].has_value(), recorded[i].has_value()) << i << "\n" << print(graph);
    if (wanted[i].has_value()) graph.output("d" + std::to_string(i), *wanted[i]);
  }
  const std::vector<TensorData> expected = interpret(graph, inputs, Rounding::each_op);
  std::vector<TensorData> got(expected.begin(),
                              expected.begin() + static_cast<std::ptrdiff_t>(before));
  for (const std::optional<Tensor>& gradient : recorded) {
    if (!gradient.has_value()) continue;
    if (cut) engine.evaluate({*gradient});
    got.push_back(read_tensor(*gradient));
  }
  ASSERT_EQ(difference(expected, got), "") << "seed " << seed << "\n" << print(graph);
}

TEST(TensorCuts, DoNotShowInGradients) {
  const Engine engine(EngineOptions{.threads = 1});
  for (DType floating : {DType::f16, DType::bf16, DType::f32}) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      expect_gradients(engine, seed, floating, seed % 2 == 0, {});
      expect_gradients(engine, seed, floating, seed % 2 == 0,
                       {.one_in = 2, .seed = seed, .aside = true});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(TensorCuts, LeaveTheOrderInWhichContributionsAreAdded) {
  const Engine engine;
  const Tensor x = engine.tensor({1.0F});
  const auto of_sum = [&](bool aside) {
    const Tensor a = x * 1;
    if (aside) engine.evaluate({x + 5});
    const Tensor b = x * 1e8, c = x * -1e8;
    return gradients((b + c + a).sum(), {x})[0].item<float>();
  };
  EXPECT_EQ(of_sum(true), of_sum(false));
}

}  // namespace
}  // namespace sinter::test
