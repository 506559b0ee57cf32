// Composites: their results, and the primitives that expand records for them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/verify.h>

#include "support/exact_functions.h"
#include "support/linear_time.h"
#include "support/special_values.h"

namespace sinter {
namespace {

using test::same_value;
using test::special_values;

std::vector<Op> ops_of(const Graph& graph) {
  std::vector<Op> ops;
  for (const Node& node : graph.nodes()) ops.push_back(node.op);
  return ops;
}

Graph expanded(const Graph& graph) { return expand(graph, graph.parameters()); }

/// Returns a graph of one op. Tensor operands are inputs x, y, z of `shape`; attributes are
/// parameters.
Graph graph_of(const OpInfo& row, DType dtype, const Shape& shape,
               std::span<const double> attributes) {
  Graph graph;
  const std::string_view names[] = {"x", "y", "z"};
  std::vector<Value> operands;
  std::size_t attribute = 0;
  for (int i = 0; i < row.arity; ++i) {
    const auto at = static_cast<std::size_t>(i);
    operands.push_back(row.operands[at].attribute ? graph.parameter(attributes[attribute++], dtype)
                                                  : graph.input(names[at], dtype, shape));
  }
  graph.output("result", Value::apply(row.op, operands, {.dtype = dtype, .shape = {}}));
  return graph;
}

template <typename T>
TensorData tensor(const std::vector<T>& values) {
  return TensorData::from<T>({static_cast<std::int64_t>(values.size())}, std::span(values));
}

/// Returns all pairs of special values as two tensors. The third tensor, for ops of three operands,
/// equals the first.
template <typename T>
std::vector<TensorData> special_pairs() {
  std::vector<T> a, b;
  for (T x : special_values<T>()) {
    for (T y : special_values<T>()) {
      a.push_back(x);
      b.push_back(y);
    }
  }
  return {tensor(a), tensor(b), tensor(a)};
}

/// f(x, y, attributes), where y is the second tensor of ops that have one.
template <typename T>
using Formula = std::function<T(T x, T y, std::span<const T> attributes)>;

template <typename T>
T clamped(T x, T low, T high) {
  if (std::isnan(low) || std::isnan(high)) return std::numeric_limits<T>::quiet_NaN();
  if (std::isless(x, low)) x = low;
  return std::isgreater(x, high) ? high : x;
}

template <typename T>
T leaky(T x, T slope) {
  return std::isgreater(x, T(0)) ? x : static_cast<T>(x * slope);
}

template <typename T>
const std::map<Op, Formula<T>>& formulas() {
  using A = std::span<const T>;
  static const std::map<Op, Formula<T>> table = {
      {Op::leaky_relu, [](T x, T, A a) { return leaky(x, a[0]); }},
      {Op::prelu, [](T x, T weight, A) { return leaky(x, weight); }},
      {Op::relu, [](T x, T, A) { return std::isless(x, T(0)) ? T(0) : x; }},
      {Op::relu6, [](T x, T, A) { return clamped<T>(x, 0, 6); }},
      {Op::clamp, [](T x, T, A a) { return clamped(x, a[0], a[1]); }},
      {Op::hardsigmoid, [](T x, T, A) { return clamped<T>(x + 3, 0, 6) / 6; }},
      {Op::hardswish, [](T x, T, A) { return x * clamped<T>(x + 3, 0, 6) / 6; }},
      {Op::sign, [](T x, T, A) { return std::abs(x) > 0 ? std::copysign(T(1), x) : x; }},
      {Op::square, [](T x, T, A) { return x * x; }},
      {Op::detach, [](T x, T, A) { return x; }},
      {Op::recast, [](T x, T, A) { return x; }},
      {Op::clip, [](T x, T y, A) { return clamped(x, y, x); }},
      {Op::hardtanh, [](T x, T, A a) { return clamped(x, a[0], a[1]); }},
      {Op::softsign, [](T x, T, A) { return x / (1 + std::abs(x)); }},
      {Op::threshold, [](T x, T, A a) { return std::islessequal(x, a[0]) ? a[1] : x; }},
      {Op::softshrink,
       [](T x, T, A a) {
         if (std::islessequal(std::abs(x), a[0])) return T(0);
         return std::isgreater(x, a[0]) ? x - a[0] : x + a[0];
       }},
      {Op::hardshrink, [](T x, T, A a) { return std::islessequal(std::abs(x), a[0]) ? T(0) : x; }},
      {Op::fmod, [](T x, T y, A) { return std::fmod(x, y); }},
      {Op::remainder, [](T x, T y, A) { return test::exact_division(x, y).rest; }},
      {Op::floor_divide, [](T x, T y, A) { return test::exact_division(x, y).quotient; }},
      {Op::lerp,
       [](T x, T y, A) {
         return std::isless(x, T(0.5)) ? x + x * (y - x) : y - (y - x) * (1 - x);
       }},
  };
  return table;
}

template <typename T>
void check_composite(const OpInfo& row, std::span<const double> attributes) {
  ASSERT_TRUE(formulas<T>().contains(row.op)) << "no formula for " << row.name;
  const std::vector<TensorData> pairs = special_pairs<T>();
  const Graph graph = graph_of(row, *dtype_of<T>, pairs[0].shape, attributes);
  const std::span<const TensorData> inputs(pairs.data(), graph.inputs().size());
  const TensorData result = interpret(graph, inputs)[0];
  std::vector<T> rounded;
  for (double attribute : attributes) rounded.push_back(static_cast<T>(attribute));
  for (std::size_t i = 0; i < result.as<T>().size(); ++i) {
    const T x = pairs[0].as<T>()[i];
    const T y = pairs[1].as<T>()[i];
    const T want = formulas<T>().at(row.op)(x, y, rounded);
    ASSERT_TRUE(same_value(result.as<T>()[i], want))
        << row.name << " of " << x << ", " << y << " gave " << result.as<T>()[i] << ", not "
        << want;
  }
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Returns the attribute values to try: single slopes, or pairs of bounds, some of them crossed.
std::vector<std::vector<double>> attribute_lists(const OpInfo& row) {
  if (row.op == Op::leaky_relu) {
    // The last two round to 1 and to 0 in f32.
    return {{0.01},      {0.0},        {-0.0}, {1},     {2},         {-0.5},
            {kInfinity}, {-kInfinity}, {kNaN}, {1e-45}, {1 - 1e-12}, {1e-60}};
  }
  if (row.op == Op::softshrink || row.op == Op::hardshrink) {
    return {{0.5}, {0.0}, {1}, {-1}, {kNaN}, {kInfinity}};
  }
  if (row.op == Op::clamp || row.op == Op::hardtanh || row.op == Op::threshold) {
    return {{-1, 1},   {0, 6},    {1, -1},      {-0.0, 0.0},
            {kNaN, 1}, {0, kNaN}, {kNaN, kNaN}, {-kInfinity, kInfinity}};
  }
  return {{}};
}

bool is_function(Op op) {
  const auto functions = test::exact_functions();
  return op == Op::pow ||
         std::ranges::find(functions, op, &test::ExactFunction::op) != functions.end();
}

TEST(Composites, GiveTheirFormulaOnSpecialValues) {
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::composite || row.rule == DTypeRule::integer) continue;
    if (row.rule == DTypeRule::comparison) continue;  // see ClassifyEverySpecialValue
    if (is_function(row.op)) continue;                // see functions_test.cpp and pow_test.cpp
    for (const std::vector<double>& attributes : attribute_lists(row)) {
      check_composite<float>(row, attributes);
      check_composite<double>(row, attributes);
    }
  }
}

template <typename T>
void check_classes() {
  const auto special = special_values<T>();
  const std::vector<T> values(special.begin(), special.end());
  Graph graph;
  const Value x = graph.input("x", *dtype_of<T>, {values.size()});
  graph.output("nan", x.isnan());
  graph.output("inf", x.isinf());
  graph.output("finite", x.isfinite());
  const TensorData input = tensor(values);
  const std::vector<TensorData> result = interpret(graph, std::span(&input, 1));
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(result[0].as<bool>()[i], std::isnan(values[i]));
    EXPECT_EQ(result[1].as<bool>()[i], std::isinf(values[i]));
    EXPECT_EQ(result[2].as<bool>()[i], std::isfinite(values[i]));
  }
}

TEST(Composites, ClassifyEverySpecialValue) {
  check_classes<float>();
  check_classes<double>();
}

/// Checks every pair of i8, or of u8, against the definitions of Python's // and % and C's %.
template <typename T>
void check_integer_division() {
  std::vector<T> a, b;
  for (int x = std::numeric_limits<T>::min(); x <= std::numeric_limits<T>::max(); ++x) {
    for (int y = std::numeric_limits<T>::min(); y <= std::numeric_limits<T>::max(); ++y) {
      a.push_back(static_cast<T>(x));
      b.push_back(static_cast<T>(y));
    }
  }
  Graph graph;
  const Value x = graph.input("x", *dtype_of<T>, {a.size()});
  const Value y = graph.input("y", *dtype_of<T>, {a.size()});
  graph.output("floor_divide", x.floor_divide(y));
  graph.output("remainder", x.remainder(y));
  graph.output("fmod", x.fmod(y));
  const std::vector<TensorData> inputs{tensor(a), tensor(b)};
  const std::vector<TensorData> result = interpret(graph, inputs);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int p = a[i];
    const int q = b[i];
    const double quotient = q == 0 ? 0 : std::floor(static_cast<double>(p) / q);
    const auto floored = static_cast<int>(quotient);
    EXPECT_EQ(result[0].as<T>()[i], static_cast<T>(floored)) << p << " // " << q;
    EXPECT_EQ(result[1].as<T>()[i], static_cast<T>(q == 0 ? p : p - floored * q))
        << p << " % " << q;
    EXPECT_EQ(result[2].as<T>()[i], static_cast<T>(q == 0 ? p : p % q)) << p << " fmod " << q;
  }
}

TEST(Composites, DivideEveryPairOfBytesInBothConventions) {
  check_integer_division<std::int8_t>();
  check_integer_division<std::uint8_t>();
}

template <typename T>
void check_leaky_relu_table() {
  const auto cases = test::leaky_relu_special_cases<T>();
  EXPECT_EQ(cases.size(), 81u);
  for (const auto& row : cases) {
    Graph graph;
    graph.output("y", graph.input("x", *dtype_of<T>, {}).leaky_relu(row.slope));
    const TensorData x = TensorData::from<T>({}, std::span(&row.x, 1));
    const T got = interpret(graph, std::span(&x, 1))[0].template as<T>()[0];
    EXPECT_TRUE(same_value(got, row.forward))
        << "leaky_relu(" << row.x << ", " << row.slope << ") gave " << got;
    EXPECT_TRUE(same_value(row.gradient, row.x > 0 ? T(1) : static_cast<T>(row.slope)));
  }
}

TEST(LeakyRelu, GivesTheTableOfSpecialValues) {
  check_leaky_relu_table<float>();
  check_leaky_relu_table<double>();
}

/// Returns true if the op's row allows operands of `dtype`.
bool takes(const OpInfo& row, DType dtype) {
  switch (row.rule) {
    case DTypeRule::floating:
    case DTypeRule::recast: return is_floating(dtype);
    case DTypeRule::integer: return is_integer(dtype);
    default: return true;
  }
}

// --- expand --------------------------------------------------------------------------------------

TEST(Expand, LeavesOnlyPrimitivesOfTheSameType) {
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::composite) continue;
    SCOPED_TRACE(row.name);
    for (DType dtype : {DType::f32, DType::f64, DType::u8, DType::i64}) {
      if (!takes(row, dtype)) continue;
      const double attributes[] = {2, 3};
      const Graph before = graph_of(row, dtype, {2, 3}, attributes);
      const Graph after = expanded(before);
      verify(after);
      for (Op op : ops_of(after)) EXPECT_NE(info(op).kind, OpKind::composite);
      const NodeId result = after.outputs()[0].node;
      EXPECT_EQ(after.node(result).dtype, before.node(before.outputs()[0].node).dtype);
      EXPECT_EQ(after.shape(result), Shape({2, 3}));
    }
  }
}

TEST(Expand, WidensPreluToTheShapeOfItsWeight) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {3});
  graph.output("y", x.prelu(graph.input("weight", DType::f32, {2, 1})));
  const Graph after = expanded(graph);
  EXPECT_EQ(after.shape(after.outputs()[0].node), Shape({2, 3}));
}

TEST(Expand, RecordsNodesInOneOrderWhateverTheCompiler) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {4}).hardswish());
  EXPECT_EQ(ops_of(expanded(graph)),
            (std::vector{Op::input, Op::constant, Op::add, Op::constant, Op::constant, Op::less,
                         Op::select, Op::greater, Op::select, Op::mul, Op::div}));
}

std::vector<Op> leaky_relu_body(double slope, DType dtype) {
  Graph graph;
  graph.output("y", graph.input("x", dtype, {4}).leaky_relu(slope));
  return ops_of(expanded(graph));
}

TEST(Expand, TakesTheMaximumFormExactlyForSlopesThatRoundIntoZeroToOne) {
  const std::vector<Op> maximum = {Op::input, Op::parameter, Op::mul, Op::greater, Op::select};
  const std::vector<Op> select = {Op::input,    Op::parameter, Op::mul,
                                  Op::constant, Op::greater,   Op::select};
  const double smallest = std::numeric_limits<double>::denorm_min();
  for (double slope : {0.01, 0.3, 1.0, 1 + 1e-12, 1.5e-45}) {
    EXPECT_EQ(leaky_relu_body(slope, DType::f32), maximum) << slope;
  }
  for (double slope : {0.0, -0.0, 1 + 1e-6, 2.0, -0.5, kInfinity, -kInfinity, kNaN, smallest}) {
    EXPECT_EQ(leaky_relu_body(slope, DType::f32), select) << slope;
  }
  EXPECT_EQ(leaky_relu_body(smallest, DType::f64), maximum);
  EXPECT_EQ(leaky_relu_body(1 + 1e-12, DType::f64), select);
}

TEST(Expand, TakesTheSlopeFromTheGivenParametersOrAConstant) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("y", x.leaky_relu(0.1));
  const double other[] = {-0.1};
  EXPECT_EQ(ops_of(expand(graph, other)).size(), ops_of(expanded(graph)).size() + 1);

  Graph with_constant;
  const Value operands[] = {with_constant.input("x", DType::f32, {4}),
                            with_constant.constant(0.1, DType::f32)};
  with_constant.output("y", Value::apply(Op::leaky_relu, operands));
  EXPECT_EQ(ops_of(expand(with_constant, {})),
            (std::vector{Op::input, Op::constant, Op::mul, Op::greater, Op::select}));
}

/// Computes leaky_relu with `slope` on all special values, in the form that expand chooses for
/// `class_slope`.
template <typename T>
TensorData leaky_relu_by_form_of(double class_slope, double slope) {
  const std::span<const T> values = special_values<T>();
  Graph graph;
  const Value x = graph.input("x", *dtype_of<T>, {values.size()});
  graph.output("y", x.leaky_relu(slope));
  const TensorData input = TensorData::from<T>({values.size()}, values);
  const double chooses[] = {class_slope};
  return interpret(expand(graph, chooses), std::span(&input, 1))[0];
}

template <typename T>
void check_that_forms_agree() {
  for (T value : special_values<T>()) {
    const double slope = value;
    if (!(slope > 0 && slope <= 1)) continue;
    const TensorData maximum = leaky_relu_by_form_of<T>(0.5, slope);
    const TensorData select = leaky_relu_by_form_of<T>(2, slope);
    EXPECT_EQ(first_difference(maximum, select), -1) << slope;
  }
}

TEST(Expand, GivesTheSameBitsByBothFormsOfLeakyRelu) {
  check_that_forms_agree<float>();
  check_that_forms_agree<double>();
}

TEST(Expand, KeepsInputsOutputsAndParametersInPlace) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {2, 2}, {1, 2});
  (void)graph.parameter(7, DType::f64);
  const Value unused = graph.input("unused", DType::f64, {3});
  (void)(unused.relu() * 3);
  graph.output("second", a.leaky_relu(0.2));
  graph.output("first", a);
  const Graph after = expanded(graph);
  ASSERT_EQ(after.inputs().size(), 2u);
  EXPECT_EQ(after.inputs()[0].strides, Strides({1, 2}));
  EXPECT_EQ(after.inputs()[1].name, "unused");
  EXPECT_EQ(after.shape(after.inputs()[1].node), Shape{3});
  ASSERT_EQ(after.outputs().size(), 2u);
  EXPECT_EQ(after.outputs()[0].name, "second");
  EXPECT_EQ(after.outputs()[1].node, after.inputs()[0].node);
  EXPECT_EQ(std::vector(after.parameters().begin(), after.parameters().end()),
            std::vector<double>({7, 3, 0.2}));
  for (Op op : ops_of(after)) EXPECT_NE(op, Op::less) << "the dead relu should be gone";
}

TEST(Expand, TakesLinearTime) {
  test::expect_linear_time([](int length) {
    Graph graph;
    Value x = graph.input("x", DType::f32, {4});
    for (int i = 0; i < length; ++i) x = x.leaky_relu();
    graph.output("y", x);
    EXPECT_GT(expanded(graph).nodes().size(), static_cast<std::size_t>(length) * 3);
  });
}

}  // namespace
}  // namespace sinter
