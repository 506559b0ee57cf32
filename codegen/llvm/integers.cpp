#include "llvm/integers.h"

#include <cmath>

#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Intrinsics.h>

#include <sinter/ir/assert.h>

namespace sinter::detail {
namespace {

/// Width of the integers that a vector unit converts to and from floats.
constexpr unsigned kWord = 32;

/// a / b, with a divisor of 1 where the machine would trap: x / 0 and the lowest value / -1.
llvm::Value* divide_as_integers(llvm::IRBuilder<>& builder, bool is_signed, llvm::Value* a,
                                llvm::Value* b, llvm::Value* by_zero) {
  llvm::Value* traps = by_zero;
  if (is_signed) {
    const unsigned bits = a->getType()->getScalarSizeInBits();
    llvm::Value* lowest =
        llvm::ConstantInt::get(a->getType(), llvm::APInt::getSignedMinValue(bits));
    llvm::Value* minus_one = llvm::Constant::getAllOnesValue(b->getType());
    traps = builder.CreateOr(by_zero, builder.CreateAnd(builder.CreateICmpEQ(a, lowest),
                                                        builder.CreateICmpEQ(b, minus_one)));
  }
  llvm::Value* one = llvm::ConstantInt::get(b->getType(), 1);
  llvm::Value* divisor = builder.CreateSelect(traps, one, b);
  return is_signed ? builder.CreateSDiv(a, divisor) : builder.CreateUDiv(a, divisor);
}

/// a / b of integers of up to 32 bits. f32 holds all 16-bit integers, f64 all 32-bit ones, and
/// rounding keeps the integer part of a quotient. Proof for a, b > 0: let n be the least integer
/// above a / b. Then a / b <= n - 1 / b, so the relative distance from n is at least 1 / (b n). As
/// b n <= a + b, this distance is more than 2^-17 (2^-33 for 32-bit integers). The float before n
/// is nearer to n, and rounding never passes a float.
llvm::Value* divide_as_floats(llvm::IRBuilder<>& builder, bool is_signed, llvm::Value* a,
                              llvm::Value* b) {
  const bool words = a->getType()->getScalarSizeInBits() == kWord;
  SINTER_ASSERT(is_signed || !words, "i32 holds all operands");
  llvm::Type* floats =
      a->getType()->getWithNewType(words ? builder.getDoubleTy() : builder.getFloatTy());
  llvm::Type* integers = a->getType()->getWithNewType(builder.getInt32Ty());
  const auto widened = [&](llvm::Value* x) {
    return builder.CreateSIToFP(builder.CreateIntCast(x, integers, is_signed), floats);
  };
  llvm::Value* quotient = builder.CreateFDiv(widened(a), widened(b));
  llvm::Value* whole = builder.CreateFPToSI(quotient, integers);
  if (words) {  // the lowest value / -1 is out of range of i32
    llvm::Value* minus_one = llvm::Constant::getAllOnesValue(b->getType());
    whole = builder.CreateSelect(builder.CreateICmpEQ(b, minus_one), builder.CreateNeg(a), whole);
  }
  return builder.CreateTrunc(whole, a->getType());
}

}  // namespace

llvm::Value* emit_division(llvm::IRBuilder<>& builder, bool is_signed, llvm::Value* a,
                           llvm::Value* b) {
  llvm::Value* by_zero = builder.CreateIsNull(b);
  const bool as_floats = a->getType()->isVectorTy() && a->getType()->getScalarSizeInBits() <= kWord;
  llvm::Value* quotient = as_floats ? divide_as_floats(builder, is_signed, a, b)
                                    : divide_as_integers(builder, is_signed, a, b, by_zero);
  return builder.CreateSelect(by_zero, llvm::Constant::getNullValue(a->getType()), quotient);
}

llvm::Value* saturate_by_intrinsic(llvm::IRBuilder<>& builder, bool is_signed, llvm::Value* x,
                                   llvm::Type* type) {
  const auto id = is_signed ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
  return builder.CreateIntrinsic(id, {type, x->getType()}, {x});
}

llvm::Value* saturate_by_comparing(llvm::IRBuilder<>& builder, bool is_signed, llvm::Value* x,
                                   llvm::Type* type) {
  if (!x->getType()->isVectorTy()) return saturate_by_intrinsic(builder, is_signed, x, type);
  const unsigned bits = type->getScalarSizeInBits();
  SINTER_ASSERT(is_signed || bits < kWord, "i32 holds all results");
  const unsigned digits = is_signed ? bits - 1 : bits;
  const double beyond = std::ldexp(1.0, static_cast<int>(digits));
  const auto number = [&](double value) { return llvm::ConstantFP::get(x->getType(), value); };
  llvm::Constant* lowest = number(is_signed ? -beyond : 0);
  llvm::Type* integers =
      bits < kWord ? type->getWithNewType(llvm::Type::getInt32Ty(type->getContext())) : type;

  llvm::Value* limited = builder.CreateSelect(builder.CreateFCmpOGT(x, lowest), x, lowest);
  llvm::Value* whole = nullptr;
  if (digits <= static_cast<unsigned>(x->getType()->getScalarType()->getFPMantissaWidth())) {
    llvm::Constant* highest = number(beyond - 1);
    limited = builder.CreateSelect(builder.CreateFCmpOLT(limited, highest), limited, highest);
    whole = builder.CreateFPToSI(limited, integers);
  } else {
    llvm::Constant* highest =
        llvm::ConstantInt::get(integers, llvm::APInt::getSignedMaxValue(bits));
    whole = builder.CreateSelect(builder.CreateFCmpOLT(x, number(beyond)),
                                 builder.CreateFPToSI(limited, integers), highest);
  }
  llvm::Value* zero = llvm::Constant::getNullValue(integers);
  whole = builder.CreateSelect(builder.CreateFCmpORD(x, x), whole, zero);
  return builder.CreateTrunc(whole, type);
}

}  // namespace sinter::detail
