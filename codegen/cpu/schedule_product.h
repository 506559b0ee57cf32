// The CPU schedule of a kernel with a product; see schedule_product.cpp.
#pragma once

#include <sinter/codegen/schedule.h>

#include "schedule/placement.h"

namespace sinter::detail {

[[nodiscard]] LoopNest schedule_product(const Graph& body, const LoopSpace& space,
                                        Placement placement, const Target& target,
                                        const ScheduleOptions& options);

}  // namespace sinter::detail
