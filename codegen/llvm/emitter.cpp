// LlvmEmitter: loops, carried values, and the values of statements other than loads and stores.
// emit_llvm: the module and the function around them.
#include "llvm/emitter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <variant>

#include <llvm/IR/Constants.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/element.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "llvm/lookup.h"
#include "loops/enums.h"

namespace sinter {
namespace detail {
namespace {

/// True if a serial loop in a loop with lanes carries values: vectors, such as the accumulators of
/// a product.
bool carries_in_lanes(const Block& block, bool in_lanes) {
  return std::ranges::any_of(block, [in_lanes](const Statement& statement) {
    const Loop* loop = std::get_if<Loop>(&statement);
    if (loop == nullptr) return false;
    const bool carries = in_lanes && loop->kind == LoopKind::serial && !loop->carried.empty();
    return carries || carries_in_lanes(loop->body, in_lanes || loop->has_lanes());
  });
}

int vector_lanes(const llvm::Value* value) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return type == nullptr ? 1 : static_cast<int>(type->getNumElements());
}

}  // namespace

void LlvmEmitter::run() {
  llvm::BasicBlock* entry = frame_.new_block("entry");
  llvm::BasicBlock* start = frame_.new_block("start");
  builder().SetInsertPoint(entry);
  frame_.open({.head_end = builder().CreateBr(start)});
  if (carries_in_lanes(nest_.body, false)) frame_.keep_order();
  builder().SetInsertPoint(start);
  emit(nest_.body);
  if (streams_) by_.fence(builder());
  builder().CreateRetVoid();
}

void LlvmEmitter::emit(const Block& block) {
  for (const Statement& statement : block) {
    std::visit([this](const auto& one) { this->emit(one); }, statement);
  }
}

// --- Loops ---------------------------------------------------------------------------------------

void LlvmEmitter::emit(const Loop& loop) {
  SINTER_ASSERT(loop.threads == 1, "the nest is for a CPU");
  llvm::Value* from = frame_.index(loop.from);
  llvm::Value* to = frame_.index(loop.to);
  llvm::BasicBlock* body = frame_.new_block("loop");
  llvm::BasicBlock* done = frame_.new_block("done");
  const std::vector<llvm::Value*> first = first_values(loop);
  llvm::BasicBlock* entry = builder().GetInsertBlock();
  // Digits are decoded only if the loop runs: otherwise a radix may be 0, a division by zero.
  llvm::BasicBlock* enter = loop.digits.empty() ? body : frame_.new_block("enter");
  llvm::BasicBlock* before = loop.digits.empty() ? builder().GetInsertBlock() : enter;
  builder().CreateCondBr(builder().CreateICmpSLT(from, to), enter, done);
  std::vector<llvm::Value*> first_digits;
  if (!loop.digits.empty()) {
    builder().SetInsertPoint(enter);
    first_digits = decode(loop, from);
    builder().CreateBr(body);
  }

  builder().SetInsertPoint(body);
  llvm::PHINode* variable = counter(loop.variable, from, before);
  llvm::SmallVector<llvm::PHINode*, 8> digits;
  for (std::size_t i = 0; i < first_digits.size(); ++i) {
    digits.push_back(counter(loop.digits[i].variable, first_digits[i], before));
  }
  carry(loop, first, before);
  const Scope inner = scope_of(loop);
  auto* next = llvm::cast<llvm::Instruction>(
      builder().CreateNSWAdd(variable, builder().getInt64(loop.step()), "next"));
  frame_.open(inner);
  scope().head_end = next;
  const std::vector<llvm::Value*> next_digits = count(loop, digits);
  for (unsigned copy = 0; loop.masked && copy < loop.unroll; ++copy) add_mask(to, variable, copy);
  emit(loop.body);
  if (loop.masked) keep_masked(loop);
  frame_.close();

  // The increment stands at the end of the body, so that the counter keeps its register.
  llvm::BasicBlock* last = builder().GetInsertBlock();
  next->moveBefore(*last, last->end());
  if (loop.once) {
    builder().CreateBr(done);
  } else {
    variable->addIncoming(next, last);
    for (std::size_t i = 0; i < digits.size(); ++i) digits[i]->addIncoming(next_digits[i], last);
    builder().CreateCondBr(builder().CreateICmpSLT(next, to), body, done);
  }
  builder().SetInsertPoint(done);
  finish(loop, first, entry, last);
}

/// The scope of a loop's body. A serial loop has the lanes of the loop around it.
Scope LlvmEmitter::scope_of(const Loop& loop) {
  if (loop.kind != LoopKind::serial) return {nullptr, loop.lanes, loop.unroll, loop.interleaved};
  Scope inherited = scope();
  inherited.head_end = nullptr;
  return inherited;
}

/// The first vectors of all carried values: those of the first carried value, one for each vector
/// in flight, then those of the next.
std::vector<llvm::Value*> LlvmEmitter::first_values(const Loop& loop) {
  const Scope inner = scope_of(loop);
  std::vector<llvm::Value*> first;
  for (const Carry& carry : loop.carried) {
    Binding& binding = values_[carry.first.index];
    for (unsigned copy = 0; copy < inner.unroll; ++copy) {
      const bool shared = binding.scalar != nullptr;
      const bool single = shared && inner.lanes == 1;
      first.push_back(single   ? binding.scalar
                      : shared ? splat(binding, inner.lanes)
                               : binding.vectors[copy]);
    }
  }
  return first;
}

/// Creates the phis of the carried values at the head of the loop, entered from `before`.
void LlvmEmitter::carry(const Loop& loop, llvm::ArrayRef<llvm::Value*> first,
                        llvm::BasicBlock* before) {
  const unsigned unroll = scope_of(loop).unroll;
  for (const Carry& carry : loop.carried) {
    Binding& binding = values_[carry.value.index];
    binding = {};
    binding.nans = NanBits::any;
    for (unsigned copy = 0; copy < unroll; ++copy, first = first.drop_front()) {
      llvm::PHINode* phi = builder().CreatePHI(first[0]->getType(), 2);
      phi->addIncoming(first[0], before);
      binding.vectors.push_back(phi);
    }
  }
}

/// Completes the phis of the carried values, and defines their results after the loop. Control
/// comes there from `last`, or from `before` if the loop did not run.
void LlvmEmitter::finish(const Loop& loop, llvm::ArrayRef<llvm::Value*> first,
                         llvm::BasicBlock* before, llvm::BasicBlock* last) {
  const unsigned unroll = scope_of(loop).unroll;
  for (const Carry& carry : loop.carried) {
    const Binding& value = values_[carry.value.index];
    const Binding& next = values_[carry.next.index];
    Binding& result = values_[carry.result.index];
    result = {};
    result.nans = NanBits::any;
    for (unsigned copy = 0; copy < unroll; ++copy, first = first.drop_front()) {
      if (!loop.once) {
        llvm::cast<llvm::PHINode>(value.vectors[copy])->addIncoming(next.vectors[copy], last);
      }
      llvm::PHINode* phi = builder().CreatePHI(first[0]->getType(), 2);
      phi->addIncoming(first[0], before);
      phi->addIncoming(next.vectors[copy], last);
      result.vectors.push_back(phi);
    }
  }
}

/// Makes lanes at and beyond the end of a masked loop keep the values that they carry.
void LlvmEmitter::keep_masked(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    const Binding& value = values_[carry.value.index];
    Binding& next = values_[carry.next.index];
    for (unsigned copy = 0; copy < loop.unroll; ++copy) {
      next.vectors[copy] =
          builder().CreateSelect(scope().masks[copy], next.vectors[copy], value.vectors[copy]);
    }
  }
}

llvm::PHINode* LlvmEmitter::counter(IndexId variable, llvm::Value* first,
                                    llvm::BasicBlock* before) {
  llvm::PHINode* phi = builder().CreatePHI(builder().getInt64Ty(), 2, "i");
  phi->addIncoming(first, before);
  frame_.bind(variable, phi);
  return phi;
}

/// The digits of the number `from`, outermost first.
std::vector<llvm::Value*> LlvmEmitter::decode(const Loop& loop, llvm::Value* from) {
  std::vector<llvm::Value*> digits(loop.digits.size());
  for (std::size_t i = digits.size(); i-- > 1;) {
    llvm::Value* radix = frame_.index(loop.digits[i].radix);
    digits[i] = builder().CreateURem(from, radix);
    from = builder().CreateUDiv(from, radix);
  }
  digits[0] = from;
  return digits;
}

/// The digits of the next iteration: adds 1 to the last digit and carries outwards.
std::vector<llvm::Value*> LlvmEmitter::count(const Loop& loop,
                                             llvm::ArrayRef<llvm::PHINode*> digits) {
  std::vector<llvm::Value*> next(digits.begin(), digits.end());
  llvm::Value* carry = builder().getInt64(1);
  for (std::size_t i = digits.size(); i-- > 0;) {
    next[i] = builder().CreateNSWAdd(digits[i], carry);
    if (i == 0) break;
    llvm::Value* full = builder().CreateICmpEQ(next[i], frame_.index(loop.digits[i].radix));
    next[i] = builder().CreateSelect(full, builder().getInt64(0), next[i]);
    carry = builder().CreateZExt(full, builder().getInt64Ty());
  }
  return next;
}

/// Adds to the scope the mask of vector `copy`: its lanes below the end.
void LlvmEmitter::add_mask(llvm::Value* to, llvm::Value* variable, unsigned copy) {
  llvm::Type* i32 = builder().getInt32Ty();
  const unsigned lanes = scope().lanes;
  llvm::Value* left = builder().CreateNSWSub(to, variable);
  if (copy == 0) scope().remaining = left;
  if (copy > 0) {
    left = builder().CreateNSWSub(left, builder().getInt64(std::uint64_t{copy} * lanes));
  }
  left = builder().CreateBinaryIntrinsic(llvm::Intrinsic::smin, left, builder().getInt64(lanes));
  llvm::Value* splat = builder().CreateVectorSplat(lanes, builder().CreateTrunc(left, i32));
  scope().left.push_back(splat);
  scope().masks.push_back(builder().CreateICmpSLT(lane_numbers(i32, lanes), splat, "mask"));
}

// --- Values --------------------------------------------------------------------------------------

void LlvmEmitter::emit(const Compute& compute) {
  Binding& binding = values_[compute.result.index];
  if (info(compute.op).kind == OpKind::leaf) {
    binding.scalar = leaf(compute);
    if (compute.op == Op::parameter) binding.parameter = compute.payload;
    return;
  }
  const DType to = nest_.dtype(compute.result);
  const DType from = nest_.dtype(compute.inputs().back());
  std::array<llvm::Value*, kMaxOperands> operands{};
  const llvm::ArrayRef<llvm::Value*> used(operands.data(), compute.operand_count);
  const bool any = std::ranges::any_of(
      compute.inputs(), [this](ValueId id) { return values_[id.index].nans == NanBits::any; });
  const NanBits nans = any ? NanBits::any : NanBits::upper_half;
  binding.nans = nan_bits_of_result(compute.op, from, nans);
  const auto primitive = [&](auto&& operand_of) {
    std::ranges::transform(compute.inputs(), operands.begin(), operand_of);
    if (compute.op == Op::lut16) {
      return by_.look_up(builder(), nest_.tables[compute.payload], operands[0]);
    }
    return emit_primitive(builder(), by_, compute.op, from, to, used, nans);
  };
  if (std::ranges::all_of(compute.inputs(), [this](ValueId id) { return is_uniform(id); })) {
    binding.scalar = primitive([this](ValueId id) { return values_[id.index].scalar; });
    return;
  }
  for (unsigned copy = 0; copy < scope().unroll; ++copy) {
    binding.vectors.push_back(primitive([&](ValueId id) { return operand(id, copy); }));
  }
}

void LlvmEmitter::emit(const Count& count) {
  Binding& binding = values_[count.result.index];
  const DType dtype = nest_.dtype(count.result);
  llvm::Type* type = register_type(frame_.context(), dtype, 1);
  // A freeze is always an instruction, never folded to a constant: splat() inserts after it.
  llvm::Value* first =
      builder().CreateFreeze(builder().CreateTrunc(frame_.index(count.from), type));
  if (count.lanes == LaneStride::uniform) {
    binding.scalar = first;
    return;
  }
  for (unsigned copy = 0; copy < scope().unroll; ++copy) {
    const auto skipped = llvm::ConstantInt::get(type, std::uint64_t{copy} * scope().lanes);
    llvm::Value* from = builder().CreateAdd(first, skipped);
    if (scope().lanes > 1) {
      from = builder().CreateAdd(builder().CreateVectorSplat(scope().lanes, from),
                                 lane_numbers(type, scope().lanes));
    }
    binding.vectors.push_back(from);
  }
}

void LlvmEmitter::emit(const Fold& fold) {
  const DType dtype = nest_.dtype(fold.result);
  Binding& value = values_[fold.value.index];
  llvm::SmallVector<llvm::Value*, 16> parts(value.vectors.begin(), value.vectors.end());
  const auto combined = [&](llvm::Value* a, llvm::Value* b) {
    return emit_primitive(builder(), by_, fold.op, dtype, dtype, {a, b}, NanBits::any);
  };
  for (std::size_t half = parts.size() / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) parts[i] = combined(parts[i], parts[i + half]);
  }
  llvm::Value* part = parts[0];
  for (int half = vector_lanes(part) / 2; half > 0; half /= 2) {
    if (half == 1) {
      part = combined(builder().CreateExtractElement(part, std::uint64_t{0}),
                      builder().CreateExtractElement(part, std::uint64_t{1}));
      break;
    }
    llvm::SmallVector<int, 32> lower(static_cast<std::size_t>(half));
    std::iota(lower.begin(), lower.end(), 0);
    llvm::SmallVector<int, 32> upper(lower);
    for (int& lane : upper) lane += half;
    part = combined(builder().CreateShuffleVector(part, lower),
                    builder().CreateShuffleVector(part, upper));
  }
  values_[fold.result.index].scalar = part;
  values_[fold.result.index].nans = NanBits::any;
}

llvm::Value* LlvmEmitter::leaf(const Compute& compute) {
  const DType dtype = nest_.dtype(compute.result);
  llvm::Type* type = register_type(frame_.context(), dtype, 1);
  if (compute.op == Op::parameter) return frame_.parameter(type, compute.payload);
  const auto value = std::bit_cast<double>(compute.payload);
  if (type->isFloatingPointTy()) return llvm::ConstantFP::get(type, value);
  return llvm::ConstantInt::get(type, element_bits(value, dtype));
}

llvm::Value* LlvmEmitter::operand(ValueId id, unsigned copy) {
  Binding& binding = values_[id.index];
  if (binding.scalar == nullptr) return binding.vectors[copy];
  return scope().lanes == 1 ? binding.scalar : splat(binding, scope().lanes);
}

/// The splat of a uniform value, made right after the value's definition, so outside of the loops
/// that use it. Once there are twice as many splats as vector registers, further splats are
/// rematerialised at each use: a broadcast from memory is as fast as the reload of a spilled
/// vector, and takes less stack.
llvm::Value* LlvmEmitter::splat(Binding& binding, unsigned count) {
  const auto lanes = llvm::ElementCount::getFixed(count);
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(binding.scalar)) {
    return llvm::ConstantVector::getSplat(lanes, constant);
  }
  auto* type = llvm::VectorType::get(binding.scalar->getType(), lanes);
  if (binding.splat == nullptr || binding.splat->getType() != type) {
    if (hoisted_splats_ == 2 * vector_registers_) return splat_here(binding, lanes);
    ++hoisted_splats_;
    const llvm::IRBuilder<>::InsertPointGuard guard(builder());
    auto* scalar = llvm::cast<llvm::Instruction>(binding.scalar);
    // A block that is still being emitted may end with this instruction.
    if (llvm::Instruction* next = scalar->getNextNode())
      builder().SetInsertPoint(next);
    else
      builder().SetInsertPoint(scalar->getParent());
    binding.splat = builder().CreateVectorSplat(lanes, binding.scalar);
  }
  return binding.splat;
}

/// A splat at the insertion point. A parameter is loaded there too.
llvm::Value* LlvmEmitter::splat_here(const Binding& binding, llvm::ElementCount lanes) {
  llvm::Value* scalar = binding.scalar;
  if (binding.parameter.has_value()) {
    scalar = frame_.parameter_here(scalar->getType(), *binding.parameter);
  }
  return builder().CreateVectorSplat(lanes, scalar);
}

}  // namespace detail

namespace {

llvm::Function& make_function(llvm::Module& module, const Target& target, std::string_view symbol) {
  llvm::LLVMContext& context = module.getContext();
  llvm::Type* i64 = llvm::Type::getInt64Ty(context);
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {llvm::PointerType::getUnqual(context), i64, i64}, false);
  auto* function = llvm::Function::Create(type, llvm::Function::ExternalLinkage,
                                          llvm::StringRef(symbol), module);
  constexpr std::array kNames{"arguments", "begin", "end"};
  for (unsigned i = 0; i < kNames.size(); ++i) function->getArg(i)->setName(kNames[i]);
  function->setDoesNotThrow();
  function->addFnAttr(detail::kKernel);
  function->addFnAttr("target-cpu", target.cpu);
  if (!target.features.empty()) function->addFnAttr("target-features", target.features);
  // Vectors are as wide as the nest says, even on CPUs for which LLVM prefers half that width.
  function->addFnAttr("prefer-vector-width", std::to_string(target.vector_bytes * 8));
  return *function;
}

}  // namespace

std::unique_ptr<llvm::Module> emit_llvm(const LoopNest& nest, const Target& target,
                                        std::string_view symbol, llvm::LLVMContext& context) try {
  const detail::FloatEnvironment environment;
  detail::check_enums(nest);
  auto module = std::make_unique<llvm::Module>("sinter", context);
  module->setTargetTriple(target.triple);
  detail::LlvmEmitter(nest, target, make_function(*module, target, symbol)).run();
  return module;
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
