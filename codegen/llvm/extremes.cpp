#include "llvm/extremes.h"

#include <algorithm>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/TargetParser/Triple.h>

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

}  // namespace

llvm::Value* emit_extreme(llvm::IRBuilder<>& builder, const Target& target, Op op, llvm::Value* a,
                          llvm::Value* b) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(a->getType());
  const bool known = llvm::isa<llvm::Constant>(a) || llvm::isa<llvm::Constant>(b);
  if (type == nullptr || known || !llvm::Triple(target.triple).isX86()) {
    const auto own = op == Op::max ? id::maximum : id::minimum;
    return builder.CreateBinaryIntrinsic(own, a, b);
  }
  const auto range = target.vector_bytes == 64 ? range_of(*type) : id::not_intrinsic;
  llvm::Value* chosen = range == id::not_intrinsic
                            ? by_both_orders(builder, op, a, b)
                            : by_range(builder, range, op, a, b, type->getNumElements());
  llvm::Constant* nan = llvm::ConstantFP::getQNaN(a->getType());
  return builder.CreateSelect(builder.CreateFCmpUNO(a, b), nan, chosen);
}

}  // namespace sinter::detail
