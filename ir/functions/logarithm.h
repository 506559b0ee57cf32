// Parts of logarithms that several functions share: the range reduction, and the terms of the sum.
#pragma once

#include <optional>

#include "functions/parts.h"

namespace sinter::detail::functions {

/// The bits of sqrt(1/2) as f64, with the lower half cleared, as a number: what `least` of
/// normal_fraction takes.
inline constexpr double kRootHalf64 = 0x3fe6a09e00000000;

/// x = 2^n (1 + f) for positive finite x.
struct NormalFraction {
  /// The exponent n of the formula, times 2^Format::fraction_bits (parts.h). inf for x = inf; NaN
  /// for NaN and negative x.
  Value n;
  Value f;  ///< exact
};
/// Splits x such that 1 + f is at least the float whose bits are `least`, and less than twice that.
[[nodiscard]] NormalFraction normal_fraction(const Value& x, double least);

/// log(1 + f) - f, which is small relative to f, as a * b + c.
struct LogRest {
  Value a;
  Value b;
  std::optional<Value> c;  ///< none if c is 0
};

/// log x = n 2^-fraction_bits ln 2 + f + rest, for all x except 0. n and f are exact.
struct LogParts {
  Value n;
  Value f;
  LogRest rest;
};
[[nodiscard]] LogParts log_parts(const Value& x);

/// log(1 + x) for finite x > -1, where `sum` is 1 + x rounded. The result for x = -0 is +0.
[[nodiscard]] Value log1p_inside(const Value& x, const Value& sum);

}  // namespace sinter::detail::functions
