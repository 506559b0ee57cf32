// evaluate(): every floating primitive and comparison on special values, against arithmetic that is
// written in another way; select, conversions to f32 and to masks, and operations on masks.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>

#include <sinter/ir/interpret.h>

#include "support/special_values.h"

namespace sinter {
namespace {

using test::same_value;
using test::special_values;

/// Reference arithmetic. For f32 it rounds the f64 result once more, which gives the correctly
/// rounded result because 53 >= 2 * 24 + 2 bits. For f64 it uses f64: no wider type is portable.
template <typename T>
struct Expected {
  static constexpr T kNaN = std::numeric_limits<T>::quiet_NaN();
  static T add(T a, T b) { return static_cast<T>(double{a} + double{b}); }
  static T sub(T a, T b) { return static_cast<T>(double{a} - double{b}); }
  static T mul(T a, T b) { return static_cast<T>(double{a} * double{b}); }
  static T div(T a, T b) { return static_cast<T>(double{a} / double{b}); }
  static T sqrt(T a, T) { return static_cast<T>(std::sqrt(double{a})); }
  static T neg(T a, T) { return std::copysign(a, std::signbit(a) ? T(1) : T(-1)); }
  static T abs(T a, T) { return std::copysign(a, T(1)); }
  // The order of minimum and maximum: by value, and -0 before +0. A NaN makes the result NaN.
  static bool before(T a, T b) { return a < b || (a == b && std::signbit(a) && !std::signbit(b)); }
  static T min(T a, T b) { return std::isunordered(a, b) ? kNaN : before(b, a) ? b : a; }
  static T max(T a, T b) { return std::isunordered(a, b) ? kNaN : before(a, b) ? b : a; }
  // All numbers from 1 / epsilon on are whole.
  static bool is_whole(T a) { return !(std::abs(a) < 1 / std::numeric_limits<T>::epsilon()); }
  static T toward_zero(T a) { return static_cast<T>(static_cast<std::int64_t>(a)); }
  static T trunc(T a, T) { return is_whole(a) ? a : std::copysign(toward_zero(a), a); }
  static T floor(T a, T) {
    const T t = trunc(a, 0);
    return t > a ? t - 1 : t;
  }
  static T ceil(T a, T) {
    const T t = trunc(a, 0);
    return t < a ? std::copysign(t + 1, a) : t;
  }
  static T round(T a, T) {
    if (is_whole(a)) return a;
    const T down = floor(a, 0);
    const T distance = a - down;
    const bool odd = static_cast<std::int64_t>(down) % 2 != 0;
    return std::copysign(distance > T(0.5) || (distance == T(0.5) && odd) ? down + 1 : down, a);
  }
};

template <typename T>
using Binary = std::function<T(T, T)>;

template <typename T>
const std::map<Op, Binary<T>>& expected_values() {
  using E = Expected<T>;
  static const std::map<Op, Binary<T>> table = {
      {Op::add, E::add},     {Op::sub, E::sub},
      {Op::mul, E::mul},     {Op::div, E::div},
      {Op::min, E::min},     {Op::max, E::max},
      {Op::neg, E::neg},     {Op::abs, E::abs},
      {Op::sqrt, E::sqrt},   {Op::floor, E::floor},
      {Op::ceil, E::ceil},   {Op::trunc, E::trunc},
      {Op::round, E::round}, {Op::fma, [](T a, T b) { return std::fma(a, b, a); }},
  };
  return table;
}

/// The outcomes (less, equal, greater, unordered) for which a comparison is true.
struct Truth {
  bool less, equal, greater, unordered;
};
const std::map<Op, Truth> kComparisons = {
    {Op::equal, {false, true, false, false}},   {Op::not_equal, {true, false, true, true}},
    {Op::less, {true, false, false, false}},    {Op::less_equal, {true, true, false, false}},
    {Op::greater, {false, false, true, false}}, {Op::greater_equal, {false, true, true, false}},
};

template <typename T>
bool expected_truth(Op op, T a, T b) {
  const Truth& truth = kComparisons.at(op);
  if (std::isunordered(a, b)) return truth.unordered;
  if (std::isless(a, b)) return truth.less;
  return std::isgreater(a, b) ? truth.greater : truth.equal;
}

template <typename T>
std::string operands_text(const OpInfo& row, T a, T b) {
  return std::string(row.name) + "(" + std::to_string(a) + ", " + std::to_string(b) + ")";
}

template <typename T>
void check_pair(const OpInfo& row, T a, T b) {
  const double operands[] = {a, b, a};
  const DType dtype = *dtype_of<T>;
  const std::span<const double> given(operands, static_cast<std::size_t>(row.arity));
  if (row.rule == DTypeRule::comparison) {
    EXPECT_EQ(evaluate(row.op, dtype, DType::boolean, given), expected_truth(row.op, a, b))
        << operands_text(row, a, b);
    return;
  }
  ASSERT_TRUE(expected_values<T>().contains(row.op)) << "no expectation for " << row.name;
  const double got = evaluate(row.op, dtype, dtype, given);
  EXPECT_TRUE(same_value(got, double{expected_values<T>().at(row.op)(a, b)}))
      << operands_text(row, a, b) << " gave " << got;
}

template <typename T>
class EvaluateFloating : public testing::Test {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(EvaluateFloating, FloatTypes);

TYPED_TEST(EvaluateFloating, GivesEveryFloatingPrimitiveOnAllPairsOfSpecialValues) {
  for (const OpInfo& row : all_ops()) {
    const bool floating = row.rule == DTypeRule::floating || row.rule == DTypeRule::numeric ||
                          row.rule == DTypeRule::comparison;
    if (row.kind != OpKind::primitive || !floating) continue;
    for (TypeParam a : special_values<TypeParam>()) {
      for (TypeParam b : special_values<TypeParam>()) check_pair(row, a, b);
    }
  }
}

TYPED_TEST(EvaluateFloating, SelectsWholeValues) {
  for (TypeParam a : special_values<TypeParam>()) {
    const double yes[] = {1, a, 7}, no[] = {0, 7, a};
    const DType dtype = *dtype_of<TypeParam>;
    EXPECT_TRUE(same_value(evaluate(Op::select, dtype, dtype, yes), double{a}));
    EXPECT_TRUE(same_value(evaluate(Op::select, dtype, dtype, no), double{a}));
  }
}

TYPED_TEST(EvaluateFloating, ConvertsToMasksByComparingWithZero) {
  for (TypeParam a : special_values<TypeParam>()) {
    const double operand[] = {a};
    EXPECT_EQ(evaluate(Op::convert, *dtype_of<TypeParam>, DType::boolean, operand),
              std::isnan(a) || std::abs(a) > 0);
  }
}

TEST(EvaluateF32, RoundsAFusedMultiplyAddOnce) {
  // The exact result lies just above the middle of two floats. In f64 the third operand would be
  // lost, and rounding the tie to even would give the lower float.
  const double step = 0x1p-12;
  const double operands[] = {1 + step, 1 + step, 0x1p-80};
  EXPECT_EQ(evaluate(Op::fma, DType::f32, DType::f32, operands), 1 + 2 * step + 0x1p-23);
  const double cancels[] = {1 + 0x1p-23, 1 - 0x1p-23, -1};
  EXPECT_EQ(evaluate(Op::fma, DType::f32, DType::f32, cancels), -0x1p-46);
}

TEST(EvaluateF32, RoundsEveryOpToF32) {
  const double operands[] = {1, 0x1p-24};
  EXPECT_EQ(evaluate(Op::add, DType::f32, DType::f32, operands), 1.0);
  EXPECT_EQ(evaluate(Op::add, DType::f64, DType::f64, operands), 1 + 0x1p-24);
}

TEST(Evaluate, ConvertsToF32ByRoundingToNearestEven) {
  const struct {
    double from, to;
  } cases[] = {
      {1 + 0x1p-24, 1},                   // a tie, to even below
      {1 + 0x3p-24, 1 + 0x1p-22},         // a tie, to even above
      {1 + 0x1.000001p-24, 1 + 0x1p-23},  // just above the tie
      {0x1.ffffffp127, INFINITY},         // beyond the largest float
      {0x1.fffffefp127, 0x1.fffffep127},  // the largest float
      {0x1p-150, 0},                      // half the smallest subnormal, to even
      {-0x1p-150, -0.0},
      {0x1.8p-149, 0x1p-148},
      {-0.0, -0.0},
      {-INFINITY, -INFINITY},
  };
  for (const auto& [from, to] : cases) {
    const double operand[] = {from};
    EXPECT_TRUE(same_value(evaluate(Op::convert, DType::f64, DType::f32, operand), to)) << from;
  }
}

TEST(Evaluate, FollowsTheTruthTablesOfMasks) {
  for (double a : {0.0, 1.0}) {
    for (double b : {0.0, 1.0}) {
      const double pair[] = {a, b};
      const auto mask = [&](Op op) { return evaluate(op, DType::boolean, DType::boolean, pair); };
      EXPECT_EQ(mask(Op::logical_and), a * b);
      EXPECT_EQ(mask(Op::logical_or), a + b - a * b);
      EXPECT_EQ(mask(Op::logical_xor), a + b - 2 * a * b);
    }
    EXPECT_EQ(evaluate(Op::logical_not, DType::boolean, DType::boolean, std::span(&a, 1)), 1 - a);
  }
}

}  // namespace
}  // namespace sinter
