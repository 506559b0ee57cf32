// The two 16-bit floats as C++ types: storage, not arithmetic. Kernels compute in f32.
#pragma once

#include <cstdint>

#include <sinter/ir/export.h>

namespace sinter {
namespace detail {

/// `value` rounded once, to nearest even, to a format of 16 bits with `fraction` of them explicit.
/// NaNs become the one quiet NaN; what is too large becomes inf; subnormals are kept.
[[nodiscard]] SINTER_API std::uint16_t encode16(double value, int fraction);
/// The value of such bits, which every f64 holds exactly.
[[nodiscard]] SINTER_API double decode16(std::uint16_t bits, int fraction);

}  // namespace detail

/// IEEE-754 binary16: 5 bits of exponent, 10 of fraction. Largest 65,504.
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
