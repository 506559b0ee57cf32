// Piecewise polynomials in f32: the range of the argument has 16 intervals, each with coefficients
// of its own, which lut16 looks up. So a short polynomial is accurate on every interval.
//
// An interval is a quarter of an octave of `position`, a number in [1, 16) that the function
// computes from its argument. The last two bits of position's exponent and the first two of its
// fraction are the index of the interval. So index 0 starts at position 2, and the intervals of
// [1, 2) have the indices 12 to 15.
#pragma once

#include <span>

#include "functions/parts.h"

namespace sinter::detail::functions {

/// The polynomials of one function, in the distance of the argument from the centre of its
/// interval.
struct IntervalPolynomials {
  LookupTable centres;                        ///< by interval
  std::span<const LookupTable> coefficients;  ///< by ascending power, then by interval
};
[[nodiscard]] const IntervalPolynomials& tanh_polynomials();
/// Polynomials of h(a) = a e^(a^2 / 2) erfc(a / sqrt 2) / 2, with a + 1 as the position.
/// gelu(x) = max(x, 0) - h(|x|) e^(-x^2 / 2).
[[nodiscard]] const IntervalPolynomials& gelu_polynomials();

/// Place of an argument among the intervals.
struct IntervalPlace {
  Value index;     ///< integer whose low four bits are the index of the interval
  Value distance;  ///< from the centre of the interval
};
[[nodiscard]] IntervalPlace interval_place(const Value& a, const Value& position,
                                           const IntervalPolynomials& polynomials);

/// The polynomial with these coefficients at `place`, by Horner's rule.
[[nodiscard]] Value polynomial(const IntervalPlace& place,
                               std::span<const LookupTable> coefficients);

}  // namespace sinter::detail::functions
