// min and max of floats as LLVM instructions: NaN if an operand is NaN, and -0 < +0.
//
// LLVM's intrinsics give the same, but on x86 they take twice as many instructions if neither
// operand is a constant.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <sinter/ir/op.h>

namespace sinter::detail {

// Each returns the min or max of two scalars or vectors of floats.

/// Plain LLVM IR.
[[nodiscard]] llvm::Value* extreme_by_intrinsic(llvm::IRBuilder<>& builder, Op op, llvm::Value* a,
                                                llvm::Value* b);
/// Vectors by maxps(a, b) and maxps(b, a), which differ only for zeros of different sign, because
/// maxps returns its second operand if both are equal. AND of the two gives +0 for max, OR gives -0
/// for min. A blend then replaces the result by NaN if an operand is NaN.
[[nodiscard]] llvm::Value* extreme_by_avx2(llvm::IRBuilder<>& builder, Op op, llvm::Value* a,
                                           llvm::Value* b);
/// Vectors that fill a register by vrangeps, which orders -0 before +0, and the same blend.
[[nodiscard]] llvm::Value* extreme_by_avx512(llvm::IRBuilder<>& builder, Op op, llvm::Value* a,
                                             llvm::Value* b);

}  // namespace sinter::detail
