// The range reduction of e^x, with which exp and all functions that use it begin.
//
// x = n ln 2 + r with an integer n and |r| <= ln 2 / 2. Adding a number whose ULP is 1 rounds
// x log2 e to n. The low bits of the sum are then n plus a bias that the caller chose; shifted
// left, they are the exponent of a power of two. So no conversion from floats to integers is
// needed: before AVX-512, x86 converts no vectors of f64 to i64.
#pragma once

#include <vector>

#include "functions/parts.h"

namespace sinter::detail::functions {

/// The constants of one dtype. e^r = 1 + r + r^2 q(r).
struct ExponentialNumbers {
  double log2_e;
  double ln2;       ///< rounded to the dtype; n * ln2 is accurate inside an fma only
  double ln2_high;  ///< ln 2 with so few bits that n * ln2_high is exact
  double ln2_low;   ///< ln 2 - ln2_high
  std::span<const double> q;
};
[[nodiscard]] const ExponentialNumbers& exponential_numbers(const Value& x);

/// Coefficients of first * q(factor * r) as a polynomial in r, for the dtype of `x`.
[[nodiscard]] std::vector<double> scaled_q(const Value& x, double first, double factor);

/// The integer n, and the sum whose low bits contain it.
struct Exponent {
  Value biased;  ///< a float whose low bits are n + bias
  Value n;
};
/// The n of e^(factor * x).
[[nodiscard]] Exponent exponent_of(const Value& x, int bias, double factor = 1);

/// x = n ln 2 + r with r = high + low.
struct Split {
  Value biased;
  Value n;
  Value high;  ///< exact
  Value low;   ///< r - high
};
[[nodiscard]] Split split_exponent(const Value& x, int bias);

/// 2^(n + bias - exponent bias of the dtype): moves the low bits into the exponent field.
[[nodiscard]] Value power_of_two(const Value& biased);

/// p 2^n, where `biased` holds n plus twice the exponent bias. Two factors of about 2^(n / 2) are
/// applied, so the result may be subnormal and 2^n itself out of range. At the lowest n both
/// factors have an exponent field of 0, so they are +0.
[[nodiscard]] Value scaled_in_halves(const Value& p, const Value& biased);

/// 2^f for |f| <= 1/2 or slightly more.
[[nodiscard]] Value exp2_fraction(const Value& f);

/// A number as high + rest, where rest is small relative to high.
struct Parts {
  Value high;
  Value rest;
};
/// (e^x - 1) / 2 as two parts, for x in the range to which expm1 clamps.
[[nodiscard]] Parts half_expm1(const Value& x);

}  // namespace sinter::detail::functions
