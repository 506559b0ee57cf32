// Conversion of exceptions of the standard library to Error. Every public function that allocates
// memory ends in a handler that calls rethrow_as_error.
#pragma once

#include <sinter/ir/error.h>

namespace sinter::detail {

/// Rethrows the exception that the calling handler caught. Throws Error(limit_exceeded) instead of
/// bad_alloc and length_error. Allocates no memory.
[[noreturn]] SINTER_API void rethrow_as_error();

/// True for an Error that rethrow_as_error threw instead of bad_alloc or length_error.
[[nodiscard]] SINTER_API bool is_out_of_memory(const Error& error);

}  // namespace sinter::detail
