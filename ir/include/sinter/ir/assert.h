// SINTER_ASSERT(condition, message): checks a condition that only a bug in sinter can violate. If
// it is false, prints condition, place and message to stderr and aborts, in all build types.
#pragma once

#include <sinter/ir/export.h>

namespace sinter::detail {
[[noreturn]] SINTER_API void assertion_failed(const char* expression, const char* file, int line,
                                              const char* message);
}  // namespace sinter::detail

#define SINTER_ASSERT(condition, message) \
  ((condition) ? static_cast<void>(0)     \
               : ::sinter::detail::assertion_failed(#condition, __FILE__, __LINE__, message))
