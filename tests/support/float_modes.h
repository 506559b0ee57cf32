// Floating-point environments in which callers may call sinter.
#pragma once

#include <xmmintrin.h>

#include <cfenv>
#include <string>

namespace sinter::test {

struct FloatMode {
  std::string_view name;
  int rounding;
  unsigned flush;  ///< bits of MXCSR
};

inline constexpr FloatMode kFloatModes[] = {
    {"to nearest", FE_TONEAREST, 0},
    {"upward", FE_UPWARD, 0},
    {"downward", FE_DOWNWARD, 0},
    {"toward zero", FE_TOWARDZERO, 0},
    {"flush to zero", FE_TONEAREST, 0x8000},
    {"and subnormals are zero", FE_TONEAREST, 0x8040},
};

/// Sets a mode for a scope. The destructor sets the default mode.
class InFloatMode {
 public:
  explicit InFloatMode(const FloatMode& mode) {
    std::fesetround(mode.rounding);
    _mm_setcsr((_mm_getcsr() & ~kSticky) | mode.flush);
    set_ = _mm_getcsr();
  }
  ~InFloatMode() {
    std::fesetround(FE_TONEAREST);
    _mm_setcsr(0x1f80);
  }
  InFloatMode(const InFloatMode&) = delete;
  InFloatMode& operator=(const InFloatMode&) = delete;
  /// Returns true if the thread is still in the mode.
  [[nodiscard]] bool is_kept() const { return (_mm_getcsr() & ~kSticky) == (set_ & ~kSticky); }

 private:
  static constexpr unsigned kSticky = 0x3f;
  unsigned set_ = 0;
};

}  // namespace sinter::test
