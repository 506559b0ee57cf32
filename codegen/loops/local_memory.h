// Where the local arguments of a CPU's nest lie: on the stack if all of them together fit there,
// beside what the kernel spills, else in the scratch block of the call, one after another.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sinter/codegen/loop_nest.h>

namespace sinter::detail {

/// Bytes of all local arguments, each aligned to kScratchAlignment.
[[nodiscard]] std::int64_t local_bytes(const LoopNest& nest);

/// True if the local arguments may lie on the stack.
[[nodiscard]] bool locals_fit_stack(const LoopNest& nest);

/// Distance in bytes of a local argument from the beginning of the scratch block.
[[nodiscard]] std::int64_t scratch_offset(const LoopNest& nest, std::size_t argument);

}  // namespace sinter::detail
