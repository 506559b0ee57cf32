// SINTER_ASSERT: a condition that only a bug in sinter can break. Prints it and aborts.
#pragma once

#include <sinter/ir/export.h>

namespace sinter::detail {
[[noreturn]] SINTER_API void assertion_failed(const char* expression, const char* file, int line,
                                              const char* message);
}  // namespace sinter::detail

#define SINTER_ASSERT(condition, message) \
  ((condition) ? static_cast<void>(0)     \
               : ::sinter::detail::assertion_failed(#condition, __FILE__, __LINE__, message))
