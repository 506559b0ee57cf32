// Mathematical functions as the tests know them: their exact values, to many more digits than a
// result has, and the errors that sinter promises.
#pragma once

#include <cmath>
#include <concepts>
#include <ostream>
#include <span>

#include <sinter/ir/graph.h>

namespace sinter::test {

struct ExactFunction {
  Op op;
  double limit32;  ///< the largest error in f32, in ULP
  double limit64;  ///< the same in f64
  /// For f32: the C library's functions of double, some 2^-29 ULP of an f32 off.
  double (*of_f32)(double x);
  /// For f64: the C library's functions of long double, some 2^-10 ULP of an f64 off.
  long double (*of_f64)(long double x);
};

/// How gtest names it.
void PrintTo(const ExactFunction& function, std::ostream* out);

/// Every function of one operand, with the attributes that its row has by default.
[[nodiscard]] std::span<const ExactFunction> exact_functions();

/// y = op(x), x of n elements.
[[nodiscard]] Graph function_graph(Op op, DType dtype, std::int64_t n);

/// How far `got` is from `exact`, in units of the last place that a float near `exact` has.
/// Infinity counts as the power of two above the largest float.
[[nodiscard]] double error_in_ulp(float got, double exact);
[[nodiscard]] double error_in_ulp(double got, long double exact);

/// What NumPy's divmod gives: the quotient rounded towards -inf, and a remainder with the sign of
/// b.
template <std::floating_point T>
struct Division {
  T quotient;
  T rest;
};
template <std::floating_point T>
[[nodiscard]] Division<T> exact_division(T a, T b) {
  T rest = std::fmod(a, b);
  if (b == 0) return {a / b, rest};
  T quotient = (a - rest) / b;
  if (rest == 0) {
    rest = std::copysign(T(0), b);
  } else if (std::isless(rest, T(0)) != std::isless(b, T(0))) {
    rest += b;
    quotient -= 1;
  }
  if (quotient == 0) return {std::copysign(T(0), a / b), rest};
  const T below = std::floor(quotient);
  return {std::isgreater(quotient - below, T(0.5)) ? below + 1 : below, rest};
}

}  // namespace sinter::test
