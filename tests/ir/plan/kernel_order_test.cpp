// The kernels of a segment run in the order of their dependences, whatever their shapes.
#include <gtest/gtest.h>

#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>

#include "support/fuzz.h"
#include "support/linear_time.h"
#include "support/run_plan.h"

namespace sinter::test {
namespace {

constexpr PlanLimits kNoLimits{.arguments = 1 << 20, .operations = 1 << 20};

/// Plans the graph, runs the plan, and compares every bit with the interpreter.
Plan checked_plan(const Graph& graph, const PlanLimits& limits = {}) {
  Plan plan = plan_graph(graph, limits, Fuse::all);
  const std::vector<TensorData> inputs = random_inputs(graph, 1);
  const std::vector<TensorData> expected = interpret(graph, inputs);
  const std::vector<TensorData> outputs = run_plan(plan, inputs);
  EXPECT_EQ(outputs.size(), expected.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_EQ(first_difference(outputs[i], expected[i]), -1) << "output " << i << print(plan);
  }
  return plan;
}

TEST(KernelOrder, FollowsWhatKernelsReadAndNotShapes) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {1});
  const Value b = graph.input("b", DType::f32, {1});
  const Value m = b.min(graph.input("c", DType::f32, {1, 1}));
  graph.output("m", m);
  graph.output("z",
               a.sum().max(m));  // its kernel iterates over [1] and reads a value of shape [1, 1]
  EXPECT_EQ(checked_plan(graph).kernels.size(), 2U);
}

TEST(KernelOrder, LetsAGroupWaitForItsLastValue) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {1});
  const Value sum = a.sum();
  graph.output("sum", sum);
  const Value m = a.min(graph.input("c", DType::f32, {1, 1}));
  graph.output("m", m);
  graph.output("z", sum.max(m));
  EXPECT_EQ(checked_plan(graph).kernels.size(), 2U);  // m; sum and z
}

TEST(KernelOrder, SplitsAKernelWhoseValuesWaitForEachOther) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {1});
  const Value row = a + 1;
  graph.output("row", row);
  const Value m = row.min(graph.input("c", DType::f32, {1, 1}));
  graph.output("m", m);
  const Value sum = row.sum();
  graph.output("sum", sum);
  const Value z = sum.max(m);  // shape and producers would allow it in the kernel of row and sum
  graph.output("z", z);
  graph.output("w", z + graph.input("d", DType::f32, {1, 1, 1}));
  EXPECT_EQ(checked_plan(graph).kernels.size(), 5U);
}

/// Returns a graph of about `count` nodes in two chains of different shapes. Every value is an
/// output. Each step of the second chain also reads the first chain.
Graph two_chains(int count) {
  Graph graph;
  Value flat = graph.input("x", DType::f32, {2});
  Value wide = graph.input("y", DType::f32, {2, 2});
  for (int i = 0; i < count / 4; ++i) {
    flat = flat + 1;
    wide = (wide + flat).relu();
    graph.output("flat" + std::to_string(i), flat);
    graph.output("wide" + std::to_string(i), wide);
  }
  return graph;
}

TEST(KernelOrder, TakesLinearTime) {
  EXPECT_EQ(checked_plan(two_chains(100), kNoLimits).kernels.size(), 2U);
  expect_linear_time([](int size) {
    for (const PlanLimits& limits : {kNoLimits, PlanLimits()}) {
      static_cast<void>(partition(two_chains(size), limits, Fuse::all));
    }
  });
}

// plan_graph verifies every plan, so planning without an error is the test.
TEST(KernelOrder, HoldsInPlansOfRandomGraphs) {
  for (std::uint64_t seed = 1; seed <= 12'000; ++seed) {
    RandomGraphOptions options;
    options.max_ops = seed % 8 == 0 ? 40 : 12;
    options.narrow_in = seed % 4 == 0 ? 5 : 1;
    options.products = seed % 16 == 0;
    Graph graph = widen(random_graph(seed, options), Rounding::at_store);
    if (seed % 3 == 0) {
      for (const GraphInput& input : graph.inputs()) graph.donate(graph.value(input.node));
    }
    try {
      static_cast<void>(plan_graph(graph, {}, Fuse::all));
      static_cast<void>(
          plan_graph(graph, {.row_bytes = 0, .units = 4, .chunked_bytes = 64}, Fuse::all));
      static_cast<void>(plan_graph(graph, {.arguments = 6, .operations = 7}, Fuse::all));
    } catch (const Error& error) {
      FAIL() << "seed " << seed << ": " << error.what() << "\n" << print(graph);
    }
  }
}

}  // namespace
}  // namespace sinter::test
