// Transposes of square blocks, in registers.
#pragma once

#include <sinter/codegen/loop_nest.h>

#include "llvm/frame.h"

namespace sinter::detail {

void emit_transpose(Frame& frame, const LoopNest& nest, const Transpose& transpose);

}  // namespace sinter::detail
