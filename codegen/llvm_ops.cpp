#include "llvm_ops.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Intrinsics.h>

#include <sinter/ir/assert.h>

namespace sinter::detail {
namespace {

llvm::Value* intrinsic(llvm::IRBuilder<>& builder, llvm::Intrinsic::ID id,
                       llvm::ArrayRef<llvm::Value*> operands) {
  return builder.CreateIntrinsic(operands[0]->getType(), id, operands);
}

llvm::Value* convert(llvm::IRBuilder<>& builder, DType from, DType to, llvm::Value* x) {
  if (from == to) return x;
  llvm::Type* scalar = register_type(builder.getContext(), to, 1);
  llvm::Type* type = x->getType()->getWithNewType(scalar);
  if (from == DType::boolean) return builder.CreateUIToFP(x, type);
  if (to == DType::boolean) {
    return builder.CreateFCmpUNE(x, llvm::ConstantFP::getZero(x->getType()));
  }
  return builder.CreateFPCast(x, type);
}

}  // namespace

llvm::Type* register_type(llvm::LLVMContext& context, DType dtype, unsigned lanes) {
  llvm::Type* scalar = nullptr;
  switch (dtype) {
    case DType::boolean: scalar = llvm::Type::getInt1Ty(context); break;
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

llvm::Value* emit_primitive(llvm::IRBuilder<>& builder, Op op, DType from, DType to,
                            llvm::ArrayRef<llvm::Value*> x) {
  namespace id = llvm::Intrinsic;
  switch (op) {
    case Op::broadcast: return x[0];
    case Op::convert: return convert(builder, from, to, x[0]);
    case Op::add: return builder.CreateFAdd(x[0], x[1]);
    case Op::sub: return builder.CreateFSub(x[0], x[1]);
    case Op::mul: return builder.CreateFMul(x[0], x[1]);
    case Op::div: return builder.CreateFDiv(x[0], x[1]);
    case Op::fma: return intrinsic(builder, id::fma, x);
    case Op::min: return intrinsic(builder, id::minimum, x);
    case Op::max: return intrinsic(builder, id::maximum, x);
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
    case Op::input:
    case Op::constant:
    case Op::parameter:
    case Op::leaky_relu:
    case Op::relu:
    case Op::prelu:
    case Op::relu6:
    case Op::clamp:
    case Op::hardsigmoid:
    case Op::hardswish:
    case Op::sign:
    case Op::square: break;
  }
  SINTER_ASSERT(false, "a kernel computes primitives only");
  return nullptr;
}

}  // namespace sinter::detail
