#include "llvm/float16.h"

#include <cstdint>

#include <llvm/IR/Constants.h>

namespace sinter::detail {
namespace {

constexpr unsigned kShift = 13;                     ///< digits of f32 (23) less those of f16 (10)
constexpr std::uint64_t kInfinity = 0x7f800000;     ///< of f32
constexpr std::uint64_t kQuiet = 0x00400000;        ///< the bit of a quiet NaN of f32
constexpr std::uint64_t kLeastNormal = 0x38800000;  ///< 2^-14 as f32
constexpr std::uint64_t kBeyond = 0x47800000;       ///< 2^16 as f32, above all of f16

llvm::Type* like(llvm::Value* x, llvm::Type* element) {
  return x->getType()->getWithNewType(element);
}

llvm::Value* number(llvm::Value* like, std::uint64_t value) {
  return llvm::ConstantInt::get(like->getType(), value);
}

}  // namespace

llvm::Value* extend_half(llvm::IRBuilder<>& builder, llvm::Value* bits) {
  llvm::Value* half = builder.CreateBitCast(bits, like(bits, builder.getHalfTy()));
  return builder.CreateFPExt(half, like(bits, builder.getFloatTy()));
}

llvm::Value* round_to_half(llvm::IRBuilder<>& builder, llvm::Value* x) {
  llvm::Value* half = builder.CreateFPTrunc(x, like(x, builder.getHalfTy()));
  return builder.CreateBitCast(half, like(x, builder.getInt16Ty()));
}

/// The exponent and the digits of f16, moved to where f32 has its own, are the number times 2^-112:
/// the difference of the two biases. The product with 2^112 is exact, also for subnormal numbers.
llvm::Value* extend_half_by_integers(llvm::IRBuilder<>& builder, llvm::Value* bits) {
  llvm::Type* f32 = like(bits, builder.getFloatTy());
  llvm::Value* wide = builder.CreateZExt(bits, like(bits, builder.getInt32Ty()));
  llvm::Value* magnitude = builder.CreateAnd(wide, number(wide, 0x7fff));
  llvm::Value* sign = builder.CreateShl(builder.CreateAnd(wide, number(wide, 0x8000)), 16);
  llvm::Value* moved = builder.CreateShl(magnitude, kShift);
  llvm::Value* finite = builder.CreateBitCast(
      builder.CreateFMul(builder.CreateBitCast(moved, f32), llvm::ConstantFP::get(f32, 0x1p112)),
      wide->getType());
  llvm::Value* is_nan = builder.CreateICmpUGT(magnitude, number(wide, 0x7c00));
  llvm::Value* quiet =
      builder.CreateSelect(is_nan, number(wide, kInfinity | kQuiet), number(wide, kInfinity));
  llvm::Value* is_finite = builder.CreateICmpULT(magnitude, number(wide, 0x7c00));
  llvm::Value* special = builder.CreateOr(moved, quiet);
  llvm::Value* result = builder.CreateSelect(is_finite, finite, special);
  return builder.CreateBitCast(builder.CreateOr(result, sign), f32);
}

/// Normal results: moves the exponent from one bias to the other, adds just under half a unit of
/// the last digit that stays, or half a unit if that digit is odd, and cuts; a carry gives the next
/// exponent, and infinity after the greatest. Subnormal results are multiples of 2^-24, to which
/// the addition of 0.5 rounds.
llvm::Value* round_to_half_by_integers(llvm::IRBuilder<>& builder, llvm::Value* x) {
  llvm::Type* i32 = like(x, builder.getInt32Ty());
  llvm::Value* bits = builder.CreateBitCast(x, i32);
  llvm::Value* magnitude = builder.CreateAnd(bits, number(bits, 0x7fffffff));
  llvm::Value* sign = builder.CreateAnd(builder.CreateLShr(bits, 16), number(bits, 0x8000));

  llvm::Value* odd = builder.CreateAnd(builder.CreateLShr(magnitude, kShift), number(bits, 1));
  constexpr std::uint64_t kBias = std::uint64_t{127 - 15} << 23;
  llvm::Value* shifted = builder.CreateAdd(magnitude, number(bits, 0xfff - kBias));
  llvm::Value* normal = builder.CreateLShr(builder.CreateAdd(shifted, odd), kShift);

  llvm::Constant* half = llvm::ConstantFP::get(x->getType(), 0.5);
  llvm::Value* sum = builder.CreateFAdd(builder.CreateBitCast(magnitude, x->getType()), half);
  llvm::Value* subnormal =
      builder.CreateSub(builder.CreateBitCast(sum, i32), builder.CreateBitCast(half, i32));

  llvm::Value* is_small = builder.CreateICmpULT(magnitude, number(bits, kLeastNormal));
  llvm::Value* finite = builder.CreateSelect(is_small, subnormal, normal);
  llvm::Value* is_nan = builder.CreateICmpUGT(magnitude, number(bits, kInfinity));
  llvm::Value* special = builder.CreateSelect(is_nan, number(bits, 0x7e00), number(bits, 0x7c00));
  llvm::Value* is_beyond = builder.CreateICmpUGE(magnitude, number(bits, kBeyond));
  llvm::Value* result = builder.CreateSelect(is_beyond, special, finite);
  return builder.CreateTrunc(builder.CreateOr(result, sign), like(x, builder.getInt16Ty()));
}

}  // namespace sinter::detail
