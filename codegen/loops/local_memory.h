// Placement of the local arguments of a CPU kernel: all of them on the stack if they fit there
// beside the kernel's spills; else one after another in the scratch block of the call.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sinter/codegen/loop_nest.h>

namespace sinter::detail {

/// Bytes of all local arguments, each aligned to kScratchAlignment.
[[nodiscard]] std::int64_t local_bytes(const LoopNest& nest);

/// True if the local arguments may lie on the stack.
[[nodiscard]] bool locals_fit_stack(const LoopNest& nest);

/// Offset in bytes of a local argument in the scratch block.
[[nodiscard]] std::int64_t scratch_offset(const LoopNest& nest, std::size_t argument);

}  // namespace sinter::detail
