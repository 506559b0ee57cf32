// min and max of floats as LLVM instructions: NaN where an operand is one, and -0 < +0.
//
// What LLVM makes of its own intrinsics on x86 gives the same, in twice as many instructions where
// nothing is known of either operand. There, vectors go another way:
//   AVX-512  vrangeps, which orders zeros
//   AVX2     maxps both ways round, which differ in zeros alone: it gives the second of two. The
//   bits
//            that both have are those of +0, the bits that one has those of -0
// and a blend with NaN.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/target.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// min or max of two scalars or vectors of floats.
[[nodiscard]] llvm::Value* emit_extreme(llvm::IRBuilder<>& builder, const Target& target, Op op,
                                        llvm::Value* a, llvm::Value* b);

}  // namespace sinter::detail
