// First and second derivatives of every op against formulas in long double: at zeros, infinities,
// NaN, subnormals, corners, where functions saturate, and between. The test walks the op table: a
// new op with a gradient fails until it has a formula or a linear use here.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <sinter/ir/gradients.h>
#include <sinter/ir/interpret.h>

#include "support/exact_derivatives.h"

namespace sinter::test {
namespace {

// --- Points --------------------------------------------------------------------------------------

template <typename T>
std::vector<T> with_negatives(const std::vector<T>& values) {
  std::vector<T> all;
  for (const T value : values) {
    all.push_back(value);
    all.push_back(-value);
  }
  all.push_back(std::numeric_limits<T>::quiet_NaN());
  return all;
}

/// Returns the points for an op of one tensor.
template <typename T>
std::vector<T> dense_points() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values{0,
                        Limits::denorm_min(),
                        Limits::min() / 2,
                        Limits::min(),
                        T(1e-20),
                        T(1e-10),
                        T(0.001),
                        T(0.25),
                        0.5,
                        1,
                        2,
                        3,
                        4,
                        6,
                        9,
                        10,
                        17,
                        20,
                        30,
                        37,
                        44,
                        60,
                        88,
                        89,
                        100,
                        104,
                        200,
                        400,
                        700,
                        745,
                        1000,
                        T(1e10),
                        T(1e20),
                        Limits::max(),
                        Limits::infinity()};
  for (int i = 1; i < 400; ++i) values.push_back(T(0.0317) * static_cast<T>(i));
  return with_negatives(values);
}

/// Returns the points for an op of several tensors, of which every combination is tried.
template <typename T>
std::vector<T> sparse_points(std::size_t tensors) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values{0, T(0.5), 1, 2, Limits::infinity()};
  if (tensors < 3) {
    for (const T value : {Limits::min() / 2, Limits::min(), T(1e-10), T(0.3), T(1.5), T(2.75), T(3),
                          T(17), T(100), T(1e10), Limits::max()}) {
      values.push_back(value);
    }
  }
  return with_negatives(values);
}

/// Returns every combination of points, as one column for each tensor.
template <typename T>
std::vector<std::vector<T>> columns(std::size_t tensors) {
  if (tensors == 1) return {dense_points<T>()};
  const std::vector<T> points = sparse_points<T>(tensors);
  std::size_t count = 1;
  for (std::size_t i = 0; i < tensors; ++i) count *= points.size();
  std::vector<std::vector<T>> all(tensors);
  std::size_t repeat = 1;
  for (std::vector<T>& column : all) {
    for (std::size_t i = 0; i < count; ++i) column.push_back(points[i / repeat % points.size()]);
    repeat *= points.size();
  }
  return all;
}

// --- Derivatives from sinter ---------------------------------------------------------------------

/// Returns the gradient of the sum of `of` by `by`, or nothing if the sum does not depend on `by`.
std::optional<Value> slope_of(const Value& of, const Value& by) {
  try {
    return gradients(of.sum(), {by})[0];
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
    return std::nullopt;
  }
}

/// One op recorded over vectors, with its attributes as parameters.
struct Recorded {
  Graph graph;
  std::vector<Value> tensors;
  std::vector<std::size_t> operands;  ///< by tensor: the index of its operand
  Value result;
};

Recorded record(const ExactDerivatives& row, DType dtype, std::int64_t n) {
  Recorded made;
  std::vector<Value> operands;
  std::size_t number = 0;
  const OpInfo& op = info(row.op);
  for (std::size_t i = 0; i < static_cast<std::size_t>(op.arity); ++i) {
    if (op.operands[i].attribute) {
      operands.push_back(made.graph.parameter(row.attributes.at(number++), dtype));
      continue;
    }
    made.tensors.push_back(made.graph.input("x" + std::to_string(i), dtype, {n}));
    made.operands.push_back(i);
    const bool mask = op.rule == DTypeRule::select && i == 0;
    operands.push_back(mask ? made.tensors.back().not_equal(0) : made.tensors.back());
  }
  made.result = Value::apply(row.op, operands);
  return made;
}

/// Indices of the operands by which an output of the graph is a derivative.
struct Output {
  std::size_t first;
  std::optional<std::size_t> second;
};

/// Records, as outputs, all derivatives that are not 0 everywhere.
std::vector<Output> record_derivatives(Recorded& made) {
  std::vector<Output> outputs;
  const auto add = [&](const Value& value, const Output& which) {
    made.graph.output("d" + std::to_string(outputs.size()), value);
    outputs.push_back(which);
  };
  for (std::size_t i = 0; i < made.tensors.size(); ++i) {
    if (info(made.graph.node(made.result.id()).op).rule == DTypeRule::select && i == 0) continue;
    const std::optional<Value> first = slope_of(made.result, made.tensors[i]);
    if (!first.has_value()) continue;
    add(*first, {made.operands[i], std::nullopt});
    for (std::size_t j = 0; j < made.tensors.size(); ++j) {
      const std::optional<Value> second = slope_of(*first, made.tensors[j]);
      if (second.has_value()) add(*second, {made.operands[i], made.operands[j]});
    }
  }
  return outputs;
}

// --- The comparison ------------------------------------------------------------------------------

template <typename T>
bool is_out_of_range(Real value) {
  const Real magnitude = std::abs(value);
  if (magnitude == 0 || !std::isfinite(magnitude)) return false;
  return magnitude < std::numeric_limits<T>::min() || magnitude > std::numeric_limits<T>::max();
}

template <typename T>
void compare(const ExactDerivatives& row) {
  SCOPED_TRACE(std::string(to_string(row.op)) + " of " + std::string(to_string(*dtype_of<T>)));
  const OpInfo& op = info(row.op);
  const auto tensors = static_cast<std::size_t>(
      std::count_if(op.operands.begin(), op.operands.begin() + op.arity,
                    [](const OperandInfo& operand) { return !operand.attribute; }));
  const std::vector<std::vector<T>> points = columns<T>(tensors);
  const std::size_t count = points[0].size();
  Recorded made = record(row, *dtype_of<T>, static_cast<std::int64_t>(count));
  const std::vector<Output> outputs = record_derivatives(made);
  std::vector<TensorData> inputs;
  for (const auto& column : points) {
    inputs.push_back(TensorData::from<T>({static_cast<std::int64_t>(count)}, std::span(column)));
  }
  const std::vector<TensorData> results = interpret(made.graph, inputs);

  for (std::size_t p = 0; p < count; ++p) {
    std::vector<Real> x(static_cast<std::size_t>(op.arity));
    std::size_t tensor = 0;
    std::size_t number = 0;
    std::string at;
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] =
          op.operands[i].attribute ? static_cast<T>(row.attributes[number++]) : points[tensor++][p];
      at += " " + std::to_string(static_cast<double>(x[i]));
    }
    Partials exact = row.partials(x);
    if (row.result && is_out_of_range<T>(row.result(x))) {
      for (auto& line : exact.second) line.fill(Terms::anything());
    }
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const auto [first, second] = outputs[k];
      const Terms want = second.has_value() ? exact.second[first][*second] : exact.first[first];
      const T value = results[k].as<T>()[p];
      const Real least = second.has_value() ? row.absolute.second : row.absolute.first;
      const double error = error_in_ulp(
          value, want, std::max(least, row.absolute.smallest * std::numeric_limits<T>::min()));
      EXPECT_LE(error, second.has_value() ? row.second_limit : row.first_limit)
          << "by operand " << first << (second ? " and " + std::to_string(*second) : "") << " at"
          << at << ": " << value << ", not " << static_cast<double>(want.value);
      (second.has_value() ? exact.second[first][*second] : exact.first[first]) = 0;
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(exact.first[i].value, 0)
          << "sinter has no derivative by operand " << i << " at" << at;
      for (std::size_t j = 0; j < x.size(); ++j) {
        EXPECT_EQ(exact.second[i][j].value, 0)
            << "sinter has no derivative by " << i << " and " << j << " at" << at;
      }
    }
  }
}

class Derivatives : public ::testing::TestWithParam<ExactDerivatives> {};

TEST_P(Derivatives, AreThoseOfLongDouble) {
  compare<float>(GetParam());
  compare<double>(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Every, Derivatives,
                         ::testing::ValuesIn(exact_derivatives().begin(),
                                             exact_derivatives().end()));

// --- Ops that combine elements -------------------------------------------------------------------

/// The gradient of a scalar by a vector, and the derivatives of each element of the gradient.
template <typename T>
struct Hessian {
  std::vector<T> first;
  std::vector<std::vector<T>> second;  ///< by element of the gradient; empty if it is constant
};

template <typename T>
Hessian<T> hessian_of(const std::function<Value(const Value&)>& f, const std::vector<T>& x) {
  Graph graph;
  const auto n = static_cast<std::int64_t>(x.size());
  const Value input = graph.input("x", *dtype_of<T>, {n});
  const Value first = gradients(f(input), {input})[0];
  graph.output("first", first);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::optional<Value> row = slope_of(first.slice(0, i, i + 1), input);
    if (row.has_value()) graph.output("second" + std::to_string(i), *row);
  }
  const TensorData data = TensorData::from<T>({n}, std::span(x));
  Hessian<T> hessian;
  for (const TensorData& result : interpret(graph, std::span(&data, 1))) {
    const auto elements = result.as<T>();
    std::vector<T> row(elements.begin(), elements.end());
    if (hessian.first.empty())
      hessian.first = std::move(row);
    else
      hessian.second.push_back(std::move(row));
  }
  return hessian;
}

/// Exact derivatives: first(i) by element i, second(i, j) by elements i and j.
struct ExactHessian {
  std::function<Terms(std::size_t)> first;
  std::function<Terms(std::size_t, std::size_t)> second;
};

template <typename T>
void expect_hessian(const Hessian<T>& got, const ExactHessian& exact, double limit, Real least) {
  for (std::size_t i = 0; i < got.first.size(); ++i) {
    const Terms first = exact.first(i);
    EXPECT_LE(error_in_ulp(got.first[i], first, least), limit)
        << "by " << i << ": " << got.first[i] << ", not " << static_cast<double>(first.value);
    for (std::size_t j = 0; j < got.first.size(); ++j) {
      const Terms second = exact.second(i, j);
      const T value = got.second.empty() ? T(0) : got.second.at(i)[j];
      EXPECT_LE(error_in_ulp(value, second, least), limit)
          << "by " << i << ", " << j << ": " << value << ", not "
          << static_cast<double>(second.value);
    }
  }
}

template <typename T>
std::vector<std::vector<T>> vectors() {
  const T inf = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T tiny = std::numeric_limits<T>::min() * 16;
  const T huge = std::numeric_limits<T>::max() / 16;
  std::vector<std::vector<T>> all{{5},
                                  {0},
                                  {2, 3},
                                  {0, 2, 3},
                                  {2, 0, 3},
                                  {2, 3, 0},
                                  {0, 0, 3},
                                  {0, 0, 0},
                                  {-0.0, 2, 3},
                                  {tiny, tiny},
                                  {huge, huge},
                                  {huge, huge, tiny},
                                  {tiny, 0},
                                  {inf, 2, 3},
                                  {inf, 0, 3},
                                  {inf, -inf, 1},
                                  {nan, 2, 3},
                                  {nan, 0, 3},
                                  {1, 2, 3, 4},
                                  {1, 4, 4, 4},
                                  {4, 1, 0, 1},
                                  {0, -0.0, 7, -8},
                                  {7, 7, 7, 7, 7},
                                  {1, 1, 0, 0, 2, 3}};
  std::vector<T> longer;
  for (int i = 0; i < 37; ++i) longer.push_back(T(0.5) + T(0.03) * static_cast<T>(i));
  all.push_back(longer);
  longer[11] = 0;
  all.push_back(longer);
  longer[30] = 0;
  all.push_back(longer);
  return all;
}

Real product_without(std::span<const Real> x, std::size_t i, std::size_t j) {
  Real product = 1;
  for (std::size_t k = 0; k < x.size(); ++k) product *= k == i || k == j ? 1 : x[k];
  return product;
}

/// Returns the gradient of an extreme by x[i]. All elements that equal the extreme share it
/// equally; if the extreme is NaN, all elements do.
Terms share_of_extreme(std::span<const Real> x, std::size_t i, Real sign) {
  const bool has_nan = std::ranges::any_of(x, [](Real value) { return std::isnan(value); });
  const auto is_extreme = [&](Real value) {
    return std::ranges::none_of(x, [&](Real other) { return sign * other > sign * value; });
  };
  if (has_nan) return Real(1) / static_cast<Real>(x.size());
  return is_extreme(x[i]) ? Real(1) / static_cast<Real>(std::ranges::count_if(x, is_extreme)) : 0;
}

/// Returns the derivatives of a reduction of a vector to one element, or nothing for an op without
/// an entry here.
std::optional<ExactHessian> exact_reduction(Op op, std::span<const Real> x) {
  const auto none = [](std::size_t, std::size_t) { return Terms(0); };
  switch (op) {
    case Op::reduce_sum: return ExactHessian{[](std::size_t) { return Terms(1); }, none};
    case Op::reduce_min:
      return ExactHessian{[=](std::size_t i) { return share_of_extreme(x, i, -1); }, none};
    case Op::reduce_max:
      return ExactHessian{[=](std::size_t i) { return share_of_extreme(x, i, 1); }, none};
    case Op::reduce_prod:
      return ExactHessian{[=](std::size_t i) { return Terms(product_without(x, i, i)); },
                          [=](std::size_t i, std::size_t j) {
                            // Elements outside the slice contribute 0 times infinity, a NaN.
                            if (!std::ranges::all_of(x, [](Real v) { return std::isfinite(v); })) {
                              return Terms::anything();
                            }
                            return i == j ? Terms(0) : Terms(product_without(x, i, j));
                          }};
    default: return std::nullopt;
  }
}

template <typename T>
void compare_reduction(const OpInfo& row) {
  SCOPED_TRACE(std::string(row.name) + " of " + std::string(to_string(*dtype_of<T>)));
  for (const std::vector<T>& x : vectors<T>()) {
    SCOPED_TRACE(::testing::PrintToString(x));
    const std::vector<Real> exact(x.begin(), x.end());
    const std::optional<ExactHessian> derivatives = exact_reduction(row.op, exact);
    ASSERT_TRUE(derivatives.has_value())
        << "add the derivatives of " << row.name << " to exact_reduction";
    const auto reduced = [&](const Value& value) {
      Attributes attributes;
      attributes.lists = {Dims{0}, Dims{0}};
      return Value::apply(row.op, std::span(&value, 1), attributes);
    };
    expect_hessian(hessian_of(reduced, x), *derivatives, 8, 0);
  }
}

TEST(Derivatives, OfReductionsAreThoseOfLongDouble) {
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::reduction || row.rule == DTypeRule::logical) continue;
    compare_reduction<float>(row);
    compare_reduction<double>(row);
  }
}

TEST(Derivatives, OfAProductOverAnyAxesAreThoseOfItsElements) {
  for (const Dims& axes : {Dims{0}, Dims{1}, Dims{2}, Dims{0, 1}, Dims{1, 2}, Dims{0, 1, 2}}) {
    for (const bool keeps : {false, true}) {
      Graph graph;
      const Value x = graph.input("x", DType::f64, {3, 2, 5});
      const Value product = x.prod(Axes(axes), keeps);
      graph.output("d", gradients(product.square().sum(), {x})[0]);
      // The same by division, since no element is 0.
      graph.output("same", x.prod(Axes(axes), true).square() * 2 / x);
      std::vector<double> elements;
      for (int i = 0; i < 30; ++i) elements.push_back(0.5 + (i * 7 % 30) / 20.0);
      const TensorData data = TensorData::from<double>({3, 2, 5}, std::span(elements));
      const std::vector<TensorData> results = interpret(graph, std::span(&data, 1));
      for (std::size_t i = 0; i < elements.size(); ++i) {
        const double want = results[1].as<double>()[i];
        EXPECT_NEAR(results[0].as<double>()[i], want, 1e-14 * std::abs(want)) << to_string(axes);
      }
    }
  }
}

TEST(Derivatives, OfAProductAreThereInEveryOrder) {
  Graph graph;
  const Value x = graph.input("x", DType::f64, {5});
  Value derivative = x.prod();
  for (std::int64_t i = 0; i < 5; ++i) {
    derivative = gradients(derivative, {x})[0].slice(0, i, i + 1).sum();
    graph.output("d" + std::to_string(i), derivative);
  }
  const double zeros[] = {0, 0, 0, 0, 7};
  const TensorData data = TensorData::from<double>({5}, std::span(zeros));
  const std::vector<TensorData> results = interpret(graph, std::span(&data, 1));
  const double want[] = {0, 0, 0, 7, 1};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(results[i].as<double>()[0], want[i]) << i;
}

/// Passes take time linear in the number of nodes, so the number of nodes of this gradient may grow
/// only with the logarithm of the length.
TEST(Derivatives, OfALongProductTakeFewNodes) {
  const auto nodes = [](std::int64_t length) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {length});
    static_cast<void>(gradients(x.prod(), {x}));
    return graph.nodes().size();
  };
  EXPECT_LE(nodes(1 << 24) - nodes(1 << 23), nodes(1 << 12) - nodes(1 << 11));
  const auto data = TensorData::zeros(DType::f32, {0, 3});
  Graph graph;
  const Value x = graph.input("x", DType::f32, {0, 3});
  graph.output("d", gradients(x.prod(0).sum(), {x})[0]);
  EXPECT_EQ(interpret(graph, std::span(&data, 1))[0].shape, (Shape{0, 3}));
}

// --- Ops that move elements, and products --------------------------------------------------------

/// Returns a use of a linear op over two vectors of 6 elements, or nothing for any other op.
std::optional<Value> linear_use(Op op, const Value& x, const Value& y) {
  const Value matrix = x.reshape({2, 3});
  switch (op) {
    case Op::broadcast: return x.broadcast_to({2, 6});
    case Op::convert: return x.convert(x.dtype() == DType::f32 ? DType::f64 : DType::f32);
    case Op::recast: return x.recast(DType::f16);
    case Op::transpose: return matrix.transpose();
    case Op::reshape: return matrix;
    case Op::slice: return x.slice(0, 1, 6, 2);
    case Op::concat: return Value::concat({x, y}, 0);
    case Op::pad: return x.pad({1}, {2}, 7);
    case Op::mm: return matrix.mm(y.reshape({3, 2}));
    default: return std::nullopt;
  }
}

bool has_formula(Op op) {
  const auto rows = exact_derivatives();
  return std::ranges::find(rows, op, &ExactDerivatives::op) != rows.end();
}

bool has_gradient(const OpInfo& row) {
  switch (row.rule) {
    case DTypeRule::leaf:
    case DTypeRule::integer:
    case DTypeRule::comparison:
    case DTypeRule::logical:
    case DTypeRule::bitcast:
    case DTypeRule::raw_bitcast:
    case DTypeRule::lookup: return false;
    default: return row.op != Op::view && row.op != Op::dot;  // made by the planner
  }
}

/// So an infinity or NaN in an operand never reaches the derivative by that operand.
TEST(Derivatives, OfLinearOpsDoNotReadTheOperand) {
  for (const OpInfo& row : all_ops()) {
    if (!has_gradient(row) || has_formula(row.op) || row.kind == OpKind::reduction) continue;
    Graph graph;
    const Value x = graph.input("x", DType::f32, {6});
    const Value y = graph.input("y", DType::f32, {6});
    const std::optional<Value> use = linear_use(row.op, x, y);
    ASSERT_TRUE(use.has_value()) << row.name << " has a gradient: add its derivatives to "
                                 << "exact_derivatives.cpp, or a use to linear_use";
    const std::optional<Value> first = slope_of(*use, x);
    ASSERT_TRUE(first.has_value()) << row.name;
    EXPECT_FALSE(slope_of(*first, x).has_value()) << row.name;
    EXPECT_EQ(slope_of(*first, y).has_value(), row.kind == OpKind::product) << row.name;
  }
}

// --- Functions of several ops --------------------------------------------------------------------

/// Returns exp(x) / sum(exp(x)) in long double.
std::vector<Real> exact_softmax(std::span<const Real> x) {
  const Real highest = *std::ranges::max_element(x);
  std::vector<Real> powers;
  Real total = 0;
  for (const Real value : x) total += powers.emplace_back(std::exp(value - highest));
  for (Real& power : powers) power /= total;
  return powers;
}

template <typename T>
std::vector<std::vector<T>> logits() {
  const T inf = std::numeric_limits<T>::infinity();
  return {{1, 2, T(0.5)},   {0, 17, 0},      {0, 100, 3},  {-88, 88, 88},
          {1000, 999, 998}, {-1e9, 0, -1e9}, {0, 1, -inf}, {-20, -21, 5, T(0.1)}};
}

/// Weight of element i of a softmax: a whole number, so that the test adds no rounding error.
Real weight_of(std::size_t i) { return static_cast<Real>(i + 1); }

Value weighted(const Value& y) { return (y * (y.iota(y.dtype(), y.shape()) + 1)).sum(); }

/// Errors are absolute, as those of a softmax that is rounded once: they are counted in units of
/// the last place of the largest weight.
template <typename T>
void compare_softmax(const std::vector<T>& x) {
  SCOPED_TRACE(::testing::PrintToString(x));
  const std::vector<Real> s = exact_softmax(std::vector<Real>(x.begin(), x.end()));
  Real mean = 0;
  Real weights = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    mean += weight_of(i) * s[i];
    weights += weight_of(i);
  }
  const auto slope = [&](std::size_t i, std::size_t j) { return s[i] * ((i == j) - s[j]); };
  const ExactHessian of_softmax{
      [&](std::size_t i) { return Terms(s[i] * (weight_of(i) - mean)); },
      [&](std::size_t i, std::size_t j) {
        return Terms(slope(i, j) * (weight_of(i) - mean) - s[i] * s[j] * (weight_of(j) - mean));
      }};
  const ExactHessian of_logarithm{
      [&](std::size_t i) { return Terms(weight_of(i) - weights * s[i]); },
      [&](std::size_t i, std::size_t j) { return Terms(-weights * slope(i, j)); }};
  const ExactHessian of_sum{[&](std::size_t i) { return Terms(s[i]); }, slope};
  const Real largest = weight_of(s.size() - 1);
  const auto softmax = [](const Value& v) { return weighted(v.softmax()); };
  const auto logarithm = [](const Value& v) { return weighted(v.log_softmax()); };
  const auto sum = [](const Value& v) { return v.logsumexp(); };
  expect_hessian(hessian_of<T>(softmax, x), of_softmax, 2, largest);
  expect_hessian(hessian_of<T>(logarithm, x), of_logarithm, 2, weights);
  expect_hessian(hessian_of<T>(sum, x), of_sum, 2, 1);
}

TEST(Derivatives, OfSoftmaxAndItsKinAreThoseOfLongDouble) {
  for (const auto& x : logits<float>()) compare_softmax(x);
  for (const auto& x : logits<double>()) compare_softmax(x);
}

}  // namespace
}  // namespace sinter::test
