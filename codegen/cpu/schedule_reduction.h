// The CPU schedule of a kernel with reductions; see reductions.h.
#pragma once

#include "cpu/strategy.h"
#include "schedule/placement.h"

namespace sinter::detail {

[[nodiscard]] LoopNest schedule_reduction(const Graph& body, const LoopSpace& space,
                                          Placement placement, CpuStrategy strategy);

}  // namespace sinter::detail
