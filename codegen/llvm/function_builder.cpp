#include "llvm/function_builder.h"

#include <algorithm>
#include <bit>

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/ir/assert.h>

#include "llvm/ops.h"
#include "loops/index_table.h"
#include "loops/local_memory.h"

namespace sinter::detail {
namespace {

/// While it lives, the builder's insertion point is before `place`.
class EmitBefore {
 public:
  EmitBefore(llvm::IRBuilder<>& builder, llvm::Instruction* place) : guard_(builder) {
    builder.SetInsertPoint(place);
  }

 private:
  llvm::IRBuilder<>::InsertPointGuard guard_;
};

}  // namespace

FunctionBuilder::FunctionBuilder(const LoopNest& nest, llvm::Function& function)
    : nest_(nest),
      function_(function),
      builder_(function.getContext()),
      variable_depths_(nest.indices.size()),
      indices_(nest.indices.size()),
      buffers_(nest.arguments.size()) {}

llvm::BasicBlock* FunctionBuilder::new_block(const char* name) {
  return llvm::BasicBlock::Create(context(), name, &function_);
}

void FunctionBuilder::bind(IndexId variable, llvm::Value* value) {
  indices_[variable.index] = value;
  variable_depths_[variable.index] = scopes_.size();
}

/// Position in scopes_ of the outermost scope in which `id` is known.
std::size_t FunctionBuilder::depth(IndexId id) const {
  const Index& index = nest_.index(id);
  if (index.op == IndexOp::variable) return variable_depths_[id.index];
  const int operands = operand_count(index.op);
  const std::size_t a = operands > 0 ? depth(index.a) : 0;
  const std::size_t b = operands > 1 ? depth(index.b) : 0;
  return std::max(a, b);
}

llvm::Value* FunctionBuilder::index(IndexId id) {
  if (indices_[id.index] == nullptr) {
    const EmitBefore here(builder_, scopes_[depth(id)].head_end);
    indices_[id.index] = compute(nest_.index(id));
  }
  return indices_[id.index];
}

llvm::Value* FunctionBuilder::compute(const Index& i) {
  llvm::Type* i64 = builder_.getInt64Ty();
  const auto immediate = static_cast<std::uint64_t>(i.immediate);
  switch (i.op) {
    case IndexOp::constant: return builder_.getInt64(immediate);
    case IndexOp::begin: return function_.getArg(1);
    case IndexOp::end: return function_.getArg(2);
    case IndexOp::extent: return table_slot(i64, offsetof(KernelArguments, extents), immediate);
    case IndexOp::stride: return table_slot(i64, offsetof(KernelArguments, strides), immediate);
    case IndexOp::variable: break;
    case IndexOp::add: return builder_.CreateNSWAdd(index(i.a), index(i.b));
    case IndexOp::sub: return builder_.CreateNSWSub(index(i.a), index(i.b));
    case IndexOp::mul: return builder_.CreateNSWMul(index(i.a), index(i.b));
    case IndexOp::min:
      return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, index(i.a), index(i.b));
    case IndexOp::max:
      return builder_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, index(i.a), index(i.b));
    case IndexOp::div: return builder_.CreateUDiv(index(i.a), index(i.b));
    case IndexOp::round_down: return builder_.CreateAnd(index(i.a), -immediate);
    case IndexOp::blocks:
      return builder_.CreateLShr(
          builder_.CreateNSWAdd(index(i.a), builder_.getInt64(immediate - 1)),
          std::uint64_t(std::countr_zero(immediate)));
    case IndexOp::to_alignment: {
      llvm::Value* bytes = builder_.CreateAnd(builder_.CreateNeg(misalignment(i)), immediate - 1);
      return builder_.CreateUDiv(bytes,
                                 builder_.getInt64(info(nest_.arguments[i.argument].dtype).bytes));
    }
    case IndexOp::aligned: return builder_.CreateZExt(builder_.CreateIsNull(misalignment(i)), i64);
    case IndexOp::distinct: {
      llvm::Value* other = buffer(static_cast<std::uint8_t>(i.immediate));
      return builder_.CreateZExt(builder_.CreateICmpNE(buffer(i.argument), other), i64);
    }
  }
  SINTER_ASSERT(false, "a loop variable is known inside its loop only");
  return nullptr;
}

/// Bytes from the last multiple of `immediate` to the address of offset `a` of an argument.
llvm::Value* FunctionBuilder::misalignment(const Index& i) {
  llvm::Value* place = builder_.CreatePtrToInt(address(i.argument, i.a), builder_.getInt64Ty());
  return builder_.CreateAnd(place, static_cast<std::uint64_t>(i.immediate - 1));
}

/// Adds first the part of a sum that is known in an outer scope. The inner loop then adds one
/// distance, which goes into the addressing mode of its instructions. Adds a constant last, as the
/// displacement of these instructions, so that addresses at constant distances share one register.
llvm::Value* FunctionBuilder::address(std::uint8_t argument, IndexId offset) {
  llvm::Value*& result = addresses_[{argument, offset}];
  if (result != nullptr) return result;
  const Index& sum = nest_.index(offset);
  llvm::Value* base = nullptr;
  llvm::Value* distance = nullptr;
  if (sum.op == IndexOp::add && depth(sum.a) != depth(sum.b)) {
    const bool constant =
        nest_.index(sum.a).op == IndexOp::constant || nest_.index(sum.b).op == IndexOp::constant;
    const bool a_first = (depth(sum.a) < depth(sum.b)) != constant;
    base = address(argument, a_first ? sum.a : sum.b);
    distance = index(a_first ? sum.b : sum.a);
  } else {
    base = buffer(argument);
    distance = index(offset);
  }
  const EmitBefore here(builder_, scopes_[depth(offset)].head_end);
  llvm::Type* element = memory_type(context(), nest_.arguments[argument].dtype, 1);
  return result = builder_.CreateInBoundsGEP(element, base, distance);
}

llvm::Value* FunctionBuilder::lane_distances(IndexId stride) {
  llvm::Value* step = index(stride);
  const EmitBefore here(builder_, scopes_[depth(stride)].head_end);
  return builder_.CreateMul(builder_.CreateVectorSplat(scope().lanes, step),
                            lane_numbers(builder_.getInt64Ty(), scope().lanes));
}

llvm::Value* FunctionBuilder::stride_bytes(IndexId stride, unsigned bytes) {
  llvm::Value* elements = index(stride);
  const EmitBefore here(builder_, scopes_[depth(stride)].head_end);
  return builder_.CreateNSWMul(elements, builder_.getInt64(bytes));
}

llvm::Value* FunctionBuilder::lane_slot(std::uint64_t bytes) {
  lane_slot_bytes_ = std::max(lane_slot_bytes_, bytes);
  if (lane_slot_ == nullptr) {
    const EmitBefore here(builder_, scopes_.front().head_end);
    lane_slot_ = builder_.CreateAlloca(builder_.getInt8Ty(), builder_.getInt64(bytes), "lane_slot");
    lane_slot_->setAlignment(llvm::Align(64));
  }
  lane_slot_->setOperand(0, builder_.getInt64(lane_slot_bytes_));
  return lane_slot_;
}

llvm::Value* FunctionBuilder::parameter(llvm::Type* type, std::uint64_t slot) {
  return table_slot(type, offsetof(KernelArguments, parameters), slot);
}

llvm::Value* FunctionBuilder::parameter_here(llvm::Type* type, std::uint64_t slot) {
  return load_slot(type, argument_pointer(offsetof(KernelArguments, parameters)),
                   slot * sizeof(std::uint64_t));
}

llvm::Value* FunctionBuilder::buffer(std::uint8_t argument) {
  llvm::Value*& result = buffers_[argument];
  if (result != nullptr) return result;
  const Argument& declared = nest_.arguments[argument];
  if (declared.local == 0) {
    return result = table_slot(builder_.getPtrTy(), offsetof(KernelArguments, buffers), argument);
  }
  const EmitBefore here(builder_, scopes_.front().head_end);
  if (nest_.locals_in_scratch) {
    llvm::Value* scratch = argument_pointer(offsetof(KernelArguments, scratch));
    const auto begin = static_cast<std::uint64_t>(scratch_offset(nest_, argument));
    return result = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), scratch, begin);
  }
  llvm::Type* element = memory_type(context(), declared.dtype, 1);
  llvm::AllocaInst* memory =
      builder_.CreateAlloca(llvm::ArrayType::get(element, declared.local), nullptr, "local");
  memory->setAlignment(llvm::Align(64));
  // The prologue of a frame of several pages touches each page in order, so that a stack overflow
  // hits the guard page instead of skipping it.
  function_.addFnAttr("probe-stack", "inline-asm");
  return result = memory;
}

/// The pointer at byte `place` of KernelArguments. The tables do not change during a call, but may
/// change before the next: a caller may inline the kernel into a loop and rewrite them in each
/// iteration. So the loads are not marked invariant.
llvm::Value* FunctionBuilder::argument_pointer(std::size_t place) {
  const EmitBefore here(builder_, scopes_.front().head_end);
  llvm::Value*& base = pointers_[place];
  if (base == nullptr) base = load_slot(builder_.getPtrTy(), function_.getArg(0), place);
  return base;
}

/// Slot `slot` of the table to which the pointer at byte `place` of KernelArguments points.
llvm::Value* FunctionBuilder::table_slot(llvm::Type* type, std::size_t place, std::uint64_t slot) {
  llvm::Value* base = argument_pointer(place);
  const EmitBefore here(builder_, scopes_.front().head_end);
  return load_slot(type, base, slot * sizeof(std::uint64_t));
}

llvm::Value* FunctionBuilder::load_slot(llvm::Type* type, llvm::Value* base, std::uint64_t bytes) {
  if (bytes != 0) base = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), base, bytes);
  return builder_.CreateAlignedLoad(type, base, llvm::Align(8));
}

}  // namespace sinter::detail
