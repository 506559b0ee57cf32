#include "llvm/extremes.h"

#include <algorithm>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/IntrinsicsX86.h>

namespace sinter::detail {
namespace {

namespace id = llvm::Intrinsic;

/// The intrinsic of vrangeps or vrangepd for vectors of `type`; not_intrinsic if they do not fill a
/// register.
llvm::Intrinsic::ID range_of(const llvm::FixedVectorType& type) {
  const bool wide = type.getElementType()->isDoubleTy();
  switch (type.getNumElements() * type.getScalarSizeInBits()) {
    case 128: return wide ? id::x86_avx512_mask_range_pd_128 : id::x86_avx512_mask_range_ps_128;
    case 256: return wide ? id::x86_avx512_mask_range_pd_256 : id::x86_avx512_mask_range_ps_256;
    case 512: return wide ? id::x86_avx512_mask_range_pd_512 : id::x86_avx512_mask_range_ps_512;
    default: return id::not_intrinsic;
  }
}

/// min or max by vrangeps or vrangepd, which order -0 before +0.
llvm::Value* by_range(llvm::IRBuilder<>& builder, llvm::Intrinsic::ID range, Op op, llvm::Value* a,
                      llvm::Value* b, unsigned lanes) {
  constexpr unsigned kLeast = 0b0100;  // minimum, with the sign of the operand that it chooses
  constexpr unsigned kMost = 0b0101;   // maximum, likewise
  constexpr unsigned kRoundingAsSet = 4;
  constexpr unsigned kLeastMask = 8;  // bits of the narrowest mask
  llvm::Constant* all =
      llvm::Constant::getAllOnesValue(builder.getIntNTy(std::max(lanes, kLeastMask)));
  llvm::SmallVector<llvm::Value*, 6> operands{
      a, b, builder.getInt32(op == Op::max ? kMost : kLeast), a, all};
  const bool has_rounding =
      range == id::x86_avx512_mask_range_ps_512 || range == id::x86_avx512_mask_range_pd_512;
  if (has_rounding) operands.push_back(builder.getInt32(kRoundingAsSet));
  return builder.CreateIntrinsic(range, {}, operands);
}

/// min or max by two selections with the operands in both orders; see extremes.h.
llvm::Value* by_both_orders(llvm::IRBuilder<>& builder, Op op, llvm::Value* a, llvm::Value* b) {
  llvm::Type* bits = llvm::VectorType::getInteger(llvm::cast<llvm::VectorType>(a->getType()));
  const auto in_order = [&](llvm::Value* x, llvm::Value* y) {
    llvm::Value* first = op == Op::max ? builder.CreateFCmpOGT(x, y) : builder.CreateFCmpOLT(x, y);
    return builder.CreateBitCast(builder.CreateSelect(first, x, y), bits);
  };
  llvm::Value* ab = in_order(a, b);
  llvm::Value* ba = in_order(b, a);
  llvm::Value* both = op == Op::max ? builder.CreateAnd(ab, ba) : builder.CreateOr(ab, ba);
  return builder.CreateBitCast(both, a->getType());
}

/// True if LLVM's intrinsic takes no more instructions on x86: for scalars and constants.
bool suits_intrinsic(llvm::Value* a, llvm::Value* b) {
  return !a->getType()->isVectorTy() || llvm::isa<llvm::Constant>(a) ||
         llvm::isa<llvm::Constant>(b);
}

llvm::Value* with_nan(llvm::IRBuilder<>& builder, llvm::Value* a, llvm::Value* b,
                      llvm::Value* chosen) {
  llvm::Constant* nan = llvm::ConstantFP::getQNaN(a->getType());
  return builder.CreateSelect(builder.CreateFCmpUNO(a, b), nan, chosen);
}

}  // namespace

llvm::Value* extreme_by_intrinsic(llvm::IRBuilder<>& builder, Op op, llvm::Value* a,
                                  llvm::Value* b) {
  return builder.CreateBinaryIntrinsic(op == Op::max ? id::maximum : id::minimum, a, b);
}

llvm::Value* extreme_by_avx2(llvm::IRBuilder<>& builder, Op op, llvm::Value* a, llvm::Value* b) {
  if (suits_intrinsic(a, b)) return extreme_by_intrinsic(builder, op, a, b);
  return with_nan(builder, a, b, by_both_orders(builder, op, a, b));
}

llvm::Value* extreme_by_avx512(llvm::IRBuilder<>& builder, Op op, llvm::Value* a, llvm::Value* b) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(a->getType());
  const auto range = type == nullptr ? id::not_intrinsic : range_of(*type);
  if (suits_intrinsic(a, b) || range == id::not_intrinsic)
    return extreme_by_avx2(builder, op, a, b);
  return with_nan(builder, a, b, by_range(builder, range, op, a, b, type->getNumElements()));
}

}  // namespace sinter::detail
