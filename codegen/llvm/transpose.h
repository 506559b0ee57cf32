// Transpose statements as LLVM IR: square blocks are transposed in registers.
#pragma once

#include <sinter/codegen/loop_nest.h>

#include "llvm/function_builder.h"

namespace sinter::detail {

/// Emits one Transpose statement of `nest` at the insertion point of `frame`.
void emit_transpose(FunctionBuilder& frame, const LoopNest& nest, const Transpose& transpose);

}  // namespace sinter::detail
