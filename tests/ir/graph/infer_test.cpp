// Result types by the dtype rules, and the words of every error.
#include <gtest/gtest.h>

#include <type_traits>

#include <sinter/ir/graph.h>

#include "support/expect_error.h"

namespace sinter {
namespace {

using test::expect_error;

static_assert(std::is_constructible_v<Scalar, int>);
static_assert(std::is_constructible_v<Scalar, float>);
static_assert(!std::is_constructible_v<Scalar, bool>);
static_assert(!std::is_constructible_v<Operand<Value>, bool>);

template <typename T>
concept TakesSlope = requires(Value x, T slope) { x.leaky_relu(slope); };
static_assert(TakesSlope<double> && TakesSlope<int> && TakesSlope<LeakyReluOptions>);
static_assert(!TakesSlope<bool>, "a bool is no slope");

template <typename T>
concept Adds = requires(Value x, T other) { x + other; };
static_assert(Adds<int> && Adds<Value> && !Adds<bool>);

template <typename T>
concept ComparesByOperator = requires(T x) { x == x; };
static_assert(!ComparesByOperator<Value>, "equality of values is x.equal(y)");

struct Inputs {
  Graph graph;
  Value x = graph.input("x", DType::f32, {2, 3});
  Value y = graph.input("y", DType::f32, {3});
  Value wide = graph.input("wide", DType::f64, {3});
  Value mask = graph.input("mask", DType::boolean, {2, 1});
};

void expect_type(const Value& value, DType dtype, const Shape& shape) {
  EXPECT_EQ(value.dtype(), dtype);
  EXPECT_EQ(value.shape(), shape);
}

TEST(Infer, GivesDtypeAndShapeByTheRuleOfTheRow) {
  Inputs in;
  expect_type(in.x + in.y, DType::f32, {2, 3});
  expect_type(in.wide * 2, DType::f64, {3});
  expect_type(in.x.less(in.y), DType::boolean, {2, 3});
  expect_type(in.mask.logical_not(), DType::boolean, {2, 1});
  expect_type(in.mask.select(in.wide, 0), DType::f64, {2, 3});
  expect_type(in.mask.select(1, in.y), DType::f32, {2, 3});
  expect_type(in.mask.select(in.mask, in.mask), DType::boolean, {2, 1});
  expect_type(in.x.convert(DType::f64), DType::f64, {2, 3});
  expect_type(in.mask.convert(DType::f32), DType::f32, {2, 1});
  expect_type(in.y.broadcast_to({4, 2, 3}), DType::f32, {4, 2, 3});
  expect_type(in.mask.broadcast_to({2, 5}), DType::boolean, {2, 5});
  expect_type(in.x.leaky_relu(), DType::f32, {2, 3});
  expect_type(in.y.prelu(in.x), DType::f32, {2, 3});
  expect_type(in.y.fma(in.x, 1), DType::f32, {2, 3});
}

TEST(Infer, MakesABareNumberOfTheDtypeThatItMeets) {
  Inputs in;
  const Value sum = in.wide + 1;
  const Node node = in.graph.node(sum.id());
  EXPECT_EQ(in.graph.node(node.operands[1]).dtype, DType::f64);
}

TEST(Infer, NamesOpAndShapesThatDoNotBroadcast) {
  Inputs in;
  const Value z = in.graph.input("z", DType::f32, {4});
  expect_error(ErrorCode::shape_mismatch,
               "add(a: f32[2, 3], b: f32[4]): shapes do not broadcast; aligned at the last axis, "
               "lengths must be equal or 1",
               [&] { (void)(in.x + z); });
}

TEST(Infer, NamesOpAndDtypesThatDiffer) {
  Inputs in;
  expect_error(
      ErrorCode::dtype_mismatch,
      "mul(a: f32[3], b: f64[3]): a is f32 and b is f64; dtypes never promote, use convert",
      [&] { (void)(in.y * in.wide); });
  expect_error(ErrorCode::dtype_mismatch, "a is f32 and b is f64",
               [&] { (void)in.mask.select(in.y, in.wide); });
}

TEST(Infer, RefusesMasksWhereNumbersAreDueAndNumbersWhereMasksAre) {
  Inputs in;
  expect_error(ErrorCode::dtype_mismatch,
               "sqrt(x: bool[2, 1]): x must be floating (f16, bf16, f32 or f64), not bool",
               [&] { (void)in.mask.sqrt(); });
  expect_error(ErrorCode::dtype_mismatch, "a must be a number, of any width, not bool",
               [&] { (void)in.mask.less(in.mask); });
  expect_error(ErrorCode::dtype_mismatch,
               "logical_and(a: bool[2, 1], b: f32[3]): b must be bool, not f32",
               [&] { (void)in.mask.logical_and(in.y); });
  expect_error(ErrorCode::dtype_mismatch, "condition must be bool, not f32",
               [&] { (void)in.x.select(in.y, in.y); });
}

TEST(Infer, RefusesAnythingButANumberAsSlope) {
  Inputs in;
  const std::string_view words =
      "negative_slope must be a number; a bool is not one; for a tensor of slopes use prelu";
  const Value yes = in.graph.constant(1, DType::boolean);
  for (const Value& slope : {yes, in.mask, in.y, in.y + 1}) {
    const Value operands[] = {in.x, slope};
    expect_error(ErrorCode::invalid_argument, words,
                 [&] { (void)Value::apply(Op::leaky_relu, operands); });
  }
  const Value bounds[] = {in.x, in.graph.parameter(0, DType::f32), in.y};
  expect_error(ErrorCode::invalid_argument, "max must be a number",
               [&] { (void)Value::apply(Op::clamp, bounds); });
}

TEST(Infer, RefusesASlopeOfAnotherDtype) {
  Inputs in;
  const Value operands[] = {in.x, in.graph.parameter(0.1, DType::f64)};
  expect_error(ErrorCode::dtype_mismatch, "x is f32 and negative_slope is f64",
               [&] { (void)Value::apply(Op::leaky_relu, operands); });
}

TEST(Infer, RefusesABroadcastToAShapeThatDoesNotHold) {
  Inputs in;
  expect_error(ErrorCode::shape_mismatch,
               "broadcast(x: f32[2, 3]) to [3]: every length must be equal or 1",
               [&] { (void)in.x.broadcast_to({3}); });
  expect_error(ErrorCode::shape_mismatch, "to [2, 4]", [&] { (void)in.x.broadcast_to({2, 4}); });
  expect_error(ErrorCode::invalid_argument, "broadcast has shape [-1]: a length cannot be negative",
               [&] { (void)in.y.broadcast_to({-1}); });
}

TEST(Infer, BlamesTheOperandRatherThanANumberBesideIt) {
  Graph graph;
  const Value n = graph.input("n", DType::i32, {2, 3});
  const Value mask = graph.input("mask", DType::boolean, {2});
  const auto floats = [](std::string_view call) {
    return std::string(call) +
           ": x must be floating (f16, bf16, f32 or f64), not i32; convert it "
           "first";
  };
  EXPECT_EQ(test::message_of([&] { (void)n.leaky_relu(); }), floats("leaky_relu(x: i32[2, 3])"));
  EXPECT_EQ(test::message_of([&] { (void)n.elu(0.5); }), floats("elu(x: i32[2, 3])"));
  EXPECT_EQ(test::message_of([&] { (void)n.hardtanh(-0.5, 0.5); }),
            floats("hardtanh(x: i32[2, 3])"));
  EXPECT_EQ(test::message_of([&] { (void)n.pow(0.5); }), floats("pow(x: i32[2, 3])"));
  EXPECT_EQ(test::message_of([&] { (void)mask.clamp(0.5, 1); }),
            "clamp(x: bool[2]): x must be a number, of any width, not bool");
}

TEST(Infer, ReshapeInfersOneLengthAtMost) {
  const Inputs in;
  expect_error(ErrorCode::invalid_argument,
               "reshape: [2, 3] to [-1, -1]: 2 lengths are -1, and only one may be",
               [&] { (void)in.x.reshape({-1, -1}); });
}

TEST(Infer, RefusesAResultBeyondTheElementLimit) {
  Graph graph;
  const std::int64_t length = std::int64_t{1} << 25;
  const Value rows = graph.input("rows", DType::f32, {length, 1});
  const Value columns = graph.input("columns", DType::f32, {length});
  expect_error(ErrorCode::limit_exceeded, "add has shape [33554432, 33554432]: more than 2^48",
               [&] { (void)(rows + columns); });
}

TEST(Infer, RefusesMissingAttributesAndWrongCounts) {
  Inputs in;
  const Value two[] = {in.x, in.y};
  const Value one[] = {in.x};
  expect_error(ErrorCode::invalid_argument, "convert needs a dtype",
               [&] { (void)Value::apply(Op::convert, one); });
  expect_error(ErrorCode::invalid_argument, "broadcast needs a shape",
               [&] { (void)Value::apply(Op::broadcast, one); });
  expect_error(ErrorCode::invalid_graph, "sqrt takes 1 operand, not 2",
               [&] { (void)Value::apply(Op::sqrt, two); });
  expect_error(ErrorCode::invalid_graph, "fma takes 3 operands, not 0",
               [&] { (void)Value::apply(Op::fma, {}); });
  expect_error(ErrorCode::invalid_graph, "input is not recorded by apply: use Graph::input",
               [&] { (void)Value::apply(Op::input, {}); });
}

}  // namespace
}  // namespace sinter
