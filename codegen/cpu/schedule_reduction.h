// The CPU schedule of a kernel with reductions; see reductions.h.
#pragma once

#include "cpu/nest.h"

namespace sinter::detail {

/// Fills an empty nest.
[[nodiscard]] LoopNest schedule_reduction(CpuNest nest);

}  // namespace sinter::detail
