// Primitives as LLVM instructions, for scalars and vectors.
//
// Every instruction is exactly rounded and has no fast-math flag. Every intrinsic becomes
// instructions of the target, never a call (tests check the objects). Masks are i1 in registers.
#pragma once

#include <cstdint>

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/IRBuilder.h>

#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

#include "llvm/lowerings.h"

namespace sinter::detail {

/// The type of `lanes` elements in a register: a scalar for one lane; i1 for masks, bits for 16-bit
/// floats.
[[nodiscard]] llvm::Type* register_type(llvm::LLVMContext& context, DType dtype, unsigned lanes);

/// The type of `lanes` elements in memory: register_type, but i8 for masks.
[[nodiscard]] llvm::Type* memory_type(llvm::LLVMContext& context, DType dtype, unsigned lanes);

/// The vector 0, 1, 2, ... of `lanes` integers of `type`.
[[nodiscard]] llvm::Constant* lane_numbers(llvm::Type* type, unsigned lanes);

/// Which bits a NaN of an f32 value may have set: `upper_half` if the lower 16 bits of every NaN
/// are 0. An instruction of x86 or AArch64 returns a NaN operand, made quiet, or the default NaN,
/// whose lower half is 0. So values computed from bf16, integers, constants and parameters (whose
/// NaN is the default one) are `upper_half`.
enum class NanBits : std::uint8_t { upper_half, any };
/// Returns the NanBits of f32 values that are loaded as `dtype` or converted from it.
[[nodiscard]] NanBits nan_bits_of_load(DType dtype);
/// Returns the NanBits of the result of `op`. `operands` is NanBits::any if that holds for any of
/// the operands.
[[nodiscard]] NanBits nan_bits_of_result(Op op, DType from, NanBits operands);

/// Returns op(operands). The operands are all scalars, or all vectors of as many lanes. `from` is
/// the dtype of the last operand, `to` that of the result; `nans` holds for every f32 operand. `op`
/// is a primitive: leaves and composites abort.
[[nodiscard]] llvm::Value* emit_primitive(llvm::IRBuilder<>& builder, const Lowerings& by, Op op,
                                          DType from, DType to,
                                          llvm::ArrayRef<llvm::Value*> operands, NanBits nans);

}  // namespace sinter::detail
