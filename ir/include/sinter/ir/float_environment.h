// FloatEnvironment: the default floating-point control bits for a scope.
//
// What sinter computes on the host (numbers that it records, folds, reads and prints; plans;
// kernels) is defined for round to nearest, subnormals kept and exceptions masked. A calling thread
// may have set something else (a rounding mode; FTZ and DAZ, mostly). So every public function that
// computes with floats begins with one of these, which restores what the caller had, also when it
// throws. Reading the control bits costs a nanosecond: they are written only where they differ. The
// sticky exception flags do not count, and are not preserved.
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif

namespace sinter::detail {

#if defined(__x86_64__)

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

#else

class FloatEnvironment {
 public:
  FloatEnvironment() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~FloatEnvironment() { std::fesetenv(&saved_); }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  std::fenv_t saved_{};
};

#endif

}  // namespace sinter::detail
