// The enum values in a nest, which a caller may have made by itself.
#pragma once

#include <sinter/codegen/loop_nest.h>

namespace sinter::detail {

/// Throws Error(invalid_argument) for a value in `nest` that its enum does not list. Linear time.
void check_enums(const LoopNest& nest);

}  // namespace sinter::detail
