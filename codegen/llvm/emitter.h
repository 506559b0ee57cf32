// LlvmEmitter: translates a LoopNest to LLVM IR, statement by statement. It makes no decisions; the
// nest holds them all.
//
// A uniform value of the nest is a scalar; a value that varies with the lane is `unroll` vectors of
// `lanes` elements. Every step of a loop loads all that it needs before it stores, as the nest
// requires. So buffers may alias, and no pointer is `noalias`. Loads and stores are in memory.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/target.h>
#include <sinter/ir/assert.h>

#include "llvm/function_builder.h"
#include "llvm/lowerings.h"
#include "llvm/ops.h"
#include "llvm/strided.h"
#include "llvm/transpose.h"

namespace sinter::detail {

/// The LLVM values of a value of the nest: `scalar` if it is uniform, else `vectors`, one for each
/// vector in flight.
struct Binding {
  llvm::Value* scalar = nullptr;
  llvm::Value* splat = nullptr;                 // of `scalar`, made on first use
  std::optional<std::uint64_t> parameter = {};  // parameter slot that `scalar` was loaded from
  llvm::SmallVector<llvm::Value*, 4> vectors;
  NanBits nans = NanBits::upper_half;
};

/// Serves one nest: construct it with an empty function, then call run() once.
class LlvmEmitter {
 public:
  LlvmEmitter(const LoopNest& nest, const Target& target, llvm::Function& function)
      : nest_(nest),
        by_(lowerings_of(target)),
        vector_registers_(target.vector_registers),
        frame_(nest, function),
        values_(nest.values.size()) {}

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
  void emit(const Transpose& transpose) { emit_transpose(frame_, nest_, transpose); }

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
  StridedLanes strided_lanes(std::uint8_t argument, IndexId offset, IndexId stride);
  llvm::Value* lane_addresses(llvm::Type* element, llvm::Value* place, IndexId stride,
                              unsigned copy);
  llvm::Value* leaf(const Compute& compute);
  bool is_uniform(ValueId id) const { return values_[id.index].scalar != nullptr; }
  llvm::Value* operand(ValueId id, unsigned copy);
  llvm::Value* splat(Binding& binding, unsigned lanes);
  llvm::Value* splat_here(const Binding& binding, llvm::ElementCount lanes);
  Scope scope_of(const Loop& loop);
  std::vector<llvm::Value*> first_values(const Loop& loop);
  void carry(const Loop& loop, llvm::ArrayRef<llvm::Value*> first, llvm::BasicBlock* before);
  void keep_masked(const Loop& loop);
  void finish(const Loop& loop, llvm::ArrayRef<llvm::Value*> first, llvm::BasicBlock* before,
              llvm::BasicBlock* last);

  llvm::IRBuilder<>& builder() { return frame_.builder(); }
  Scope& scope() { return frame_.scope(); }

  const LoopNest& nest_;
  const Lowerings by_;
  const int vector_registers_;
  FunctionBuilder frame_;
  std::vector<Binding> values_;  // [value]
  int hoisted_splats_ = 0;       // number of splats made outside of the loops that use them
  bool streams_ = false;         // true once a streaming store was emitted
};

}  // namespace sinter::detail
