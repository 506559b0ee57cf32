// Throws errors, converts exceptions of the standard library to Error, and ends failed assertions.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include <sinter/ir/assert.h>
#include <sinter/ir/error.h>
#include <sinter/ir/rethrow.h>

namespace sinter {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::invalid_graph: return "invalid_graph";
    case ErrorCode::shape_mismatch: return "shape_mismatch";
    case ErrorCode::dtype_mismatch: return "dtype_mismatch";
    case ErrorCode::invalid_buffer: return "invalid_buffer";
    case ErrorCode::limit_exceeded: return "limit_exceeded";
    case ErrorCode::parse_error: return "parse_error";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::internal: return "internal";
  }
  return "unknown";
}

void fail(ErrorCode code, const std::string& message) { throw Error(code, message); }

namespace detail {
namespace {

/// The error for lack of memory, constructed before main. Copies of a std::runtime_error share its
/// text, so the address of the text identifies a copy.
const Error kNoMemory(
    ErrorCode::limit_exceeded,
    "there is not enough memory for this: release tensors, executables or cache entries, or use "
    "smaller shapes");

}  // namespace

bool is_out_of_memory(const Error& error) { return error.what() == kNoMemory.what(); }

void rethrow_as_error() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    throw Error(kNoMemory);
  } catch (const std::length_error&) {  // a container larger than any memory
    throw Error(kNoMemory);
  }
}

void assertion_failed(const char* expression, const char* file, int line, const char* message) {
  std::fprintf(stderr, "%s:%d: sinter bug: %s: %s\n", file, line, expression, message);
  std::abort();
}
}  // namespace detail

}  // namespace sinter
