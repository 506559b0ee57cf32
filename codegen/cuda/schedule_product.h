// Kernels with a product on a GPU; see schedule_product.cpp.
#pragma once

#include <sinter/codegen/cuda.h>

#include "schedule/placement.h"

namespace sinter::detail {

[[nodiscard]] LoopNest schedule_cuda_product(const Graph& body, const LoopSpace& space,
                                             Placement placement, const GpuTarget& target);

}  // namespace sinter::detail
