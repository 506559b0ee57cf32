// SINTER_SANITIZED: true in a build with AddressSanitizer or ThreadSanitizer.
// SINTER_ADDRESS_SANITIZED: true in a build with AddressSanitizer.
#pragma once

#if defined(__has_feature)
#define SINTER_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#define SINTER_ADDRESS_SANITIZED __has_feature(address_sanitizer)
#else
#define SINTER_SANITIZED 0
#define SINTER_ADDRESS_SANITIZED 0
#endif

#if SINTER_ADDRESS_SANITIZED
#include <sanitizer/lsan_interface.h>
#endif

namespace sinter::test {

/// Excludes allocations made during its lifetime from leak detection, for libraries that never free
/// some memory.
struct NoLeaks {
#if SINTER_ADDRESS_SANITIZED
  NoLeaks() { __lsan_disable(); }
  ~NoLeaks() { __lsan_enable(); }
#else
  NoLeaks() {}
  ~NoLeaks() {}
#endif
  NoLeaks(const NoLeaks&) = delete;
  NoLeaks& operator=(const NoLeaks&) = delete;
};

}  // namespace sinter::test
