// DefaultFloatControl: the default floating-point environment for a scope.
//
// Values computed on the host (the interpreter, constant folding) must not depend on what the
// calling thread has set: rounding mode, flush-to-zero, denormals-are-zero.
#pragma once

#include <cfenv>

namespace sinter::detail {

class DefaultFloatControl {
 public:
  DefaultFloatControl() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatControl() { std::fesetenv(&saved_); }
  DefaultFloatControl(const DefaultFloatControl&) = delete;
  DefaultFloatControl& operator=(const DefaultFloatControl&) = delete;

 private:
  std::fenv_t saved_{};
};

}  // namespace sinter::detail
