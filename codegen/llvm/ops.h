// One primitive as LLVM instructions, for scalars and vectors alike.
//
// Every instruction is exactly rounded and carries no fast-math flag; every intrinsic used becomes
// instructions of the target, never a call (the tests check the objects). Masks are i1 in
// registers.
#pragma once

#include <cstdint>

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/target.h>
#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// The type of `lanes` elements in a register: a scalar for one lane; i1 for masks, bits for 16-bit
/// floats.
[[nodiscard]] llvm::Type* register_type(llvm::LLVMContext& context, DType dtype, unsigned lanes);

/// Their type in memory: i8 for masks.
[[nodiscard]] llvm::Type* memory_type(llvm::LLVMContext& context, DType dtype, unsigned lanes);

/// The vector 0, 1, 2, ... of `type`, an integer of 32 or 64 bits.
[[nodiscard]] llvm::Constant* lane_numbers(llvm::Type* type, unsigned lanes);

/// Where the NaNs that a value may be have bits. An instruction of x86 or AArch64 gives the NaN of
/// an operand, made quiet, or the default one, which has none in its lower half: what is computed
/// from bf16, integers, constants and parameters (whose NaN is the default one) keeps lower halves
/// empty.
enum class NanBits : std::uint8_t { upper_half, any };
[[nodiscard]] NanBits nan_bits_of_load(DType dtype);
/// `operands` is `any` where one of them is.
[[nodiscard]] NanBits nan_bits_of_result(Op op, DType from, NanBits operands);

/// op(operands), all of one form. `from` is the dtype of the last operand, `to` that of the result;
/// `nans` holds for every f32 operand. `op` is a primitive: leaves and composites abort.
[[nodiscard]] llvm::Value* emit_primitive(llvm::IRBuilder<>& builder, const Target& target, Op op,
                                          DType from, DType to,
                                          llvm::ArrayRef<llvm::Value*> operands, NanBits nans);

}  // namespace sinter::detail
