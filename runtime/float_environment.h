// FloatEnvironment: the default floating-point control bits for a scope.
//
// Kernels, and constants folded while compiling, expect round to nearest, subnormals kept and
// exceptions masked. A host thread may have set something else (FTZ and DAZ, mostly): reading the
// control word costs a nanosecond, so it is written only where it differs, and then restored. The
// sticky exception flags do not count, and are not preserved.
#pragma once

#include <xmmintrin.h>

namespace sinter::detail {

class FloatEnvironment {
 public:
  FloatEnvironment() : saved_(_mm_getcsr()) {
    if (differs()) _mm_setcsr(kDefault);
  }
  ~FloatEnvironment() {
    if (differs()) _mm_setcsr(saved_);
  }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  static constexpr unsigned kDefault = 0x1f80;
  static constexpr unsigned kStickyFlags = 0x3f;
  [[nodiscard]] bool differs() const { return (saved_ & ~kStickyFlags) != kDefault; }
  const unsigned saved_;
};

}  // namespace sinter::detail
