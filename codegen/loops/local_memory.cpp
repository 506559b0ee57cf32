#include "loops/local_memory.h"

#include <algorithm>
#include <variant>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/ir/rethrow.h>

#include "loops/enums.h"

namespace sinter {
namespace detail {
namespace {

/// Bytes of stack for spills other than accumulators: splats that LlvmEmitter hoists (at most 64
/// vectors of 64 bytes) and single values.
constexpr std::int64_t kSpillBytes = std::int64_t{6} << 10;

std::int64_t aligned_bytes(const Argument& argument) {
  const std::int64_t bytes = std::int64_t{argument.local} * info(argument.dtype).bytes;
  return (bytes + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
}

/// Returns the most bytes that nested loops of `block` carry at once. `lanes` is the number of
/// lanes of the enclosing loop.
std::int64_t carried_bytes(const LoopNest& nest, const Block& block, std::int64_t lanes = 1) {
  std::int64_t most = 0;
  for (const Statement& statement : block) {
    const Loop* loop = std::get_if<Loop>(&statement);
    if (loop == nullptr) continue;
    const std::int64_t inner = loop->has_lanes() ? loop->step() : lanes;
    std::int64_t bytes = carried_bytes(nest, loop->body, inner);
    for (const Carry& carry : loop->carried) bytes += info(nest.dtype(carry.value)).bytes * inner;
    most = std::max(most, bytes);
  }
  return most;
}

}  // namespace

std::int64_t local_bytes(const LoopNest& nest) {
  return scratch_offset(nest, nest.arguments.size());
}

/// An accumulator may be spilled twice: at the start of an iteration and at its end.
bool locals_fit_stack(const LoopNest& nest) {
  const std::int64_t bytes = local_bytes(nest);
  return bytes == 0 ||
         bytes + 2 * carried_bytes(nest, nest.body) + kSpillBytes <= kKernelStackBytes;
}

std::int64_t scratch_offset(const LoopNest& nest, std::size_t argument) {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < argument; ++i) bytes += aligned_bytes(nest.arguments[i]);
  return bytes;
}

}  // namespace detail

std::int64_t scratch_bytes(const LoopNest& nest) try {
  detail::check_enums(nest);
  return nest.locals_in_scratch ? detail::local_bytes(nest) : 0;
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
