// Conversions of 16-bit floats whose significand has `fraction` stored bits. They do not depend on
// the caller's rounding and flush modes: every floating-point step is exact, or its error is too
// small to affect the result.
#include <sinter/ir/float16.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace sinter::detail {
namespace {

constexpr int kMagnitudeBits = 15;

/// Exponent of the smallest normal number.
constexpr int min_exponent(int fraction) {
  const int bias = (1 << (kMagnitudeBits - fraction - 1)) - 1;
  return 1 - bias;
}

constexpr std::uint64_t infinity_bits(int fraction) {
  return (std::uint64_t{1} << kMagnitudeBits) - (std::uint64_t{1} << fraction);
}

/// Bits of a magnitude that is not NaN. They are (exponent << fraction) + significand, so a carry
/// out of the significand increments the exponent, and a subnormal may become normal.
std::uint64_t encode_magnitude(double magnitude, int fraction) {
  if (std::isinf(magnitude)) return infinity_bits(fraction);
  const int lowest = min_exponent(fraction);
  const int exponent = magnitude > 0 ? std::max(std::ilogb(magnitude), lowest) : lowest;
  const double scaled = std::ldexp(magnitude, fraction - exponent);
  auto significand = static_cast<std::uint64_t>(scaled);
  const double rest = scaled - static_cast<double>(significand);
  if (rest > 0.5 || (rest >= 0.5 && (significand & 1) != 0)) ++significand;
  const auto steps = static_cast<std::uint64_t>(exponent - lowest);
  return std::min((steps << fraction) + significand, infinity_bits(fraction));
}

}  // namespace

std::uint16_t encode16(double value, int fraction) {
  const std::uint64_t sign = std::signbit(value) ? std::uint64_t{1} << kMagnitudeBits : 0;
  const std::uint64_t quiet = infinity_bits(fraction) | std::uint64_t{1} << (fraction - 1);
  const std::uint64_t magnitude =
      std::isnan(value) ? quiet : encode_magnitude(std::abs(value), fraction);
  return static_cast<std::uint16_t>(sign | magnitude);
}

double decode16(std::uint16_t bits, int fraction) {
  const auto magnitude = static_cast<std::uint64_t>(bits & 0x7fff);
  const double sign = (bits >> kMagnitudeBits) != 0 ? -1 : 1;
  if (magnitude > infinity_bits(fraction)) return std::numeric_limits<double>::quiet_NaN();
  if (magnitude == infinity_bits(fraction)) return sign * std::numeric_limits<double>::infinity();
  const std::uint64_t one = std::uint64_t{1} << fraction;
  const auto exponent = static_cast<int>(magnitude >> fraction);
  const std::uint64_t significand = (magnitude & (one - 1)) + (exponent == 0 ? 0 : one);
  const int steps = std::max(exponent, 1) - 1 + min_exponent(fraction) - fraction;
  return sign * std::ldexp(static_cast<double>(significand), steps);
}

}  // namespace sinter::detail
