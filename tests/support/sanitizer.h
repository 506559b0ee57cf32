// SINTER_SANITIZED: whether AddressSanitizer or ThreadSanitizer watches this build;
// SINTER_ADDRESS_SANITIZED: whether the first does.
#pragma once

#if defined(__has_feature)
#define SINTER_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#define SINTER_ADDRESS_SANITIZED __has_feature(address_sanitizer)
#else
#define SINTER_SANITIZED 0
#define SINTER_ADDRESS_SANITIZED 0
#endif
