// Polynomials by intervals: an f32 argument is cut into 16 intervals, each with coefficients of its
// own that lut16 looks up, so that a short polynomial does for all of them.
//
// Intervals are a quarter of an octave of `position`, a number in [1, 16) that the function
// chooses: the last two bits of its exponent and the first two of its fraction are the index.
#pragma once

#include <span>

#include "functions/parts.h"

namespace sinter::detail::functions {

/// One function's polynomials, in the distance of the argument from the centre of its interval.
struct IntervalPolynomials {
  LookupTable centres;
  std::span<const LookupTable> coefficients;  ///< ascending
};
[[nodiscard]] const IntervalPolynomials& tanh_polynomials();
/// Of h(a) = a e^(a^2 / 2) erfc(a / sqrt 2) / 2 in the position a + 1: gelu is max(x, 0) less
/// h(|x|) e^(-x^2 / 2).
[[nodiscard]] const IntervalPolynomials& gelu_polynomials();

struct IntervalPlace {
  Value index;
  Value distance;
};
[[nodiscard]] IntervalPlace interval_place(const Value& a, const Value& position,
                                           const IntervalPolynomials& polynomials);

/// The polynomial with these coefficients at that place, by Horner's rule.
[[nodiscard]] Value polynomial(const IntervalPlace& place,
                               std::span<const LookupTable> coefficients);

}  // namespace sinter::detail::functions
