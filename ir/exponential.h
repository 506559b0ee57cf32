// e^x taken apart: what exp and all that is made of it begin with.
//
// x = n ln 2 + r with an integer n and |r| <= ln 2 / 2. n is found by adding a number so large that
// its last bit counts ones; the sum's low bits are then n plus a bias that the caller chose, and
// shifted left they are the exponent of a power of two.
#pragma once

#include "function_parts.h"

namespace sinter::detail::functions {

/// The numbers of one dtype. e^r = 1 + r + r^2 q(r).
struct ExponentialNumbers {
  double log2_e;
  double ln2_high;  ///< with so few bits that n * ln2_high is exact
  double ln2_low;
  std::span<const double> q;
};
[[nodiscard]] const ExponentialNumbers& exponential_numbers(DType dtype);

/// x = n ln 2 + r, with r in two parts: high is exact, and r = high - n * ln2_low.
struct Split {
  Value biased;  ///< a float whose low bits are n + bias
  Value n;
  Value high;
};
[[nodiscard]] Split split_exponent(const Value& x, int bias);

/// r, rounded.
[[nodiscard]] Value remainder_of(const Split& split);

/// 2^(n + bias - exponent bias): the low bits moved into the exponent.
[[nodiscard]] Value power_of_two(const Value& biased);

}  // namespace sinter::detail::functions
