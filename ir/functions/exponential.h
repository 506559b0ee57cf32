// e^x taken apart: what exp and all that is made of it begin with.
//
// x = n ln 2 + r with an integer n and |r| <= ln 2 / 2. n is found by adding a number so large that
// its last bit counts ones; the sum's low bits are then n plus a bias that the caller chose, and
// shifted left they are the exponent of a power of two: x86 converts no f64 to i64 before AVX-512.
#pragma once

#include <vector>

#include "functions/parts.h"

namespace sinter::detail::functions {

/// The numbers of one dtype. e^r = 1 + r + r^2 q(r).
struct ExponentialNumbers {
  double log2_e;
  double ln2;       ///< to the precision of the dtype; a product with n is right inside an fma only
  double ln2_high;  ///< with so few bits that n * ln2_high is exact
  double ln2_low;   ///< what ln2_high lacks
  std::span<const double> q;
};
[[nodiscard]] const ExponentialNumbers& exponential_numbers(const Value& x);

/// The coefficients of q(factor r), each times `first`.
[[nodiscard]] std::vector<double> scaled_q(const Value& x, double first, double factor);

/// n and the sum that its bits were taken from.
struct Exponent {
  Value biased;  ///< a float whose low bits are n + bias
  Value n;
};
/// The n of e^(x times factor).
[[nodiscard]] Exponent exponent_of(const Value& x, int bias, double factor = 1);

/// x = n ln 2 + r, with r in two parts.
struct Split {
  Value biased;
  Value n;
  Value high;  ///< exact
  Value low;   ///< r - high
};
[[nodiscard]] Split split_exponent(const Value& x, int bias);

/// 2^(n + bias - exponent bias of the dtype): the low bits moved into the exponent.
[[nodiscard]] Value power_of_two(const Value& biased);

/// p 2^n where `biased` holds n + twice the exponent bias. The scale is applied in two halves, so
/// that the result may be subnormal, and 2^n beyond the range. At the least n both halves have an
/// exponent field of 0 and are +0.
[[nodiscard]] Value scaled_in_halves(const Value& p, const Value& biased);

/// 2^f for |f| <= 1/2, or hardly more.
[[nodiscard]] Value exp2_fraction(const Value& f);

/// e^r - 1 = high + rest.
struct Parts {
  Value high;
  Value rest;
};
/// (e^x - 1) / 2 in two parts, for x in the range that expm1 clamps to.
[[nodiscard]] Parts half_expm1(const Value& x);

}  // namespace sinter::detail::functions
