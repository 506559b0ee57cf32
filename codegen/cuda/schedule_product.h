// The CUDA schedule of a kernel with a product.
#pragma once

#include <sinter/codegen/cuda.h>

#include "schedule/placement.h"

namespace sinter::detail {

/// Returns the nest of a body with one product; see schedule_product.cpp. `placement` is that of
/// `body` in `space`.
[[nodiscard]] LoopNest schedule_cuda_product(const Graph& body, const LoopSpace& space,
                                             Placement placement, const GpuTarget& target);

}  // namespace sinter::detail
