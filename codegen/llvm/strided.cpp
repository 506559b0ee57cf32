#include "llvm/strided.h"

#include <array>

#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>

namespace sinter::detail {
namespace {

/// Lanes whose addresses are computed from one base address. Two registers address the first three
/// on x86: base, base + stride, base + 2 * stride.
constexpr unsigned kGroup = 4;
/// Most lanes of a vector that are accessed one by one.
constexpr unsigned kFewLanes = 8;
/// Most lanes of all vectors in flight that are accessed one by one.
constexpr unsigned kFewInAll = 32;

bool is_few(const StridedLanes& lanes) {
  return lanes.active == nullptr && lanes.lanes <= kFewLanes && lanes.count() <= kFewInAll;
}

/// Addresses of a lane and of up to kGroup lanes after it.
class Walk {
 public:
  Walk(FunctionBuilder& frame, llvm::Value* stride) : builder_(frame.builder()) {
    for (unsigned distance = 1; distance <= kGroup; ++distance) {
      bytes_[distance] = builder_.CreateNSWMul(stride, builder_.getInt64(distance));
    }
  }
  [[nodiscard]] llvm::Value* from(llvm::Value* place, unsigned distance) const {
    if (distance == 0) return place;
    return builder_.CreateGEP(builder_.getInt8Ty(), place, bytes_[distance]);
  }

 private:
  llvm::IRBuilder<>& builder_;
  std::array<llvm::Value*, kGroup + 1> bytes_{};
};

/// Emits body(number of a lane, its address) once for every lane.
void for_each_lane(FunctionBuilder& frame, const StridedLanes& lanes, auto&& body) {
  const Walk walk(frame, lanes.stride);
  llvm::Value* place = lanes.first;
  for (unsigned lane = 0; lane < lanes.count(); ++lane) {
    if (lane > 0 && lane % kGroup == 0) place = walk.from(place, kGroup);
    body(lane, walk.from(place, lane % kGroup));
  }
}

/// Emits a loop over the active lanes: body(address of a lane in `slot`, its address in memory).
void loop_over_lanes(FunctionBuilder& frame, const StridedLanes& lanes, llvm::Value* slot,
                     auto&& body) {
  llvm::IRBuilder<>& builder = frame.builder();
  const unsigned step = lanes.active == nullptr && lanes.count() % kGroup == 0 ? kGroup : 1;
  llvm::Value* end = lanes.active == nullptr ? builder.getInt64(lanes.count()) : lanes.active;
  const Walk walk(frame, lanes.stride);
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* loop = frame.new_block("lanes");
  llvm::BasicBlock* done = frame.new_block("lanes_done");
  builder.CreateBr(loop);
  builder.SetInsertPoint(loop);
  llvm::PHINode* lane = builder.CreatePHI(builder.getInt64Ty(), 2, "lane");
  llvm::PHINode* place = builder.CreatePHI(builder.getPtrTy(), 2, "place");
  lane->addIncoming(builder.getInt64(0), before);
  place->addIncoming(lanes.first, before);
  llvm::Value* in_slot = builder.CreateGEP(lanes.element, slot, lane);
  for (unsigned i = 0; i < step; ++i) {
    body(builder.CreateConstGEP1_64(lanes.element, in_slot, i), walk.from(place, i));
  }
  llvm::Value* next = builder.CreateNUWAdd(lane, builder.getInt64(step));
  lane->addIncoming(next, loop);
  place->addIncoming(walk.from(place, step), loop);
  builder.CreateCondBr(builder.CreateICmpULT(next, end), loop, done);
  builder.SetInsertPoint(done);
}

/// Emits body(number of a vector, its address in `slot`) once for each vector in flight.
void for_each_vector(FunctionBuilder& frame, const StridedLanes& lanes, llvm::Value* slot,
                     auto&& body) {
  for (unsigned i = 0; i < lanes.vectors; ++i) {
    const std::uint64_t first = std::uint64_t{i} * lanes.lanes;
    body(i, frame.builder().CreateConstGEP1_64(lanes.element, slot, first));
  }
}

unsigned element_bytes(const StridedLanes& lanes) {
  return lanes.element->getScalarSizeInBits() / 8;
}

llvm::Type* vector_type(const StridedLanes& lanes) {
  return llvm::FixedVectorType::get(lanes.element, lanes.lanes);
}

llvm::Value* new_slot(FunctionBuilder& frame, const StridedLanes& lanes) {
  return frame.lane_slot(std::uint64_t{lanes.count()} * element_bytes(lanes));
}

}  // namespace

llvm::SmallVector<llvm::Value*, 4> load_strided(FunctionBuilder& frame, const StridedLanes& lanes) {
  llvm::IRBuilder<>& builder = frame.builder();
  const llvm::Align align(element_bytes(lanes));
  llvm::SmallVector<llvm::Value*, 4> vectors(lanes.vectors,
                                             llvm::PoisonValue::get(vector_type(lanes)));
  if (is_few(lanes)) {
    for_each_lane(frame, lanes, [&](unsigned lane, llvm::Value* place) {
      llvm::Value* element = builder.CreateAlignedLoad(lanes.element, place, align);
      llvm::Value*& vector = vectors[lane / lanes.lanes];
      vector = builder.CreateInsertElement(vector, element, std::uint64_t{lane % lanes.lanes});
    });
    return vectors;
  }
  llvm::Value* slot = new_slot(frame, lanes);
  if (lanes.active != nullptr) {
    for_each_vector(frame, lanes, slot, [&](unsigned, llvm::Value* in_slot) {
      builder.CreateAlignedStore(llvm::Constant::getNullValue(vector_type(lanes)), in_slot, align);
    });
  }
  loop_over_lanes(frame, lanes, slot, [&](llvm::Value* in_slot, llvm::Value* place) {
    builder.CreateAlignedStore(builder.CreateAlignedLoad(lanes.element, place, align), in_slot,
                               align);
  });
  for_each_vector(frame, lanes, slot, [&](unsigned i, llvm::Value* in_slot) {
    vectors[i] = builder.CreateAlignedLoad(vector_type(lanes), in_slot, align);
  });
  return vectors;
}

void store_strided(FunctionBuilder& frame, const StridedLanes& lanes,
                   llvm::ArrayRef<llvm::Value*> values) {
  llvm::IRBuilder<>& builder = frame.builder();
  const llvm::Align align(element_bytes(lanes));
  if (is_few(lanes)) {
    for_each_lane(frame, lanes, [&](unsigned lane, llvm::Value* place) {
      llvm::Value* element = builder.CreateExtractElement(values[lane / lanes.lanes],
                                                          std::uint64_t{lane % lanes.lanes});
      builder.CreateAlignedStore(element, place, align);
    });
    return;
  }
  llvm::Value* slot = new_slot(frame, lanes);
  for_each_vector(frame, lanes, slot, [&](unsigned i, llvm::Value* in_slot) {
    builder.CreateAlignedStore(values[i], in_slot, align);
  });
  loop_over_lanes(frame, lanes, slot, [&](llvm::Value* in_slot, llvm::Value* place) {
    builder.CreateAlignedStore(builder.CreateAlignedLoad(lanes.element, in_slot, align), place,
                               align);
  });
}

}  // namespace sinter::detail
