// The CUDA schedule of a kernel with reductions.
#pragma once

#include <sinter/codegen/cuda.h>

#include "schedule/placement.h"

namespace sinter::detail {

/// Returns the nest of a body with reductions and no product; see schedule_reduction.cpp.
/// `placement` is that of `body` in `space`.
[[nodiscard]] LoopNest schedule_cuda_reduction(const Graph& body, const LoopSpace& space,
                                               Placement placement, const GpuTarget& target);

}  // namespace sinter::detail
