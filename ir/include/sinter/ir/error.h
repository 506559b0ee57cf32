// What a user or the environment can cause: one exception type with a code and one message.
//
// The message names what was given (op, dtypes, shapes) and what would be right. A bug in sinter
// stops the program (assert.h), unless a check of sinter on its own work finds it before anything
// wrong was computed: that is Error(internal).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sinter/ir/export.h>

namespace sinter {

enum class ErrorCode : std::uint8_t {
  invalid_argument,  ///< an option, a name or a scalar that no call accepts
  invalid_graph,     ///< a graph that the verifier or a builder refuses
  shape_mismatch,    ///< shapes that do not broadcast, or a buffer of another shape
  dtype_mismatch,    ///< operands or buffers of the wrong dtype
  invalid_buffer,    ///< null, misaligned, overlapping or wrongly laid out memory
  limit_exceeded,    ///< rank, element count, node count or memory beyond what is served
  parse_error,       ///< text that does not parse; the message shows line, column and a caret
  unsupported,       ///< correct, but not served by this build or this machine
  internal,          ///< a bug in sinter that a check found before anything ran (see `verify` of a
                     ///< Plan), or a foreign library that failed as no input should make it
};

/// "invalid_graph" and so on.
[[nodiscard]] SINTER_API std::string_view to_string(ErrorCode code);

/// The only exception that sinter throws. `what()` is the whole message.
class SINTER_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Throws Error. Every error passes through here: set a breakpoint on it.
[[noreturn]] SINTER_API void fail(ErrorCode code, const std::string& message);

}  // namespace sinter
