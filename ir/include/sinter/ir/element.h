// Elements of any dtype as 64-bit words, for code that handles one element at a time.
#pragma once

#include <cstdint>

#include <sinter/ir/dtype.h>

namespace sinter {

/// Returns the bits that memory holds for `value` in `dtype`, zero-extended to 64 bits. Floats are
/// rounded to nearest even. Integers are truncated towards zero and saturated; NaN gives 0. bool is
/// 1 for every value but 0.
[[nodiscard]] SINTER_API std::uint64_t element_bits(double value, DType dtype);
/// Returns the value of an element with these bits. An i64 beyond 53 bits is rounded to f64.
[[nodiscard]] SINTER_API double element_value(std::uint64_t bits, DType dtype);

}  // namespace sinter
