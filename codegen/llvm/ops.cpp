#include "llvm/ops.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Intrinsics.h>

#include <limits>

#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>

#include "llvm/integers.h"

namespace sinter::detail {
namespace {

llvm::Value* intrinsic(llvm::IRBuilder<>& builder, llvm::Intrinsic::ID id,
                       llvm::ArrayRef<llvm::Value*> operands) {
  return builder.CreateIntrinsic(operands[0]->getType(), id, operands);
}

bool is_signed(DType dtype) { return info(dtype).kind == DTypeKind::signed_integer; }

llvm::Type* type_like(llvm::IRBuilder<>& builder, llvm::Value* x, DType dtype) {
  return x->getType()->getWithNewType(register_type(builder.getContext(), dtype, 1));
}

llvm::Type* integer_like(llvm::Value* x, unsigned bits) {
  return x->getType()->getWithNewType(llvm::IntegerType::get(x->getContext(), bits));
}

llvm::Value* number(llvm::Value* like, std::uint64_t value) {
  return llvm::ConstantInt::get(like->getType(), value);
}

// --- Conversion ----------------------------------------------------------------------------------

llvm::Value* as_bits(llvm::IRBuilder<>& builder, llvm::Value* x) {
  return builder.CreateBitCast(x, integer_like(x, x->getType()->getScalarSizeInBits()));
}

/// f32 from the bits of a 16-bit float.
llvm::Value* load_float16(llvm::IRBuilder<>& builder, const Lowerings& by, DType from,
                          llvm::Value* bits) {
  if (from == DType::f16) return by.extend_half(builder, bits);
  llvm::Value* wide = builder.CreateZExt(bits, integer_like(bits, 32));
  return builder.CreateBitCast(builder.CreateShl(wide, 16), type_like(builder, bits, DType::f32));
}

/// The bits of f32 rounded to bf16, to nearest even: adds 0x7fff, and 1 more if the upper half is
/// odd, and takes the upper half. Written as a subtraction of -0x7fff or -0x8000, it takes one
/// instruction less on targets with a ternary logic instruction.
///
/// If a NaN has bits in its lower half, the sum could carry into its exponent and sign. If its
/// lower half is 0, nothing carries into the upper half.
llvm::Value* round_to_bf16(llvm::IRBuilder<>& builder, llvm::Value* x, NanBits nans) {
  llvm::Value* bits = as_bits(builder, x);
  llvm::Value* odd = builder.CreateAnd(builder.CreateLShr(bits, 16), number(bits, 1));
  llvm::Value* rounded = builder.CreateSub(bits, builder.CreateXor(odd, number(bits, 0xffff8001)));
  if (nans == NanBits::any) {
    llvm::Value* is_nan = builder.CreateFCmpUNO(x, x);
    rounded = builder.CreateSelect(is_nan, number(bits, 0x7fc00000), rounded);
  }
  return builder.CreateTrunc(builder.CreateLShr(rounded, 16), integer_like(bits, 16));
}

/// f64 to f32, rounded to odd: an inexact value becomes the neighbour whose last bit is set. A
/// second rounding, to a format at least two bits shorter, then gives the same as one from f64 (S.
/// Boldo, G. Melquiond, "When double rounding is odd", 2005).
llvm::Value* round_to_odd(llvm::IRBuilder<>& builder, llvm::Value* x) {
  llvm::Value* near = builder.CreateFPTrunc(x, type_like(builder, x, DType::f32));
  llvm::Value* back = builder.CreateFPExt(near, x->getType());
  llvm::Value* bits = as_bits(builder, near);
  llvm::Value* even = builder.CreateIsNull(builder.CreateAnd(bits, number(bits, 1)));
  llvm::Value* inexact = builder.CreateFCmpONE(back, x);
  const auto magnitude = [&](llvm::Value* of) {
    return intrinsic(builder, llvm::Intrinsic::fabs, of);
  };
  llvm::Value* below = builder.CreateFCmpOLT(magnitude(back), magnitude(x));
  llvm::Value* step = builder.CreateSelect(below, number(bits, 1), number(bits, ~std::uint64_t{0}));
  llvm::Value* moved = builder.CreateAdd(bits, step);
  llvm::Value* odd = builder.CreateSelect(builder.CreateAnd(inexact, even), moved, bits);
  return builder.CreateBitCast(odd, near->getType());
}

/// The bits of f32 or f64 as a 16-bit float.
llvm::Value* store_float16(llvm::IRBuilder<>& builder, const Lowerings& by, DType from, DType to,
                           llvm::Value* x, NanBits nans) {
  if (from == DType::f64) x = round_to_odd(builder, x);
  if (to == DType::bf16) return round_to_bf16(builder, x, nans);
  return by.round_to_half(builder, x);
}

llvm::Value* convert(llvm::IRBuilder<>& builder, const Lowerings& by, DType from, DType to,
                     llvm::Value* x, NanBits nans) {
  if (from == to) return x;
  if (is_storage_float(from)) {
    x = load_float16(builder, by, from, x);
    return convert(builder, by, DType::f32, to, x, NanBits::any);
  }
  if (is_storage_float(to)) {
    if (is_floating(from)) return store_float16(builder, by, from, to, x, nans);
    x = convert(builder, by, from, DType::f32, x, nans);
    return store_float16(builder, by, DType::f32, to, x, NanBits::upper_half);  // never NaN
  }
  if (to == DType::boolean) {
    return is_floating(from) ? builder.CreateFCmpUNE(x, llvm::ConstantFP::getZero(x->getType()))
                             : builder.CreateIsNotNull(x);
  }
  llvm::Type* type = type_like(builder, x, to);
  if (is_floating(from) && is_floating(to)) return builder.CreateFPCast(x, type);
  if (is_floating(from)) return by.saturate(builder, is_signed(to), x, type);
  if (is_floating(to)) {
    return is_signed(from) ? builder.CreateSIToFP(x, type) : builder.CreateUIToFP(x, type);
  }
  return builder.CreateIntCast(x, type, is_signed(from));
}

/// The bits of `x`, with every NaN as the one quiet NaN. 16-bit floats are bits already.
llvm::Value* canonical_bits(llvm::IRBuilder<>& builder, DType from, llvm::Value* x) {
  if (!is_floating(from)) return x;
  llvm::Value* bits = is_storage_float(from) ? x : as_bits(builder, x);
  llvm::Value* is_nan = nullptr;
  if (is_storage_float(from)) {
    const std::uint64_t infinity = element_bits(std::numeric_limits<double>::infinity(), from);
    llvm::Value* magnitude = builder.CreateAnd(bits, number(bits, 0x7fff));
    is_nan = builder.CreateICmpUGT(magnitude, number(bits, infinity));
  } else {
    is_nan = builder.CreateFCmpUNO(x, x);
  }
  const std::uint64_t quiet = element_bits(std::numeric_limits<double>::quiet_NaN(), from);
  return builder.CreateSelect(is_nan, number(bits, quiet), bits);
}

/// `bits` reinterpreted as `to`. Those of a float come from canonical_bits, unless the bits of NaNs
/// do not matter.
llvm::Value* bitcast(llvm::IRBuilder<>& builder, DType from, DType to, llvm::Value* bits) {
  if (from == DType::boolean) bits = builder.CreateZExt(bits, integer_like(bits, 8));
  return builder.CreateBitCast(bits, type_like(builder, bits, to));
}

// --- Integers ------------------------------------------------------------------------------------

llvm::Value* shift_left(llvm::IRBuilder<>& builder, llvm::Value* x, llvm::Value* count) {
  const unsigned bits = x->getType()->getScalarSizeInBits();
  llvm::Value* inside = builder.CreateICmpULT(count, number(count, bits));
  return builder.CreateSelect(inside, builder.CreateShl(x, count), number(x, 0));
}

llvm::Value* shift_right(llvm::IRBuilder<>& builder, bool is_signed, llvm::Value* x,
                         llvm::Value* count) {
  const unsigned bits = x->getType()->getScalarSizeInBits();
  if (is_signed) {
    llvm::Value* most = number(count, bits - 1);
    return builder.CreateAShr(x, builder.CreateBinaryIntrinsic(llvm::Intrinsic::umin, count, most));
  }
  llvm::Value* inside = builder.CreateICmpULT(count, number(count, bits));
  return builder.CreateSelect(inside, builder.CreateLShr(x, count), number(x, 0));
}

/// A primitive whose meaning differs between floats and integers, on integers; nullptr for any
/// other primitive.
llvm::Value* emit_on_integers(llvm::IRBuilder<>& builder, Op op, bool is_signed,
                              llvm::ArrayRef<llvm::Value*> x) {
  namespace id = llvm::Intrinsic;
  const auto compare = [&](llvm::CmpInst::Predicate with_sign, llvm::CmpInst::Predicate without) {
    return builder.CreateICmp(is_signed ? with_sign : without, x[0], x[1]);
  };
  switch (op) {
    case Op::add: return builder.CreateAdd(x[0], x[1]);
    case Op::sub: return builder.CreateSub(x[0], x[1]);
    case Op::mul: return builder.CreateMul(x[0], x[1]);
    case Op::div: return emit_division(builder, is_signed, x[0], x[1]);
    case Op::min: return intrinsic(builder, is_signed ? id::smin : id::umin, x);
    case Op::max: return intrinsic(builder, is_signed ? id::smax : id::umax, x);
    case Op::neg: return builder.CreateNeg(x[0]);
    case Op::abs:
      if (!is_signed) return x[0];
      return builder.CreateIntrinsic(x[0]->getType(), id::abs, {x[0], builder.getFalse()});
    case Op::equal: return builder.CreateICmpEQ(x[0], x[1]);
    case Op::not_equal: return builder.CreateICmpNE(x[0], x[1]);
    case Op::less: return compare(llvm::CmpInst::ICMP_SLT, llvm::CmpInst::ICMP_ULT);
    case Op::less_equal: return compare(llvm::CmpInst::ICMP_SLE, llvm::CmpInst::ICMP_ULE);
    case Op::greater: return compare(llvm::CmpInst::ICMP_SGT, llvm::CmpInst::ICMP_UGT);
    case Op::greater_equal: return compare(llvm::CmpInst::ICMP_SGE, llvm::CmpInst::ICMP_UGE);
    case Op::shift_left: return shift_left(builder, x[0], x[1]);
    case Op::shift_right: return shift_right(builder, is_signed, x[0], x[1]);
    default: return nullptr;  // the same on every dtype
  }
}

}  // namespace

llvm::Type* register_type(llvm::LLVMContext& context, DType dtype, unsigned lanes) {
  llvm::Type* scalar = nullptr;
  switch (dtype) {
    case DType::boolean: scalar = llvm::Type::getInt1Ty(context); break;
    case DType::i8:
    case DType::u8: scalar = llvm::Type::getInt8Ty(context); break;
    case DType::i16:
    case DType::f16:  // bits: nothing is computed on them
    case DType::bf16: scalar = llvm::Type::getInt16Ty(context); break;
    case DType::i32: scalar = llvm::Type::getInt32Ty(context); break;
    case DType::i64: scalar = llvm::Type::getInt64Ty(context); break;
    case DType::f32: scalar = llvm::Type::getFloatTy(context); break;
    case DType::f64: scalar = llvm::Type::getDoubleTy(context); break;
  }
  return lanes == 1 ? scalar : llvm::FixedVectorType::get(scalar, lanes);
}

llvm::Type* memory_type(llvm::LLVMContext& context, DType dtype, unsigned lanes) {
  if (dtype != DType::boolean) return register_type(context, dtype, lanes);
  llvm::Type* byte = llvm::Type::getInt8Ty(context);
  return lanes == 1 ? byte : llvm::FixedVectorType::get(byte, lanes);
}

llvm::Constant* lane_numbers(llvm::Type* type, unsigned lanes) {
  llvm::SmallVector<llvm::Constant*, 64> numbers;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    numbers.push_back(llvm::ConstantInt::get(type, lane));
  }
  return llvm::ConstantVector::get(numbers);
}

NanBits nan_bits_of_load(DType dtype) {
  return dtype == DType::bf16 || !is_floating(dtype) ? NanBits::upper_half : NanBits::any;
}

NanBits nan_bits_of_result(Op op, DType from, NanBits operands) {
  if (op == Op::bitcast || op == Op::raw_bitcast) return NanBits::any;
  return op == Op::convert ? nan_bits_of_load(from) : operands;
}

llvm::Value* emit_primitive(llvm::IRBuilder<>& builder, const Lowerings& by, Op op, DType from,
                            DType to, llvm::ArrayRef<llvm::Value*> x, NanBits nans) {
  namespace id = llvm::Intrinsic;
  if (is_integer(from) && op != Op::convert) {
    if (llvm::Value* value = emit_on_integers(builder, op, is_signed(from), x)) return value;
  }
  switch (op) {
    case Op::broadcast: return x[0];
    case Op::convert: return convert(builder, by, from, to, x[0], nans);
    case Op::bitcast: return bitcast(builder, from, to, canonical_bits(builder, from, x[0]));
    case Op::raw_bitcast: return bitcast(builder, from, to, x[0]);
    case Op::add: return builder.CreateFAdd(x[0], x[1]);
    case Op::sub: return builder.CreateFSub(x[0], x[1]);
    case Op::mul: return builder.CreateFMul(x[0], x[1]);
    case Op::div: return builder.CreateFDiv(x[0], x[1]);
    case Op::fma: return intrinsic(builder, id::fma, x);
    case Op::min:
    case Op::max: return by.extreme(builder, op, x[0], x[1]);
    case Op::neg: return builder.CreateFNeg(x[0]);
    case Op::abs: return intrinsic(builder, id::fabs, x);
    case Op::sqrt: return intrinsic(builder, id::sqrt, x);
    case Op::floor: return intrinsic(builder, id::floor, x);
    case Op::ceil: return intrinsic(builder, id::ceil, x);
    case Op::trunc: return intrinsic(builder, id::trunc, x);
    case Op::round: return intrinsic(builder, id::roundeven, x);
    case Op::equal: return builder.CreateFCmpOEQ(x[0], x[1]);
    case Op::not_equal: return builder.CreateFCmpUNE(x[0], x[1]);
    case Op::less: return builder.CreateFCmpOLT(x[0], x[1]);
    case Op::less_equal: return builder.CreateFCmpOLE(x[0], x[1]);
    case Op::greater: return builder.CreateFCmpOGT(x[0], x[1]);
    case Op::greater_equal: return builder.CreateFCmpOGE(x[0], x[1]);
    case Op::logical_and: return builder.CreateAnd(x[0], x[1]);
    case Op::logical_or: return builder.CreateOr(x[0], x[1]);
    case Op::logical_xor: return builder.CreateXor(x[0], x[1]);
    case Op::logical_not: return builder.CreateNot(x[0]);
    case Op::select: return builder.CreateSelect(x[0], x[1], x[2]);
    case Op::bit_and: return builder.CreateAnd(x[0], x[1]);
    case Op::bit_or: return builder.CreateOr(x[0], x[1]);
    case Op::bit_xor: return builder.CreateXor(x[0], x[1]);
    case Op::bit_not: return builder.CreateNot(x[0]);
    case Op::shift_left:
    case Op::shift_right:  // on integers only: emit_on_integers has them
    case Op::lut16:        // has a table: lookup.cpp
#include <sinter/ir/lowered_cases.def>
      break;
  }
  SINTER_ASSERT(false, "a kernel computes primitives only");
  return nullptr;
}

}  // namespace sinter::detail
