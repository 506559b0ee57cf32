// Conversions between f32 and the bits of f16 as LLVM instructions. bf16 is in ops.cpp.
#pragma once

#include <llvm/IR/IRBuilder.h>

namespace sinter::detail {

// f32 from integers of 16 bits, and the reverse, rounded to nearest even. Scalars or vectors. A NaN
// becomes a quiet NaN.

/// By LLVM's conversions: instructions of F16C and NEON. Without them LLVM would call a function.
[[nodiscard]] llvm::Value* extend_half(llvm::IRBuilder<>& builder, llvm::Value* bits);
[[nodiscard]] llvm::Value* round_to_half(llvm::IRBuilder<>& builder, llvm::Value* x);

/// By integers and one multiplication or addition of f32, which is exact or rounds once.
[[nodiscard]] llvm::Value* extend_half_by_integers(llvm::IRBuilder<>& builder, llvm::Value* bits);
[[nodiscard]] llvm::Value* round_to_half_by_integers(llvm::IRBuilder<>& builder, llvm::Value* x);

}  // namespace sinter::detail
