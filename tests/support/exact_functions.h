// Mathematical functions as the tests know them: their exact values, to many more digits than a
// result has, and the errors that sinter promises.
#pragma once

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

}  // namespace sinter::test
