// Mathematical functions for comparison: their values, to more digits than a result has, and the
// errors that sinter promises.
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
  /// Reference for f32: the C library's function of double, with an error of about 2^-29 ULP of
  /// f32.
  double (*of_f32)(double x);
  /// Reference for f64: the C library's function of long double, with an error of about 2^-10 ULP
  /// of f64.
  long double (*of_f64)(long double x);
};

/// Prints the function for gtest.
void PrintTo(const ExactFunction& function, std::ostream* out);

/// Every function of one operand, with the default attributes of its row in the op table.
[[nodiscard]] std::span<const ExactFunction> exact_functions();

/// Returns the graph of y = op(x), where x has n elements.
[[nodiscard]] Graph function_graph(Op op, DType dtype, std::int64_t n);

/// Returns the difference between `got` and `exact` in units of the last place of a float near
/// `exact`. Infinity counts as the power of two above the largest float.
[[nodiscard]] double error_in_ulp(float got, double exact);
[[nodiscard]] double error_in_ulp(double got, long double exact);

/// Result of NumPy's divmod: the quotient rounded towards -inf, and a remainder with the sign of b.
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
