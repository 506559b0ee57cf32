// Error: the one exception type of sinter, for everything that a user or the environment can cause.
//
// The message names what was given (op, dtypes, shapes) and what is accepted. A bug in sinter
// aborts the program (assert.h). A bug that a self-check of sinter finds before anything wrong is
// computed throws Error(internal) instead.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sinter/ir/export.h>

namespace sinter {

enum class ErrorCode : std::uint8_t {
  invalid_argument,  ///< an option, name or number that the call does not accept
  invalid_graph,     ///< a graph that the verifier or the graph builder refuses
  shape_mismatch,    ///< shapes that do not fit each other, or a buffer of the wrong shape
  dtype_mismatch,    ///< operands or buffers of the wrong dtype
  invalid_buffer,    ///< memory that is null, misaligned or overlapping, or has the wrong layout
  limit_exceeded,    ///< a rank, element count or node count above its limit, or lack of memory
  parse_error,       ///< text that does not parse; the message shows line, column and a caret
  unsupported,       ///< a valid request that this build or this machine cannot serve
  internal,          ///< a bug in sinter that a check found before anything ran (see `verify` of a
                     ///< Plan), or an unexpected failure of another library
};

/// Returns the name of the enumerator, such as "invalid_graph".
[[nodiscard]] SINTER_API std::string_view to_string(ErrorCode code);

/// The only exception type that sinter throws. `what()` is the whole message.
class SINTER_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Throws Error. All errors but those for lack of memory pass through this function, so set a
/// breakpoint here.
[[noreturn]] SINTER_API void fail(ErrorCode code, const std::string& message);

}  // namespace sinter
