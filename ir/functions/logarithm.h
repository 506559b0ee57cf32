// Logarithms taken apart, for functions that go on with their parts.
#pragma once

#include <optional>

#include "functions/parts.h"

namespace sinter::detail::functions {

/// The bits of sqrt(1/2) in f64, or nearly.
inline constexpr double kRootHalf64 = 0x3fe6a09e00000000;

/// x = 2^n (1 + f) for positive finite x.
struct NormalFraction {
  Value n;  ///< times 2^fraction_bits; inf for inf, NaN for NaN and negative numbers
  Value f;  ///< exact
};
/// `least` are the bits of the least 1 + f.
[[nodiscard]] NormalFraction normal_fraction(const Value& x, double least);

/// What log(1 + f) has beyond f, small beside it: a b + c.
struct LogRest {
  Value a;
  Value b;
  std::optional<Value> c;
};

/// log x = n 2^-fraction_bits ln 2 + f + rest, for all x but 0. n and f are exact.
struct LogParts {
  Value n;
  Value f;
  LogRest rest;
};
[[nodiscard]] LogParts log_parts(const Value& x);

/// log(1 + x) for x >= -1/2, where `sum` is 1 + x rounded. +0 for -0.
[[nodiscard]] Value log1p_inside(const Value& x, const Value& sum);

}  // namespace sinter::detail::functions
