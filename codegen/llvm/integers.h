// Divisions of integers and conversions of floats to integers as LLVM instructions.
//
// No vector unit divides integers, and LLVM takes saturating conversions apart on x86: each lane
// becomes several instructions. Vectors of up to 32 bits are divided as floats, which is exact, and
// x86 saturates by comparisons. Vectors of 64-bit integers are divided lane by lane.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/target.h>

namespace sinter::detail {

/// a / b of scalars or vectors, towards zero: x / 0 is 0, the lowest value / -1 is itself.
[[nodiscard]] llvm::Value* emit_division(llvm::IRBuilder<>& builder, bool is_signed, llvm::Value* a,
                                         llvm::Value* b);

/// The floats `x` as integers of `type`, towards zero; beyond its range its ends, and of NaN 0.
[[nodiscard]] llvm::Value* emit_saturating(llvm::IRBuilder<>& builder, const Target& target,
                                           bool is_signed, llvm::Value* x, llvm::Type* type);

}  // namespace sinter::detail
