// Structural ops: how they move elements, what they refuse, and that they need no kernel of their
// own.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include <sinter/ir/interpret.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>

#include "support/expect_error.h"
#include "support/golden.h"
#include "support/run_plan.h"

namespace sinter::test {
namespace {

template <typename T>
TensorData tensor(const Shape& shape, const std::vector<T>& values) {
  return TensorData::from<T>(shape, std::span<const T>(values));
}

/// Returns a tensor of 0, 1, 2, ... in row-major order.
TensorData counted(const Shape& shape) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(shape.elements()));
  std::iota(values.begin(), values.end(), 0);
  return tensor(shape, values);
}

/// Returns the elements of `record` applied to a counted tensor.
template <typename Record>
std::vector<std::int32_t> made_of(const Shape& shape, Record record) {
  Graph graph;
  graph.output("y", record(graph.input("x", DType::i32, shape)));
  const std::vector<TensorData> inputs{counted(shape)};
  const TensorData result = interpret(graph, inputs)[0];
  const auto elements = result.as<std::int32_t>();
  return {elements.begin(), elements.end()};
}

using Elements = std::vector<std::int32_t>;

TEST(Structure, TransposeOrdersAxes) {
  EXPECT_EQ(made_of({2, 3}, [](const Value& x) { return x.transpose(); }),
            (Elements{0, 3, 1, 4, 2, 5}));
  const auto to_last = [](const Value& x) { return x.transpose({1, -1, 0}); };
  EXPECT_EQ(made_of({2, 1, 2}, to_last), (Elements{0, 2, 1, 3}));
}

TEST(Structure, SliceTakesPositionsAsPythonDoes) {
  const auto sliced = [](auto... arguments) {
    return made_of({6}, [=](const Value& x) { return x.slice(0, arguments...); });
  };
  EXPECT_EQ(sliced(1, 4), (Elements{1, 2, 3}));
  EXPECT_EQ(sliced(0, std::nullopt, 2), (Elements{0, 2, 4}));
  EXPECT_EQ(sliced(1, std::nullopt, 4), (Elements{1, 5}));
  EXPECT_EQ(sliced(-2), (Elements{4, 5}));
  EXPECT_EQ(sliced(1, -1), (Elements{1, 2, 3, 4}));
  EXPECT_EQ(sliced(4, 1, -2), (Elements{4, 2}));
  EXPECT_EQ(sliced(-1, std::nullopt, -2), (Elements{5, 3, 1}));
  EXPECT_EQ(sliced(3, 3), Elements{});
  EXPECT_EQ(sliced(6), Elements{});
  EXPECT_EQ(made_of({2, 2}, [](const Value& x) { return x.flip(-1); }), (Elements{1, 0, 3, 2}));
}

TEST(Structure, ConcatAndPadSurround) {
  const auto twice = [](const Value& x) { return Value::concat({x, x + 10}, 1); };
  EXPECT_EQ(made_of({2, 2}, twice), (Elements{0, 1, 10, 11, 2, 3, 12, 13}));
  const auto framed = [](const Value& x) { return x.pad({0, 1}, {1, 0}, 7); };
  EXPECT_EQ(made_of({1, 2}, framed), (Elements{7, 0, 1, 7, 7, 7}));
}

TEST(Structure, ReshapeKeepsRowMajorOrder) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4, 6});
  EXPECT_EQ(x.reshape({2, -1, 3}).shape(), (Shape{2, 4, 3}));
  EXPECT_EQ(x.reshape({-1}).shape(), (Shape{24}));
  const auto turned = [](const Value& v) { return v.transpose().reshape({2, 3}); };
  EXPECT_EQ(made_of({2, 3}, turned), (Elements{0, 3, 1, 4, 2, 5}));
}

TEST(Structure, IotaCountsAlongAnAxis) {
  Graph graph;
  graph.output("y", graph.iota(DType::i32, {2, 3}, -1));
  graph.output("wraps", graph.iota(DType::i8, {130}).slice(0, 127));
  graph.output("floats", graph.iota(DType::f32, {2, 1}, 0) * 0.5);
  const std::vector<TensorData> results = interpret(graph, {});
  EXPECT_EQ(first_difference(results[0], tensor<std::int32_t>({2, 3}, {0, 1, 2, 0, 1, 2})), -1);
  EXPECT_EQ(first_difference(results[1], tensor<std::int8_t>({3}, {127, -128, -127})), -1);
  EXPECT_EQ(results[2].as<float>()[1], 0.5F);
}

TEST(Structure, RefusesWhatLeavesAnAxis) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 6});
  expect_error(ErrorCode::invalid_argument, "start 7 along axis 1",
               [&] { static_cast<void>(x.slice(1, 7)); });
  expect_error(ErrorCode::invalid_argument, "stop 9 along axis 1",
               [&] { static_cast<void>(x.slice(1, 0, 9)); });
  expect_error(ErrorCode::invalid_argument, "axis 2 of shape [2, 6]",
               [&] { static_cast<void>(x.slice(2, 0)); });
  expect_error(ErrorCode::invalid_argument, "step of 0",
               [&] { static_cast<void>(x.slice(0, 0, 1, 0)); });
  expect_error(ErrorCode::shape_mismatch, "one entry per axis",
               [&] { static_cast<void>(x.transpose({0})); });
  expect_error(ErrorCode::shape_mismatch, "not a permutation of 0 to 1",
               [&] { static_cast<void>(x.transpose({1, 1})); });
  expect_error(ErrorCode::shape_mismatch, "12 elements",
               [&] { static_cast<void>(x.reshape({5, -1})); });
  expect_error(ErrorCode::shape_mismatch, "13 elements and not 12",
               [&] { static_cast<void>(x.reshape({13})); });
  expect_error(ErrorCode::shape_mismatch, "-1 before",
               [&] { static_cast<void>(x.pad({-1, 0}, {0, 0})); });
  expect_error(ErrorCode::shape_mismatch, "must be equal",
               [&] { static_cast<void>(Value::concat({x, x.transpose()}, 0)); });
  expect_error(ErrorCode::dtype_mismatch, "never promote",
               [&] { static_cast<void>(Value::concat({x, x.convert(DType::f64)}, 0)); });
  expect_error(ErrorCode::invalid_argument, "no tensors",
               [&] { static_cast<void>(Value::concat({}, 0)); });
  expect_error(ErrorCode::dtype_mismatch, "not in bool",
               [&] { static_cast<void>(graph.iota(DType::boolean, {3})); });
  expect_error(ErrorCode::dtype_mismatch, "4 bytes",
               [&] { static_cast<void>(x.bitcast(DType::f64)); });
  expect_error(ErrorCode::invalid_graph, "planner",
               [&] { static_cast<void>(Value::apply(Op::view, std::span(&x, 1))); });
}

TEST(Structure, PrintsAndReadsLists) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3});
  const Value padded = x.pad({1, 0}, {0, 2}, 0.5);
  graph.output("turned", padded.transpose({1, 0}).slice(0, 4, std::nullopt, -2));
  graph.output("joined", Value::concat({x, x.flip(0)}, 0).reshape({12}));
  graph.output("counted", graph.iota(DType::i64, {2, 3}, 1).bitcast(DType::f64));
  expect_golden("text/structure.txt", print(graph));
  EXPECT_EQ(print(parse(print(graph))), print(graph));
}

// --- Plans ---------------------------------------------------------------------------------------

Plan plan_of(const Graph& graph, Fuse fuse = Fuse::all) { return plan_graph(graph, {}, fuse); }

TEST(StructurePlan, ViewsOfInputsCostNoKernel) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4, 6});
  const Value b = graph.input("b", DType::f32, {4});
  graph.output("y", (x.transpose() + b).leaky_relu().slice(0, 1, 5, 2).reshape({2, 2, 2}));
  const Plan plan = plan_of(graph);
  EXPECT_EQ(plan.kernels.size(), 1U);
  EXPECT_EQ(plan.workspace_bytes, 0);
  expect_golden("plan/views.txt", print(plan));
}

/// Rotary position embedding: pairs of elements from both halves of a row are rotated.
TEST(StructurePlan, OpsAfterAConcatMoveIntoItsParts) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {8, 64});
  const Value cos = graph.input("cos", DType::f32, {8, 64});
  const Value sin = graph.input("sin", DType::f32, {8, 64});
  const Value turned = Value::concat({-x.slice(1, 32), x.slice(1, 0, 32)}, 1);
  graph.output("y", x * cos + turned * sin);
  const Plan plan = plan_of(graph);
  EXPECT_EQ(plan.kernels.size(), 1U);  // both halves have one shape
  EXPECT_EQ(plan.workspace_bytes, 0);
  expect_golden("plan/rotary.txt", print(plan));
}

/// The reduction with and without its axis is one value, which one kernel computes.
TEST(StructurePlan, AReshapeThatDropsAKeptAxisCostsNoKernel) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {8, 16});
  const Value bias = graph.input("bias", DType::f32, {8});
  const Value total = x.exp().sum(-1, true).log();
  graph.output("share", x - total);
  graph.output("total", total.reshape({8}) + bias);
  graph.output("all", x.sum().reshape({1, 1}) * 2);
  const Plan plan = plan_of(graph);
  EXPECT_EQ(plan.kernels.size(), 2U) << print(plan);
  EXPECT_EQ(plan.workspace_bytes, 0);
}

/// Moving the transpose to the product would save no store: the value after the relu is stored
/// anyway, because the other product reads it.
TEST(StructurePlan, ATransposeDoesNotMoveToAProduct) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {8, 4});
  const Value w = graph.input("w", DType::f32, {4, 6});
  const Value v = graph.input("v", DType::f32, {6, 3});
  const Value hidden = (x.mm(w) + 1).relu();
  const Value y = hidden.mm(v);
  graph.output("y", y);
  graph.output("z", hidden.transpose().mm(y));
  const Plan plan = plan_of(graph);
  EXPECT_EQ(plan.kernels.size(), 3U) << print(plan);
  EXPECT_EQ(plan.workspace_bytes, 8 * 6 * 4);
}

TEST(StructurePlan, AReshapeThatNoStridesDescribeIsStored) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4, 6});
  graph.output("y", x.leaky_relu().transpose().reshape({24}) + 1);
  const Plan plan = plan_of(graph);
  EXPECT_EQ(plan.kernels.size(), 2U);
  EXPECT_EQ(plan.workspace_bytes, 128);
}

TEST(StructurePlan, AnInputThatLiesInAnotherOrderIsCopiedForSuchAReshape) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {4, 6}, {1, 4}).reshape({24}) + 1);
  const Plan plan = plan_of(graph);
  EXPECT_EQ(plan.kernels.size(), 2U);
  EXPECT_EQ(plan.workspace_bytes, 128);
}

/// A count is not in memory, so it is stored before a view reads it.
TEST(StructurePlan, ACountThatNoStridesDescribeIsStored) {
  Graph graph;
  const Value count = graph.iota(DType::i32, {3, 4}, 1);
  graph.output("y", count.reshape({12}));
  graph.output("z", count.reshape({2, 6}) * 2);
  const std::vector<TensorData> results = run_plan(plan_of(graph), {});
  const auto y = results[0].as<std::int32_t>();
  const auto z = results[1].as<std::int32_t>();
  EXPECT_EQ(Elements(y.begin(), y.end()), (Elements{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(Elements(z.begin(), z.end()), (Elements{0, 2, 4, 6, 0, 2, 4, 6, 0, 2, 4, 6}));
}

TEST(StructurePlan, APadWritesItsFrameAroundTheValue) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {16, 16});
  graph.output("y", x.leaky_relu().pad({1, 1}, {1, 1}) * 2);
  const Plan plan = plan_of(graph);
  EXPECT_EQ(plan.workspace_bytes, 0);
  EXPECT_EQ(plan.kernels.size(), 3U);  // columns, rows, the middle
}

TEST(StructurePlan, TilingAValueManyTimesKeepsTheLimits) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {3}).leaky_relu();
  const std::vector<Value> parts(100, x);
  graph.output("y", Value::concat(parts, 0).reshape({100, 3}) + x);
  const Plan plan = plan_of(graph);
  for (const PlanKernel& kernel : plan.kernels) {
    EXPECT_LE(kernel.inputs.size() + kernel.outputs.size(), 24U);
  }
}

TEST(StructurePlan, DeepGraphsTakeLinearTime) {
  Graph graph;
  Value value = graph.input("x", DType::f32, {4, 4});
  for (int i = 0; i < 20'000; ++i) value = value.transpose().leaky_relu(0.1);
  graph.output("y", value);
  const Plan plan = plan_of(graph);
  EXPECT_LE(plan.kernels.size(), 2000U);
}

}  // namespace
}  // namespace sinter::test
