// What lowering reads of a parameter's value.
#pragma once

#include <cstdint>

#include <sinter/ir/dtype.h>
#include <sinter/ir/export.h>

namespace sinter {

/// All that `expand` reads of a parameter, for every dtype that it may have: graphs of one
/// structure whose parameters have the same classes expand to the same bodies, and so share their
/// code.
class ParameterClass {
 public:
  SINTER_API explicit ParameterClass(double value);
  /// Whether the value, rounded to the compute dtype of `dtype`, lies in (0, 1].
  [[nodiscard]] bool is_proper_slope(DType dtype) const {
    return (bits_ & (compute_dtype(dtype) == DType::f64 ? kAsF64 : kAsF32)) != 0;
  }
  /// Equal for equal classes: part of a key.
  [[nodiscard]] std::uint8_t bits() const { return bits_; }

 private:
  static constexpr std::uint8_t kAsF32 = 1;
  static constexpr std::uint8_t kAsF64 = 2;
  std::uint8_t bits_ = 0;
};

}  // namespace sinter
