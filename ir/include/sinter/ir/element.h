// Elements of any dtype as one 64-bit word, for code that meets them one at a time.
#pragma once

#include <cstdint>

#include <sinter/ir/dtype.h>

namespace sinter {

/// What memory holds for `value` in `dtype`, zero-extended: floats rounded to nearest even,
/// integers truncated and saturated (NaN gives 0), bool 1 for anything but 0.
[[nodiscard]] SINTER_API std::uint64_t element_bits(double value, DType dtype);
/// The value of such bits, rounded to f64 where an i64 needs more than its 53 bits.
[[nodiscard]] SINTER_API double element_value(std::uint64_t bits, DType dtype);

}  // namespace sinter
