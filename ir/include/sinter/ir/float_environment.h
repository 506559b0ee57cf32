// FloatEnvironment: sets the default floating-point control bits for a scope.
//
// Everything that sinter computes on the host is defined for round to nearest, with subnormals kept
// and exceptions masked: numbers that it records, folds, parses and prints, plans, and kernels. The
// calling thread may have another mode, most often FTZ and DAZ. So every public function that
// computes with floats constructs a FloatEnvironment first; the destructor restores the caller's
// mode. Reading the control bits takes about a nanosecond, and they are written only if they
// differ. The sticky exception flags are ignored and not preserved.
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
  static constexpr unsigned kDefault = 0x1f80;    // of MXCSR: exceptions masked, all else 0
  static constexpr unsigned kStickyFlags = 0x3f;  // the exception flags of MXCSR
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
