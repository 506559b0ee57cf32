// LoopNest to LLVM IR, statement by statement; everything is decided in the nest.
//
// A value of the nest is a scalar while it is the same in every lane, and else `unroll` vectors of
// `lanes` elements. A step of a loop loads all it needs before it stores (the nest says so), which
// is why buffers may be the same memory and none is `noalias`.
#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <variant>
#include <vector>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/TargetParser/Triple.h>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>

#include "llvm_frame.h"
#include "llvm_lookup.h"
#include "llvm_ops.h"
#include "llvm_transpose.h"

namespace sinter {
namespace {

using detail::Frame;
using detail::memory_type;
using detail::NanBits;
using detail::Scope;

/// What a value of the nest is in LLVM: `scalar` where all lanes share it, else `vectors`, one for
/// each vector in flight.
struct Binding {
  llvm::Value* scalar = nullptr;
  llvm::Value* splat = nullptr;  // of `scalar`, made when first asked for
  llvm::SmallVector<llvm::Value*, 4> vectors;
  NanBits nans = NanBits::upper_half;
};

/// Whether a serial loop carries vectors from one iteration to the next.
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

class Emitter {
 public:
  Emitter(const LoopNest& nest, const Target& target, llvm::Function& function)
      : nest_(nest), target_(target), frame_(nest, function), values_(nest.values.size()) {}

  void run();

 private:
  void emit(const Block& block);
  void emit(const Loop& loop);
  void emit(const Load& load);
  void emit(const Store& store);
  void emit(const Compute& compute);
  void emit(const Count& count);
  void emit(const Fold& fold);
  static void emit(const Barrier&) { SINTER_ASSERT(false, "a CPU has no barriers"); }
  void emit(const Transpose& transpose) { detail::emit_transpose(frame_, nest_, transpose); }

  llvm::PHINode* counter(IndexId variable, llvm::Value* first, llvm::BasicBlock* before);
  std::vector<llvm::Value*> decode(const Loop& loop, llvm::Value* from);
  std::vector<llvm::Value*> count(const Loop& loop, llvm::ArrayRef<llvm::PHINode*> digits);
  void add_mask(llvm::Value* to, llvm::Value* variable, unsigned copy);

  llvm::Value* mask(LaneStride stride, unsigned copy);
  llvm::Value* vector_address(llvm::Type* element, llvm::Value* place, LaneStride stride,
                              unsigned copy);
  llvm::Value* load_vector(const Load& load, llvm::Type* type, unsigned copy);
  void prefetch(llvm::Value* place, const Load& load, unsigned copy);
  llvm::Value* pair_address(std::uint8_t argument, IndexId offset, unsigned copy);
  void load_pairs(const Load& load, Binding& binding);
  void store_pairs(const Store& store);
  void store_vector(const Store& store, llvm::Value* place, llvm::Value* value, llvm::Value* mask);
  llvm::Value* lane_addresses(llvm::Type* element, llvm::Value* place, IndexId stride,
                              unsigned copy);
  llvm::Value* leaf(const Compute& compute);
  bool is_shared(ValueId id) const { return values_[id.index].scalar != nullptr; }
  llvm::Value* operand(ValueId id, unsigned copy);
  llvm::Value* splat(Binding& binding, unsigned lanes);
  Scope scope_of(const Loop& loop);
  std::vector<llvm::Value*> first_values(const Loop& loop);
  void carry(const Loop& loop, llvm::ArrayRef<llvm::Value*> first, llvm::BasicBlock* before);
  void keep_masked(const Loop& loop);
  void finish(const Loop& loop, llvm::ArrayRef<llvm::Value*> first, llvm::BasicBlock* before,
              llvm::BasicBlock* last);

  llvm::IRBuilder<>& builder() { return frame_.builder(); }
  Scope& scope() { return frame_.scope(); }

  const LoopNest& nest_;
  const Target& target_;
  Frame frame_;
  std::vector<Binding> values_;  // by ValueId
  bool streams_ = false;
};

void Emitter::run() {
  llvm::BasicBlock* entry = frame_.new_block("entry");
  llvm::BasicBlock* start = frame_.new_block("start");
  builder().SetInsertPoint(entry);
  frame_.open({.head_end = builder().CreateBr(start)});
  if (carries_in_lanes(nest_.body, false)) frame_.keep_order();
  builder().SetInsertPoint(start);
  emit(nest_.body);
  // Streaming stores are weakly ordered on x86: whoever is told that the kernel is done must see
  // them. AArch64 orders them as it orders any store, by the release of whoever tells.
  if (streams_ && llvm::Triple(frame_.module().getTargetTriple()).isX86()) {
    builder().CreateIntrinsic(builder().getVoidTy(), llvm::Intrinsic::x86_sse_sfence, {});
  }
  builder().CreateRetVoid();
}

void Emitter::emit(const Block& block) {
  for (const Statement& statement : block) {
    std::visit([this](const auto& one) { this->emit(one); }, statement);
  }
}

// --- Loops ---------------------------------------------------------------------------------------

void Emitter::emit(const Loop& loop) {
  SINTER_ASSERT(loop.threads == 1, "the nest is for a CPU");
  llvm::Value* from = frame_.index(loop.from);
  llvm::Value* to = frame_.index(loop.to);
  llvm::BasicBlock* body = frame_.new_block("loop");
  llvm::BasicBlock* done = frame_.new_block("done");
  const std::vector<llvm::Value*> first = first_values(loop);
  llvm::BasicBlock* entry = builder().GetInsertBlock();
  // Digits are decoded where the loop is known to run: a radix may be 0 where it does not.
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

  // Counting last lets the counter stay in its register.
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

/// Lanes of a loop, which a serial one has from the loop around it.
Scope Emitter::scope_of(const Loop& loop) {
  if (loop.kind != LoopKind::serial) return {nullptr, loop.lanes, loop.unroll, loop.interleaved};
  Scope inherited = scope();
  inherited.head_end = nullptr;
  return inherited;
}

/// The vectors that carried values start with, one list after the other.
std::vector<llvm::Value*> Emitter::first_values(const Loop& loop) {
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

void Emitter::carry(const Loop& loop, llvm::ArrayRef<llvm::Value*> first,
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

/// Behind the loop, which was left from `last`, or not entered from `before`.
void Emitter::finish(const Loop& loop, llvm::ArrayRef<llvm::Value*> first, llvm::BasicBlock* before,
                     llvm::BasicBlock* last) {
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

/// Lanes behind the end keep what they carry.
void Emitter::keep_masked(const Loop& loop) {
  for (const Carry& carry : loop.carried) {
    const Binding& value = values_[carry.value.index];
    Binding& next = values_[carry.next.index];
    for (unsigned copy = 0; copy < loop.unroll; ++copy) {
      next.vectors[copy] =
          builder().CreateSelect(scope().masks[copy], next.vectors[copy], value.vectors[copy]);
    }
  }
}

llvm::PHINode* Emitter::counter(IndexId variable, llvm::Value* first, llvm::BasicBlock* before) {
  llvm::PHINode* phi = builder().CreatePHI(builder().getInt64Ty(), 2, "i");
  phi->addIncoming(first, before);
  frame_.bind(variable, phi);
  return phi;
}

/// The digits of `from`, outermost first.
std::vector<llvm::Value*> Emitter::decode(const Loop& loop, llvm::Value* from) {
  std::vector<llvm::Value*> digits(loop.digits.size());
  for (std::size_t i = digits.size(); i-- > 1;) {
    llvm::Value* radix = frame_.index(loop.digits[i].radix);
    digits[i] = builder().CreateURem(from, radix);
    from = builder().CreateUDiv(from, radix);
  }
  digits[0] = from;
  return digits;
}

/// The digits of the next iteration: one more at the last, carried to the left.
std::vector<llvm::Value*> Emitter::count(const Loop& loop, llvm::ArrayRef<llvm::PHINode*> digits) {
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

/// Which lanes of vector `copy` are below the end.
void Emitter::add_mask(llvm::Value* to, llvm::Value* variable, unsigned copy) {
  llvm::Type* i32 = builder().getInt32Ty();
  const unsigned lanes = scope().lanes;
  llvm::Value* left = builder().CreateNSWSub(to, variable);
  if (copy > 0) {
    left = builder().CreateNSWSub(left, builder().getInt64(std::uint64_t{copy} * lanes));
  }
  left = builder().CreateBinaryIntrinsic(llvm::Intrinsic::smin, left, builder().getInt64(lanes));
  llvm::Value* splat = builder().CreateVectorSplat(lanes, builder().CreateTrunc(left, i32));
  scope().left.push_back(splat);
  scope().masks.push_back(builder().CreateICmpSLT(detail::lane_numbers(i32, lanes), splat, "mask"));
}

// --- Loads and stores ----------------------------------------------------------------------------

/// Of a masked loop, which elements of vector `copy` in memory are accessed; nullptr where all are.
llvm::Value* Emitter::mask(LaneStride stride, unsigned copy) {
  if (scope().masks.empty()) return nullptr;
  if (stride != LaneStride::reversed) return scope().masks[copy];
  llvm::Value* numbers = detail::lane_numbers(builder().getInt32Ty(), scope().lanes);
  return builder().CreateICmpSLT(builder().CreateVectorReverse(numbers), scope().left[copy]);
}

/// Where vector `copy` begins in memory, if the first lane of the first one is at `place`. Before
/// the buffer perhaps, where the vector is turned and only a part of it is accessed.
llvm::Value* Emitter::vector_address(llvm::Type* element, llvm::Value* place, LaneStride stride,
                                     unsigned copy) {
  const std::int64_t lanes = scope().lanes;
  if (stride == LaneStride::reversed) {
    const auto back = static_cast<std::uint64_t>(1 - lanes * (copy + 1));
    return builder().CreateGEP(element, place, builder().getInt64(back));
  }
  llvm::Value* distance = builder().getInt64(static_cast<std::uint64_t>(lanes * copy));
  return copy == 0 ? place : builder().CreateInBoundsGEP(element, place, distance);
}

void Emitter::emit(const Load& load) {
  const DType dtype = nest_.dtype(load.result);
  Binding& binding = values_[load.result.index];
  binding.nans = detail::nan_bits_of_load(dtype);
  const auto in_register = [&](llvm::Value* loaded) {
    return dtype == DType::boolean ? builder().CreateIsNotNull(loaded) : loaded;
  };
  if (scope().lanes == 1 || load.lanes == LaneStride::uniform) {
    llvm::Type* type = memory_type(frame_.context(), dtype, 1);
    llvm::Value* place = frame_.address(load.argument, load.offset);
    binding.scalar = in_register(builder().CreateLoad(type, place));
    return;
  }
  if (scope().interleaved) return load_pairs(load, binding);
  llvm::Type* type = memory_type(frame_.context(), dtype, scope().lanes);
  for (unsigned copy = 0; copy < scope().unroll; ++copy) {
    binding.vectors.push_back(in_register(load_vector(load, type, copy)));
  }
}

/// Where vectors `copy` and `copy` + 1 lie together, as 32-bit words: the even element of each word
/// is in its lower half.
llvm::Value* Emitter::pair_address(std::uint8_t argument, IndexId offset, unsigned copy) {
  llvm::Value* distance = builder().getInt64(std::uint64_t{copy} * scope().lanes);
  llvm::Value* place = frame_.address(argument, offset);
  return builder().CreateInBoundsGEP(builder().getInt16Ty(), place, distance);
}

void Emitter::load_pairs(const Load& load, Binding& binding) {
  auto* words = llvm::FixedVectorType::get(builder().getInt32Ty(), scope().lanes);
  auto* halves = llvm::FixedVectorType::get(builder().getInt16Ty(), scope().lanes);
  const llvm::Align align(info(nest_.dtype(load.result)).bytes);
  for (unsigned copy = 0; copy < scope().unroll; copy += 2) {
    llvm::Value* place = pair_address(load.argument, load.offset, copy);
    llvm::Value* word = builder().CreateAlignedLoad(words, place, align);
    binding.vectors.push_back(builder().CreateTrunc(word, halves));
    binding.vectors.push_back(builder().CreateTrunc(builder().CreateLShr(word, 16), halves));
  }
}

void Emitter::store_pairs(const Store& store) {
  auto* words = llvm::FixedVectorType::get(builder().getInt32Ty(), scope().lanes);
  for (unsigned copy = 0; copy < scope().unroll; copy += 2) {
    llvm::Value* even = builder().CreateZExt(operand(store.value, copy), words);
    llvm::Value* odd = builder().CreateZExt(operand(store.value, copy + 1), words);
    llvm::Value* word = builder().CreateOr(even, builder().CreateShl(odd, 16));
    const llvm::Align align(info(nest_.dtype(store.value)).bytes);
    builder().CreateAlignedStore(word, pair_address(store.argument, store.offset, copy), align);
  }
}

llvm::Value* Emitter::load_vector(const Load& load, llvm::Type* type, unsigned copy) {
  const llvm::Align align(info(nest_.dtype(load.result)).bytes);
  llvm::Type* element = type->getScalarType();
  llvm::Value* place = frame_.address(load.argument, load.offset);
  llvm::Value* zero = llvm::Constant::getNullValue(type);
  llvm::Value* accessed = mask(load.lanes, copy);
  if (load.lanes == LaneStride::strided) {
    place = lane_addresses(element, place, load.lane_stride, copy);
    return builder().CreateMaskedGather(type, place, align, accessed, zero);
  }
  place = vector_address(element, place, load.lanes, copy);
  if (load.prefetch > 0) prefetch(place, load, copy);
  llvm::Value* vector = nullptr;
  if (accessed == nullptr)
    vector = builder().CreateAlignedLoad(type, place, align);
  else
    vector = builder().CreateMaskedLoad(type, place, align, accessed, zero);
  return load.lanes == LaneStride::reversed ? builder().CreateVectorReverse(vector) : vector;
}

/// Once for each line of the cache.
void Emitter::prefetch(llvm::Value* place, const Load& load, unsigned copy) {
  constexpr unsigned kLine = 64;
  constexpr unsigned kToRead = 0;
  constexpr unsigned kToTheFirstLevel = 3;
  constexpr unsigned kData = 1;
  const unsigned bytes = scope().lanes * info(nest_.dtype(load.result)).bytes;
  if (copy * bytes % kLine != 0) return;
  llvm::Value* ahead =
      builder().CreateGEP(builder().getInt8Ty(), place, builder().getInt64(load.prefetch));
  builder().CreateIntrinsic(llvm::Intrinsic::prefetch, {ahead->getType()},
                            {ahead, builder().getInt32(kToRead),
                             builder().getInt32(kToTheFirstLevel), builder().getInt32(kData)});
}

/// Where each lane of vector `copy` lies, `stride` elements from the one before.
llvm::Value* Emitter::lane_addresses(llvm::Type* element, llvm::Value* place, IndexId stride,
                                     unsigned copy) {
  llvm::Value* lanes = builder().getInt64(std::uint64_t{copy} * scope().lanes);
  llvm::Value* distance = builder().CreateNSWMul(frame_.index(stride), lanes);
  place = builder().CreateInBoundsGEP(element, place, distance);
  return builder().CreateInBoundsGEP(element, place, frame_.lane_distances(stride));
}

void Emitter::emit(const Store& store) {
  const DType dtype = nest_.dtype(store.value);
  if (scope().interleaved) return store_pairs(store);
  llvm::Type* type = memory_type(frame_.context(), dtype, scope().lanes);
  for (unsigned copy = 0; copy < scope().unroll; ++copy) {
    llvm::Value* value = operand(store.value, copy);
    if (dtype == DType::boolean) value = builder().CreateZExt(value, type);
    llvm::Value* place = frame_.address(store.argument, store.offset);
    llvm::Type* element = type->getScalarType();
    if (store.lanes == LaneStride::strided && scope().lanes > 1) {
      place = lane_addresses(element, place, store.lane_stride, copy);
      const llvm::Align align(info(dtype).bytes);
      builder().CreateMaskedScatter(value, place, align, mask(store.lanes, copy));
      continue;
    }
    if (store.lanes == LaneStride::reversed && scope().lanes > 1) {
      value = builder().CreateVectorReverse(value);
    }
    store_vector(store, vector_address(element, place, store.lanes, copy), value,
                 store.whole ? nullptr : mask(store.lanes, copy));
  }
}

void Emitter::store_vector(const Store& store, llvm::Value* place, llvm::Value* value,
                           llvm::Value* mask) {
  const unsigned bytes = info(nest_.dtype(store.value)).bytes;
  if (mask != nullptr) {
    builder().CreateMaskedStore(value, place, llvm::Align(bytes), mask);
    return;
  }
  const llvm::Align align(store.streaming ? bytes * scope().lanes : bytes);
  llvm::StoreInst* instruction = builder().CreateAlignedStore(value, place, align);
  if (!store.streaming) return;
  streams_ = true;
  llvm::Metadata* one = llvm::ConstantAsMetadata::get(builder().getInt32(1));
  instruction->setMetadata(llvm::LLVMContext::MD_nontemporal,
                           llvm::MDNode::get(frame_.context(), one));
}

// --- Values --------------------------------------------------------------------------------------

void Emitter::emit(const Compute& compute) {
  Binding& binding = values_[compute.result.index];
  if (info(compute.op).kind == OpKind::leaf) {
    binding.scalar = leaf(compute);
    return;
  }
  const DType to = nest_.dtype(compute.result);
  const DType from = nest_.dtype(compute.inputs().back());
  std::array<llvm::Value*, kMaxOperands> operands{};
  const llvm::ArrayRef<llvm::Value*> used(operands.data(), compute.operand_count);
  const bool any = std::ranges::any_of(
      compute.inputs(), [this](ValueId id) { return values_[id.index].nans == NanBits::any; });
  const NanBits nans = any ? NanBits::any : NanBits::upper_half;
  binding.nans = detail::nan_bits_of_result(compute.op, from, nans);
  const auto primitive = [&](auto&& operand_of) {
    std::ranges::transform(compute.inputs(), operands.begin(), operand_of);
    if (compute.op == Op::lut16) {
      return detail::emit_lookup(builder(), target_, nest_.tables[compute.payload], operands[0]);
    }
    return detail::emit_primitive(builder(), target_, compute.op, from, to, used, nans);
  };
  if (std::ranges::all_of(compute.inputs(), [this](ValueId id) { return is_shared(id); })) {
    binding.scalar = primitive([this](ValueId id) { return values_[id.index].scalar; });
    return;
  }
  for (unsigned copy = 0; copy < scope().unroll; ++copy) {
    binding.vectors.push_back(primitive([&](ValueId id) { return operand(id, copy); }));
  }
}

void Emitter::emit(const Count& count) {
  Binding& binding = values_[count.result.index];
  const DType dtype = nest_.dtype(count.result);
  llvm::Type* type = detail::register_type(frame_.context(), dtype, 1);
  // An instruction of its own, behind which a splat of it may stand.
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
                                 detail::lane_numbers(type, scope().lanes));
    }
    binding.vectors.push_back(from);
  }
}

void Emitter::emit(const Fold& fold) {
  const DType dtype = nest_.dtype(fold.result);
  Binding& value = values_[fold.value.index];
  llvm::SmallVector<llvm::Value*, 16> parts(value.vectors.begin(), value.vectors.end());
  const auto combined = [&](llvm::Value* a, llvm::Value* b) {
    return detail::emit_primitive(builder(), target_, fold.op, dtype, dtype, {a, b}, NanBits::any);
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

llvm::Value* Emitter::leaf(const Compute& compute) {
  const DType dtype = nest_.dtype(compute.result);
  llvm::Type* type = detail::register_type(frame_.context(), dtype, 1);
  if (compute.op == Op::parameter) return frame_.parameter(type, compute.payload);
  const auto value = std::bit_cast<double>(compute.payload);
  if (type->isFloatingPointTy()) return llvm::ConstantFP::get(type, value);
  return llvm::ConstantInt::get(type, element_bits(value, dtype));
}

llvm::Value* Emitter::operand(ValueId id, unsigned copy) {
  Binding& binding = values_[id.index];
  if (binding.scalar == nullptr) return binding.vectors[copy];
  return scope().lanes == 1 ? binding.scalar : splat(binding, scope().lanes);
}

/// A vector of a shared value, made right where the value is: outside of the loops that use it.
llvm::Value* Emitter::splat(Binding& binding, unsigned count) {
  const auto lanes = llvm::ElementCount::getFixed(count);
  if (auto* constant = llvm::dyn_cast<llvm::Constant>(binding.scalar)) {
    return llvm::ConstantVector::getSplat(lanes, constant);
  }
  auto* type = llvm::VectorType::get(binding.scalar->getType(), lanes);
  if (binding.splat == nullptr || binding.splat->getType() != type) {
    const llvm::IRBuilder<>::InsertPointGuard guard(builder());
    auto* scalar = llvm::cast<llvm::Instruction>(binding.scalar);
    // The last one of a block that is not finished has nothing behind it.
    if (llvm::Instruction* behind = scalar->getNextNode())
      builder().SetInsertPoint(behind);
    else
      builder().SetInsertPoint(scalar->getParent());
    binding.splat = builder().CreateVectorSplat(lanes, binding.scalar);
  }
  return binding.splat;
}

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
  function->addFnAttr("target-cpu", target.cpu);
  if (!target.features.empty()) function->addFnAttr("target-features", target.features);
  // Vectors are as wide as the nest says, on CPUs too for which LLVM prefers half of it.
  function->addFnAttr("prefer-vector-width", std::to_string(target.vector_bytes * 8));
  return *function;
}

}  // namespace

std::unique_ptr<llvm::Module> emit_llvm(const LoopNest& nest, const Target& target,
                                        std::string_view symbol, llvm::LLVMContext& context) {
  auto module = std::make_unique<llvm::Module>("sinter", context);
  module->setTargetTriple(target.triple);
  Emitter(nest, target, make_function(*module, target, symbol)).run();
  return module;
}

}  // namespace sinter
