// min and max of floats as LLVM instructions: NaN if an operand is NaN, and -0 < +0.
//
// LLVM's intrinsics give the same, but on x86 they take twice as many instructions if neither
// operand is a constant. There, vectors use:
//   AVX-512  vrangeps, which orders -0 before +0
//   AVX2     maxps(a, b) and maxps(b, a), which differ only for zeros of different sign, because
//            maxps returns its second operand if both are equal; AND of the two gives +0 for max,
//            OR gives -0 for min
// A blend then replaces the result by NaN if an operand is NaN.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/target.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// min or max of two scalars or vectors of floats.
[[nodiscard]] llvm::Value* emit_extreme(llvm::IRBuilder<>& builder, const Target& target, Op op,
                                        llvm::Value* a, llvm::Value* b);

}  // namespace sinter::detail
