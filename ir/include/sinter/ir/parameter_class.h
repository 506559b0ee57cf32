// ParameterClass: the only property of a parameter's value on which generated code depends.
#pragma once

#include <cstdint>

#include <sinter/ir/dtype.h>
#include <sinter/ir/export.h>

namespace sinter {

/// The property of a parameter that `expand` reads: whether it is a slope in (0, 1]. Graphs of the
/// same structure whose parameters have equal classes expand to the same bodies, and so share code.
class ParameterClass {
 public:
  SINTER_API explicit ParameterClass(double value);
  /// True if the value, rounded to the compute dtype of `dtype`, lies in (0, 1].
  [[nodiscard]] bool is_proper_slope(DType dtype) const {
    return (bits_ & (compute_dtype(dtype) == DType::f64 ? kAsF64 : kAsF32)) != 0;
  }
  /// The class as a number, for cache keys.
  [[nodiscard]] std::uint8_t bits() const { return bits_; }

 private:
  static constexpr std::uint8_t kAsF32 = 1;  // in (0, 1] after rounding to f32
  static constexpr std::uint8_t kAsF64 = 2;  // in (0, 1] as f64
  std::uint8_t bits_ = 0;
};

}  // namespace sinter
