// Divisions of integers and conversions of floats to integers as LLVM instructions.
//
// No vector unit divides integers, and LLVM scalarises saturating conversions on x86: each lane
// becomes several instructions. So vectors of integers of up to 32 bits are divided as floats,
// which is exact, and conversions on x86 saturate by vector comparisons. Vectors of 64-bit integers
// are divided lane by lane.
#pragma once

#include <llvm/IR/IRBuilder.h>

namespace sinter::detail {

/// a / b of scalars or vectors, rounded towards zero. x / 0 is 0; the lowest value / -1 is the
/// lowest value.
[[nodiscard]] llvm::Value* emit_division(llvm::IRBuilder<>& builder, bool is_signed, llvm::Value* a,
                                         llvm::Value* b);

// Each returns the floats `x` as integers of `type`: truncated towards zero and saturated; NaN
// gives 0.

/// Plain LLVM IR, which x86 executes lane by lane.
[[nodiscard]] llvm::Value* saturate_by_intrinsic(llvm::IRBuilder<>& builder, bool is_signed,
                                                 llvm::Value* x, llvm::Type* type);
/// Vectors by comparisons. If the highest integer is representable as a float, clamps the float to
/// both ends of the range before the conversion. Otherwise clamps it to the lower end, and after
/// the conversion selects the highest integer for floats above the range.
[[nodiscard]] llvm::Value* saturate_by_comparing(llvm::IRBuilder<>& builder, bool is_signed,
                                                 llvm::Value* x, llvm::Type* type);

}  // namespace sinter::detail
