// How an exception of the standard library leaves sinter: every public function that allocates ends
// in a handler that calls this.
#pragma once

#include <sinter/ir/error.h>

namespace sinter::detail {

/// In a handler: throws what is handled, but where memory is out (bad_alloc, length_error)
/// Error(limit_exceeded) in its place. Needs no memory.
[[noreturn]] SINTER_API void rethrow_as_error();

/// True for an Error that rethrow_as_error threw because memory was out.
[[nodiscard]] SINTER_API bool is_out_of_memory(const Error& error);

}  // namespace sinter::detail
