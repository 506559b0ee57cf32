// float16 and bfloat16: the 16-bit floats as C++ types, which store and convert. They have no
// arithmetic; ops on them compute in f32.
#pragma once

#include <cstdint>

#include <sinter/ir/export.h>

namespace sinter {
namespace detail {

/// Returns `value` rounded once, to nearest even, to a 16-bit format whose fraction has `fraction`
/// bits. A NaN becomes the quiet NaN without payload, of the same sign. Overflow gives infinity;
/// subnormals are kept.
[[nodiscard]] SINTER_API std::uint16_t encode16(double value, int fraction);
/// Returns the value of these bits, exactly.
[[nodiscard]] SINTER_API double decode16(std::uint16_t bits, int fraction);

}  // namespace detail

/// IEEE 754 binary16: 5 bits of exponent, 10 of fraction. The largest number is 65,504.
struct float16 {
  std::uint16_t bits = 0;
  float16() = default;
  explicit float16(double value) : bits(detail::encode16(value, 10)) {}
  explicit operator double() const { return detail::decode16(bits, 10); }
};

/// The upper half of an f32: 8 bits of exponent, 7 of fraction.
struct bfloat16 {
  std::uint16_t bits = 0;
  bfloat16() = default;
  explicit bfloat16(double value) : bits(detail::encode16(value, 7)) {}
  explicit operator double() const { return detail::decode16(bits, 7); }
};

}  // namespace sinter
