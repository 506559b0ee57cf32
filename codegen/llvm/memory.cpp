// LlvmEmitter: loads and stores of full, masked, reversed, strided and interleaved vectors.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Metadata.h>

#include "llvm/emitter.h"

namespace sinter::detail {

/// Mask of the elements that vector `copy` accesses, in their order in memory. nullptr if the loop
/// is not masked, so that the vector accesses all of them.
llvm::Value* LlvmEmitter::mask(LaneStride stride, unsigned copy) {
  if (scope().masks.empty()) return nullptr;
  if (stride != LaneStride::reversed) return scope().masks[copy];
  llvm::Value* numbers = lane_numbers(builder().getInt32Ty(), scope().lanes);
  return builder().CreateICmpSLT(builder().CreateVectorReverse(numbers), scope().left[copy]);
}

/// Address of the first byte of vector `copy`, if lane 0 of vector 0 is at `place`. The address of
/// a reversed vector may lie before the buffer, if a mask leaves out a part of the vector.
llvm::Value* LlvmEmitter::vector_address(llvm::Type* element, llvm::Value* place, LaneStride stride,
                                         unsigned copy) {
  const std::int64_t lanes = scope().lanes;
  if (stride == LaneStride::reversed) {
    const auto back = static_cast<std::uint64_t>(1 - lanes * (copy + 1));
    return builder().CreateGEP(element, place, builder().getInt64(back));
  }
  llvm::Value* distance = builder().getInt64(static_cast<std::uint64_t>(lanes * copy));
  return copy == 0 ? place : builder().CreateInBoundsGEP(element, place, distance);
}

void LlvmEmitter::emit(const Load& load) {
  const DType dtype = nest_.dtype(load.result);
  Binding& binding = values_[load.result.index];
  binding.nans = nan_bits_of_load(dtype);
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
  if (load.lanes == LaneStride::strided && !by_.has_gather(dtype)) {
    const StridedLanes lanes = strided_lanes(load.argument, load.offset, load.lane_stride);
    for (llvm::Value* vector : load_strided(frame_, lanes)) {
      binding.vectors.push_back(in_register(vector));
    }
    return;
  }
  llvm::Type* type = memory_type(frame_.context(), dtype, scope().lanes);
  for (unsigned copy = 0; copy < scope().unroll; ++copy) {
    binding.vectors.push_back(in_register(load_vector(load, type, copy)));
  }
}

/// The lanes of all vectors in flight, `stride` elements apart.
StridedLanes LlvmEmitter::strided_lanes(std::uint8_t argument, IndexId offset, IndexId stride) {
  const DType dtype = nest_.arguments[argument].dtype;
  StridedLanes lanes{.element = memory_type(frame_.context(), dtype, 1),
                     .first = frame_.address(argument, offset),
                     .stride = frame_.stride_bytes(stride, info(dtype).bytes),
                     .lanes = scope().lanes,
                     .vectors = scope().unroll};
  if (scope().remaining != nullptr) {
    lanes.active = builder().CreateBinaryIntrinsic(llvm::Intrinsic::smin, scope().remaining,
                                                   builder().getInt64(lanes.count()));
  }
  return lanes;
}

/// Address of vectors `copy` and `copy` + 1 of an interleaved loop. They lie in memory as 32-bit
/// words: the lower half of a word is an element of `copy` (even), the upper half one of `copy` + 1
/// (odd).
llvm::Value* LlvmEmitter::pair_address(std::uint8_t argument, IndexId offset, unsigned copy) {
  llvm::Value* distance = builder().getInt64(std::uint64_t{copy} * scope().lanes);
  llvm::Value* place = frame_.address(argument, offset);
  return builder().CreateInBoundsGEP(builder().getInt16Ty(), place, distance);
}

void LlvmEmitter::load_pairs(const Load& load, Binding& binding) {
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

void LlvmEmitter::store_pairs(const Store& store) {
  auto* words = llvm::FixedVectorType::get(builder().getInt32Ty(), scope().lanes);
  for (unsigned copy = 0; copy < scope().unroll; copy += 2) {
    llvm::Value* even = builder().CreateZExt(operand(store.value, copy), words);
    llvm::Value* odd = builder().CreateZExt(operand(store.value, copy + 1), words);
    llvm::Value* word = builder().CreateOr(even, builder().CreateShl(odd, 16));
    const llvm::Align align(info(nest_.dtype(store.value)).bytes);
    builder().CreateAlignedStore(word, pair_address(store.argument, store.offset, copy), align);
  }
}

llvm::Value* LlvmEmitter::load_vector(const Load& load, llvm::Type* type, unsigned copy) {
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

/// Prefetches `load.prefetch` bytes ahead of vector `copy`, at most once for each cache line.
void LlvmEmitter::prefetch(llvm::Value* place, const Load& load, unsigned copy) {
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

/// Vector of the addresses of the lanes of vector `copy`, `stride` elements apart.
llvm::Value* LlvmEmitter::lane_addresses(llvm::Type* element, llvm::Value* place, IndexId stride,
                                         unsigned copy) {
  llvm::Value* lanes = builder().getInt64(std::uint64_t{copy} * scope().lanes);
  llvm::Value* distance = builder().CreateNSWMul(frame_.index(stride), lanes);
  place = builder().CreateInBoundsGEP(element, place, distance);
  return builder().CreateInBoundsGEP(element, place, frame_.lane_distances(stride));
}

void LlvmEmitter::emit(const Store& store) {
  const DType dtype = nest_.dtype(store.value);
  if (scope().interleaved) return store_pairs(store);
  llvm::Type* type = memory_type(frame_.context(), dtype, scope().lanes);
  const auto in_memory = [&](unsigned copy) {
    llvm::Value* value = operand(store.value, copy);
    return dtype == DType::boolean ? builder().CreateZExt(value, type) : value;
  };
  const bool strided = store.lanes == LaneStride::strided && scope().lanes > 1;
  if (strided && !by_.has_scatter(dtype)) {
    llvm::SmallVector<llvm::Value*, 4> values;
    for (unsigned copy = 0; copy < scope().unroll; ++copy) values.push_back(in_memory(copy));
    store_strided(frame_, strided_lanes(store.argument, store.offset, store.lane_stride), values);
    return;
  }
  for (unsigned copy = 0; copy < scope().unroll; ++copy) {
    llvm::Value* value = in_memory(copy);
    llvm::Value* place = frame_.address(store.argument, store.offset);
    llvm::Type* element = type->getScalarType();
    if (strided) {
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

void LlvmEmitter::store_vector(const Store& store, llvm::Value* place, llvm::Value* value,
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

}  // namespace sinter::detail
