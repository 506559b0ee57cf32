// gradients(): the walk over the graph, the conventions at corners and limits, and the words of
// every error.
#include <sinter/ir/gradients.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <sinter/ir/interpret.h>
#include <sinter/ir/text.h>

#include "support/expect_error.h"
#include "support/linear_time.h"
#include "support/special_values.h"

namespace sinter {
namespace {

using test::expect_error;
using test::same_value;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TensorData vector_of(const std::vector<double>& values) {
  return TensorData::from<double>({values.size()}, std::span(values));
}

std::vector<double> numbers(const TensorData& data) {
  const auto values = data.as<double>();
  return {values.begin(), values.end()};
}

/// Returns d sum(f(x)) / dx for a vector x of f64.
std::vector<double> gradient_of(const std::function<Value(const Value&)>& f,
                                const std::vector<double>& x) {
  Graph graph;
  const Value input = graph.input("x", DType::f64, {x.size()});
  graph.output("dx", gradients(f(input).sum(), {input})[0]);
  const TensorData data = vector_of(x);
  return numbers(interpret(graph, std::span(&data, 1))[0]);
}

/// Returns the gradients of op(x, y) for scalars x and y.
std::vector<double> partials_of(Op op, double x, double y) {
  Graph graph;
  const Value operands[] = {graph.input("x", DType::f64, {}), graph.input("y", DType::f64, {})};
  const std::vector<Value> d = gradients(Value::apply(op, operands), operands);
  graph.output("dx", d[0]);
  graph.output("dy", d[1]);
  const TensorData inputs[] = {TensorData::from<double>({}, std::span(&x, 1)),
                               TensorData::from<double>({}, std::span(&y, 1))};
  const std::vector<TensorData> results = interpret(graph, inputs);
  return {results[0].as<double>()[0], results[1].as<double>()[0]};
}

void expect_values(const std::vector<double>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_TRUE(same_value(got[i], want[i]) || (got[i] == 0 && want[i] == 0))
        << "element " << i << " is " << got[i] << ", not " << want[i];
  }
}

// --- By intermediate values ----------------------------------------------------------------------

/// Returns the gradient of sum(f(x, h)) by the intermediate value h = value(x), at x = (1, 2, 4).
std::vector<double> gradient_by(const std::function<Value(const Value&)>& value,
                                const std::function<Value(const Value&, const Value&)>& f) {
  Graph graph;
  const Value x = graph.input("x", DType::f64, {3});
  const Value h = value(x);
  graph.output("dh", gradients(f(x, h).sum(), {h})[0]);
  const TensorData data = vector_of({1, 2, 4});
  return numbers(interpret(graph, std::span(&data, 1))[0]);
}

TEST(Gradients, TellEqualExpressionsApart) {
  const auto relu = [](const Value& x) { return x.relu(); };
  expect_values(
      gradient_by(relu, [](const Value& x, const Value& h) { return h * 3 + x.relu() * 5; }),
      {3, 3, 3});
  expect_values(
      gradient_by(relu, [](const Value& x, const Value& h) { return x.relu() * 5 + h * 3; }),
      {3, 3, 3});
  const auto centred = [](const Value& x) { return x - x.mean(-1, true); };
  expect_values(
      gradient_by(centred, [](const Value& x, const Value& h) { return h + x.layer_norm(); }),
      {1, 1, 1});
  const auto number = [](const Value& x) { return x.constant(2); };
  expect_values(
      gradient_by(number, [](const Value& x, const Value& h) { return h * x + x.constant(2); }),
      {7});
}

TEST(Gradients, TellWhatChangesNothingFromItsOperand) {
  const std::function<Value(const Value&)> same[] = {
      [](const Value& x) { return x.reshape({3}); },
      [](const Value& x) { return x.broadcast_to({3}); },
      [](const Value& x) { return x.convert(DType::f64); },
      [](const Value& x) { return x.slice(0, 0); },
      [](const Value& x) { return x.transpose({0}); },
      [](const Value& x) { return Value::concat({x}, 0); },
  };
  for (const auto& value : same) {
    expect_values(gradient_by(value, [](const Value& x, const Value& h) { return h * 3 + x * 5; }),
                  {3, 3, 3});
  }
}

TEST(Gradients, AreValuesOfTheirOwn) {
  Graph graph;
  const Value x = graph.input("x", DType::f64, {3});
  const Value y = graph.input("y", DType::f64, {3});
  const Value z = x + y;
  const std::vector<Value> d = gradients((z * z).sum(), {x, y, z});
  for (const Value& by : d) {
    const Value sum = (d[0] * 2 + d[1] * 3 + d[2] * 5).sum();
    graph.output(std::to_string(graph.outputs().size()), gradients(sum, {by})[0]);
  }
  const TensorData data[] = {vector_of({1, 2, 4}), vector_of({1, 2, 4})};
  const std::vector<TensorData> results = interpret(graph, data);
  expect_values(numbers(results[0]), {2, 2, 2});
  expect_values(numbers(results[1]), {3, 3, 3});
  expect_values(numbers(results[2]), {5, 5, 5});
}

// --- leaky_relu ----------------------------------------------------------------------------------

template <typename T>
void expect_leaky_relu_table() {
  for (const auto& row : test::leaky_relu_special_cases<T>()) {
    Graph graph;
    const Value x = graph.input("x", *dtype_of<T>, {});
    const Value weight = graph.input("weight", *dtype_of<T>, {});
    const std::vector<Value> of_prelu = gradients(x.prelu(weight), {x, weight});
    graph.output("leaky_relu", gradients(x.leaky_relu(row.slope), {x})[0]);
    graph.output("prelu", of_prelu[0]);
    graph.output("weight", of_prelu[1]);
    const Value computed = x * 1;
    graph.output("computed", gradients(computed.leaky_relu(row.slope), {computed})[0]);
    const T slope = static_cast<T>(row.slope);
    const TensorData inputs[] = {TensorData::from<T>({}, std::span(&row.x, 1)),
                                 TensorData::from<T>({}, std::span(&slope, 1))};
    const std::vector<TensorData> results = interpret(graph, inputs);
    const std::string at = "x " + std::to_string(row.x) + ", slope " + std::to_string(row.slope);
    EXPECT_TRUE(same_value(results[0].as<T>()[0], row.gradient)) << at;
    EXPECT_TRUE(same_value(results[1].as<T>()[0], row.gradient)) << at;
    EXPECT_TRUE(same_value(results[2].as<T>()[0], row.x > 0 ? T(0) : row.x)) << at;
    EXPECT_TRUE(same_value(results[3].as<T>()[0], row.gradient)) << at;
  }
}

TEST(Gradients, OfLeakyReluFollowTheTableOfSpecialValues) {
  expect_leaky_relu_table<float>();
  expect_leaky_relu_table<double>();
}

/// Returns the op whose result the gradient of leaky_relu compares with 0.
Op compared_by_leaky_relu(double slope, bool computed) {
  Graph graph;
  const Value input = graph.input("x", DType::f32, {4});
  const Value x = computed ? input.exp() : input;
  static_cast<void>(gradients(x.leaky_relu(slope).sum(), {x}));
  const auto nodes = graph.nodes();
  const auto greater = std::ranges::find(nodes, Op::greater, &Node::op);
  return graph.node(greater->operands[0]).op;
}

TEST(Gradients, OfLeakyReluAreToldByTheResultWhereItsSignSuffices) {
  for (const double slope : {0.0, 0.01, 1.0, 3.0, kInf}) {
    EXPECT_EQ(compared_by_leaky_relu(slope, true), Op::leaky_relu) << slope;
  }
  for (const double slope : {-0.01, -kInf, kNaN}) {
    EXPECT_EQ(compared_by_leaky_relu(slope, true), Op::exp) << slope;
  }
  EXPECT_EQ(compared_by_leaky_relu(0.01, false), Op::input) << "an input is in memory anyway";
}

// --- The walk ------------------------------------------------------------------------------------

TEST(Gradients, AreOrdinaryOps) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {8, 4});
  const Value bias = graph.input("bias", DType::f32, {4});
  const Value loss = (x + bias).leaky_relu(0.2).square().sum();
  graph.output("loss", loss);
  graph.output("dbias", gradients(loss, {bias})[0]);
  EXPECT_EQ(print(graph), R"(sinter graph 1
%0 = input "x": f32[8, 4]
%1 = input "bias": f32[4]
%2 = add(%0, %1): f32[8, 4]
%3 = parameter 0.2: f32[]
%4 = leaky_relu(%2, negative_slope=%3): f32[8, 4]
%5 = square(%4): f32[8, 4]
%6 = reduce_sum(%5, axes=[0, 1], keep=[0]): f32[]
%7 = constant 1: f32[]
%8 = broadcast(%7): f32[8, 4]
%9 = add(%4, %4): f32[8, 4]
%10 = mul(%8, %9): f32[8, 4]
%11 = greater(%4, const 0): bool[8, 4]
%12 = mul(%10, %3): f32[8, 4]
%13 = select(%11, %10, %12): f32[8, 4]
%14 = reduce_sum(%13, axes=[0], keep=[0]): f32[4]
output "loss" = %6
output "dbias" = %14
)");
}

TEST(Gradients, AddTheContributionsOfTheLastUseFirst) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {});
  const Value first = x * 1e8;
  const Value second = x * -1e8;
  const Value third = x * 1;
  graph.output("dx", gradients(first + second + third, {x})[0]);
  const TensorData data = TensorData::zeros(DType::f32, {});
  EXPECT_EQ(interpret(graph, std::span(&data, 1))[0].as<float>()[0], 0) << "(1 - 1e8) + 1e8";
}

TEST(Gradients, AreSumsOverWhatWasRepeated) {
  Graph graph;
  const Value a = graph.input("a", DType::f64, {2, 3, 4});
  std::vector<Value> of;
  for (const Shape& shape :
       {Shape{}, Shape{4}, Shape{1}, Shape{3, 1}, Shape{2, 1, 4}, Shape{1, 3, 1}, Shape{2, 3, 4}}) {
    of.push_back(graph.input("x" + std::to_string(of.size()), DType::f64, shape));
  }
  Value product = a;
  for (const Value& x : of) product = product + x;
  const std::vector<Value> d = gradients(product.sum(), of);
  for (std::size_t i = 0; i < of.size(); ++i) {
    EXPECT_EQ(d[i].shape(), of[i].shape());
    graph.output("d" + std::to_string(i), d[i]);
  }
  std::vector<TensorData> inputs{TensorData::zeros(DType::f64, {2, 3, 4})};
  for (const Value& x : of) inputs.push_back(TensorData::zeros(DType::f64, x.shape()));
  for (const TensorData& result : interpret(graph, inputs)) {
    const auto repeats = 24.0 / static_cast<double>(result.shape.elements());
    for (double value : result.as<double>()) EXPECT_EQ(value, repeats);
  }
}

TEST(Gradients, ByTheLossItselfAndByValuesOnTheWay) {
  Graph graph;
  const Value x = graph.input("x", DType::f64, {3});
  const Value middle = x * x;
  const Value loss = middle.exp().sum();
  const std::vector<Value> d = gradients(loss, {loss, middle, x});
  EXPECT_EQ(d[0].shape(), Shape{});
  graph.output("dloss", d[0]);
  graph.output("dmiddle", d[1]);
  graph.output("same", middle.exp());
  const TensorData data = vector_of({0.5, -1, 2});
  const std::vector<TensorData> results = interpret(graph, std::span(&data, 1));
  EXPECT_EQ(results[0].as<double>()[0], 1);
  EXPECT_EQ(first_difference(results[1], results[2]), -1);
}

TEST(Gradients, ByANumberThatTheUserGave) {
  Graph graph;
  const Value x = graph.input("x", DType::f64, {3});
  const Value scale = graph.parameter(3, DType::f64);
  graph.output("d", gradients((x * scale).sum(), {scale})[0]);
  const TensorData data = vector_of({1, 2, 4});
  EXPECT_EQ(interpret(graph, std::span(&data, 1))[0].as<double>()[0], 7);
}

TEST(Gradients, RecordNothingBesideTheWayFromTheLoss) {
  const auto recorded = [](bool more) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {3});
    const Value w = graph.input("w", DType::f32, {3});
    const Value y = (x.exp() * w);
    if (more) static_cast<void>((y * 2).tanh() + w);
    const Value loss = y.sum();
    const std::size_t before = graph.nodes().size();
    static_cast<void>(gradients(loss, {w}));
    return graph.nodes().size() - before;
  };
  EXPECT_EQ(recorded(false), recorded(true));
  EXPECT_LE(recorded(false), 4u) << "1, a reshape, a broadcast, and the product with e^x";
}

TEST(Gradients, AreZeroThroughSteps) {
  const auto steps = [](const Value& x) { return x.floor() + x.sign() + x.detach(); };
  expect_values(gradient_of(steps, {0.5, -2, kNaN, kInf}), {0, 0, 0, 0});
  const auto one_way = [](const Value& x) { return x.detach() * x; };
  expect_values(gradient_of(one_way, {0.5, -2}), {0.5, -2});
}

TEST(Gradients, OfGradients) {
  const auto second = [](const Value& x) { return gradients((x * x * x).sum(), {x})[0]; };
  expect_values(gradient_of(second, {0.5, -2, 3}), {3, -12, 18});
  const auto elu = [](const Value& x) { return gradients(x.elu().sum(), {x})[0]; };
  expect_values(gradient_of(elu, {2000, 1, 0}), {0, 0, 1});
}

TEST(Gradients, KeepTheDType) {
  for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    Graph graph;
    const Value x = graph.input("x", dtype, {3});
    const Value y = x.convert(DType::f32).gelu().convert(dtype).tanh();
    EXPECT_EQ(gradients(y.sum(), {x})[0].dtype(), dtype);
  }
}

TEST(Gradients, TakeLinearTime) {
  test::expect_linear_time([](int length) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {4});
    Value y = x;
    for (int i = 0; i < length; ++i) y = y.leaky_relu() + x;
    static_cast<void>(gradients(y.sum(), {x}));
    EXPECT_GT(graph.nodes().size(), static_cast<std::size_t>(length) * 4);
  });
}

// --- Conventions ---------------------------------------------------------------------------------

TEST(Gradients, OfEqualOperandsOfMinAndMaxAreHalves) {
  for (Op op : {Op::min, Op::max}) {
    EXPECT_EQ(partials_of(op, 2, 2), (std::vector<double>{0.5, 0.5}));
    EXPECT_EQ(partials_of(op, 0.0, -0.0), (std::vector<double>{0.5, 0.5}));
    EXPECT_EQ(partials_of(op, kNaN, 2), (std::vector<double>{1, 1}));
  }
  EXPECT_EQ(partials_of(Op::min, 1, 2), (std::vector<double>{1, 0}));
  EXPECT_EQ(partials_of(Op::max, 1, kInf), (std::vector<double>{0, 1}));
}

TEST(Gradients, OfExtremesAreSharedByAllThatAre) {
  const auto lowest = [](const Value& x) { return x.amin(); };
  const auto highest = [](const Value& x) { return x.amax(0, true) * 6; };
  expect_values(gradient_of(lowest, {3, 1, 2, 1}), {0, 0.5, 0, 0.5});
  expect_values(gradient_of(highest, {3, 3, 2, 3}), {2, 2, 0, 2});
  expect_values(gradient_of(highest, {1, -kInf, kInf}), {0, 0, 6});
  expect_values(gradient_of(lowest, {1, kNaN}), {0.5, 0.5});
}

TEST(Gradients, OfAProductAreThoseOfTheOthers) {
  const auto product = [](const Value& x) { return x.prod(); };
  expect_values(gradient_of(product, {2, 4, 8}), {32, 16, 8});
  expect_values(gradient_of(product, {2, 0, 8}), {0, 16, 0});
  expect_values(gradient_of(product, {0, 4, 0}), {0, 0, 0});
  expect_values(gradient_of(product, {5}), {1});
}

TEST(Gradients, AtCornersAreWhatTheHeaderSays) {
  using F = std::function<Value(const Value&)>;
  const auto at = [](const F& f, double x) { return gradient_of(f, {x})[0]; };
  for (double zero : {0.0, -0.0}) {
    EXPECT_EQ(at([](const Value& x) { return x.relu(); }, zero), 0);
    EXPECT_EQ(at([](const Value& x) { return x.abs(); }, zero), 0);
    EXPECT_EQ(at([](const Value& x) { return x.relu6(); }, zero), 0);
    EXPECT_EQ(at([](const Value& x) { return x.elu(0.5); }, zero), 0.5);
    EXPECT_EQ(at([](const Value& x) { return x.threshold(0, 5); }, zero), 0);
  }
  for (double bound : {-1., 2.}) {
    EXPECT_EQ(at([](const Value& x) { return x.clamp(-1, 2); }, bound), 1);
    EXPECT_EQ(at([](const Value& x) { return x.hardtanh(-1, 2); }, bound), 0);
  }
  for (double corner : {-3., 3.}) {
    EXPECT_EQ(at([](const Value& x) { return x.hardsigmoid(); }, corner), 0);
    EXPECT_EQ(at([](const Value& x) { return x.hardswish(); }, corner), corner < 0 ? 0 : 1);
  }
  for (double edge : {-0.5, 0.5}) {
    EXPECT_EQ(at([](const Value& x) { return x.softshrink(); }, edge), 0);
    EXPECT_EQ(at([](const Value& x) { return x.hardshrink(); }, edge), 0);
  }
}

TEST(Gradients, OfClampFollowCrossedAndUndefinedBounds) {
  const auto clamp = [](double low, double high) {
    return [=](const Value& x) { return x.clamp(low, high); };
  };
  expect_values(gradient_of(clamp(2, -2), {-3, 0, 3}), {0, 0, 0});
  expect_values(gradient_of(clamp(kNaN, 1), {-3, 0, 3}), {0, 0, 0});
  expect_values(gradient_of(clamp(-1, kNaN), {-3, 0, 3}), {0, 0, 0});
}

TEST(Gradients, OfPowersAtZero) {
  EXPECT_EQ(partials_of(Op::pow, 0, 2), (std::vector<double>{0, 0}));
  EXPECT_EQ(partials_of(Op::pow, 0, 1), (std::vector<double>{1, 0}));
  EXPECT_EQ(partials_of(Op::pow, 0, 0), (std::vector<double>{0, 0}));
  EXPECT_NEAR(partials_of(Op::pow, 3, 0)[1], std::log(3.0), 1e-15);
  EXPECT_EQ(partials_of(Op::pow, 0, -1), (std::vector<double>{-kInf, -kInf}));
  EXPECT_EQ(partials_of(Op::pow, kInf, -1), (std::vector<double>{-0.0, 0}));
  EXPECT_EQ(partials_of(Op::pow, -2, 3)[0], 12);
}

TEST(Gradients, OfRemaindersAreWholeNumbersOfDivisors) {
  EXPECT_EQ(partials_of(Op::remainder, 5, -kInf), (std::vector<double>{1, 1}));
  EXPECT_EQ(partials_of(Op::remainder, -5, kInf), (std::vector<double>{1, 1}));
  EXPECT_EQ(partials_of(Op::remainder, 5, kInf), (std::vector<double>{1, 0}));
  EXPECT_EQ(partials_of(Op::fmod, 5, -kInf), (std::vector<double>{1, 0}));
  EXPECT_EQ(partials_of(Op::remainder, -1e-30, 5), (std::vector<double>{1, 1}));
  EXPECT_EQ(partials_of(Op::remainder, 1.7e308, -9e307), (std::vector<double>{1, 2}));
}

TEST(Gradients, AtInfinitiesAreTheLimits) {
  struct Limits {
    Op op;
    double below, above;
  };
  constexpr Limits kLimits[] = {
      {Op::silu, 0, 1},     {Op::gelu, 0, 1},        {Op::gelu_tanh, 0, 1}, {Op::mish, 0, 1},
      {Op::softplus, 0, 1}, {Op::logsigmoid, 1, 0},  {Op::sigmoid, 0, 0},   {Op::tanh, 0, 0},
      {Op::erf, 0, 0},      {Op::erfc, 0, 0},        {Op::exp, 0, kInf},    {Op::exp2, 0, kInf},
      {Op::expm1, 0, kInf}, {Op::softsign, 0, 0},    {Op::hardswish, 0, 1}, {Op::elu, 0, 1},
      {Op::celu, 0, 1},     {Op::hardsigmoid, 0, 0}, {Op::relu, 0, 1},      {Op::relu6, 0, 0},
  };
  for (const auto& [op, below, above] : kLimits) {
    const auto f = [&, each = op](const Value& x) {
      std::vector<Value> operands{x};
      if (info(each).arity == 2) operands.push_back(x.scalar(1));
      return Value::apply(each, operands);
    };
    SCOPED_TRACE(to_string(op));
    expect_values(gradient_of(f, {-kInf, kInf}), {below, above});
    EXPECT_TRUE(std::isfinite(gradient_of(f, {-1e308})[0]));
  }
}

TEST(Gradients, OfSoftmaxPassByItsShift) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4, 8});
  for (const Value& y : {x.softmax(), x.log_softmax(), x.logsumexp(1)}) {
    const std::size_t before = graph.nodes().size();
    static_cast<void>(gradients(y.sum(), {x}));
    for (const Node& node : graph.nodes().subspan(before)) EXPECT_NE(node.op, Op::less);
  }
}

// --- Errors --------------------------------------------------------------------------------------

class GradientErrors : public ::testing::Test {
 protected:
  void refused(ErrorCode code, std::string_view words, const Value& by, const Value& of) {
    const std::size_t before = graph.nodes().size();
    expect_error(code, words, [&] { static_cast<void>(gradients(by, {of})); });
    EXPECT_EQ(graph.nodes().size(), before);
  }

  Graph graph;
  Value x = graph.input("x", DType::f32, {4});
  Value w = graph.input("w", DType::f32, {4});
  Value n = graph.input("n", DType::i32, {4});
  Value loss = (x * 2).sum();
};

TEST_F(GradientErrors, ALossThatIsNoScalar) {
  refused(ErrorCode::shape_mismatch,
          "gradients: the loss has shape [4]: it takes a scalar, of shape []; reduce it, by sum() "
          "or mean()",
          x, x);
}

TEST_F(GradientErrors, WhatIsNotFloating) {
  refused(ErrorCode::dtype_mismatch, "gradients: the loss is i32: only floats have gradients",
          n.sum(), x);
  refused(ErrorCode::dtype_mismatch,
          "gradients: by value 0 of the list, input 'n': i32[4]: only floats have gradients", loss,
          n);
}

TEST_F(GradientErrors, NoValues) {
  expect_error(ErrorCode::invalid_argument, "gradients: by no values: give one or more",
               [&] { static_cast<void>(gradients(loss, {})); });
}

TEST_F(GradientErrors, AnotherGraph) {
  Graph other;
  const Value stranger = other.input("x", DType::f32, {4});
  expect_error(ErrorCode::invalid_graph,
               "gradients: value 1 of the list is a Value of another Graph than the loss",
               [&] { static_cast<void>(gradients(loss, {x, stranger})); });
  expect_error(ErrorCode::invalid_graph, "stands for no tensor",
               [&] { static_cast<void>(gradients(loss, {Value()})); });
}

TEST_F(GradientErrors, WhatTheLossDoesNotDependOn) {
  refused(ErrorCode::invalid_argument,
          "gradients: the loss does not depend on value 0 of the list, input 'w': f32[4]", loss, w);
  refused(ErrorCode::invalid_argument,
          "gradients: the loss does not depend on value 0 of the list, exp: f32[4]", loss, x.exp());
  expect_error(ErrorCode::invalid_argument,
               "gradients: the loss does not depend on value 1 of the list, add: f32[4]", [&] {
                 const Value sum = x + w;
                 static_cast<void>(gradients(loss, {x, sum}));
               });
}

TEST(Gradients, PassToOperandsThatCanChangeTheResultSmoothly) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  const Value y = graph.input("y", DType::f32, {4});
  const auto passes = [&](const Value& value, std::size_t operand = 0) {
    return passes_gradient(graph, value.id(), operand);
  };
  EXPECT_TRUE(passes(x.exp()));
  EXPECT_TRUE(passes(x.prelu(y), 1));
  EXPECT_TRUE(passes(x.sum()));
  EXPECT_FALSE(passes(x.detach()));
  EXPECT_FALSE(passes(x.floor()));
  EXPECT_FALSE(passes(x.greater(y)));
  EXPECT_FALSE(passes(x.leaky_relu(0.1), 1)) << "the slope";
  const Value chosen = x.greater(y).select(x, y);
  EXPECT_FALSE(passes(chosen, 0));
  EXPECT_TRUE(passes(chosen, 1));
  EXPECT_TRUE(passes(chosen, 2));
}

TEST_F(GradientErrors, WhatHasNoGradientOnTheWay) {
  refused(ErrorCode::invalid_argument,
          "gradients: the loss depends on value 0 of the list, input 'w': f32[4] only through b of "
          "greater = bool[4], which has no gradient there",
          x.greater(w).select(x, 0).sum(), w);
  refused(ErrorCode::invalid_argument,
          "only through x of convert = i32[4], which has no gradient there",
          x.mul(w.exp().convert(DType::i32).convert(DType::f32)).sum(), w);
  refused(ErrorCode::invalid_argument,
          "only through x of bitcast = f32[4], which has no gradient there",
          w.bitcast(DType::f32).sum(), w);
}

TEST_F(GradientErrors, NumbersThatAreAttributes) {
  const Value slope = graph.parameter(0.1, DType::f32);
  const Value operands[] = {x, slope};
  refused(ErrorCode::invalid_argument,
          "gradients: the loss depends on value 0 of the list, parameter: f32[] only through "
          "negative_slope of leaky_relu = f32[4], which has no gradient there",
          Value::apply(Op::leaky_relu, operands).sum(), slope);
}

}  // namespace
}  // namespace sinter
