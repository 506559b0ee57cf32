// Checks of the enum values in a nest, which may come from a caller instead of a scheduler.
#pragma once

#include <sinter/codegen/loop_nest.h>

namespace sinter::detail {

/// Throws Error(invalid_argument) if `nest` holds a value that its enum does not list. Linear time.
void check_enums(const LoopNest& nest);

}  // namespace sinter::detail
