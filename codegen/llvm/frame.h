// Frame: the function that is being emitted, as its statements see it: the loops around them, what
// the caller passes, indices and addresses.
//
// Each index, address and argument is computed once, when first asked for, at the head of the
// outermost scope in which it is known. So no pass has to hoist anything, and what nobody asks for
// is not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/loop_nest.h>

namespace sinter::detail {

/// Attribute of every kernel, whose stack is bounded: see kKernelStackBytes. A caller's function
/// into which a kernel is inlined has none.
inline constexpr const char* kKernel = "sinter-kernel";

/// Attribute of a function whose statements stand in an order that keeps its registers: LLVM's
/// scheduler brings loads together, and so spills the accumulators of a product.
inline constexpr const char* kKeepsOrder = "sinter-keeps-order";

/// The function, or a loop in it, while its statements are emitted.
struct Scope {
  llvm::Instruction* head_end = nullptr;  ///< what the whole scope shares goes before it
  unsigned lanes = 1;
  unsigned unroll = 1;
  bool interleaved = false;
  /// Of a masked loop, the number of elements from its variable to its end, at least 1.
  llvm::Value* remaining = nullptr;
  /// Of a masked loop, for each vector in flight: how many lanes are below its end, in each, and
  /// which they are.
  llvm::SmallVector<llvm::Value*, 4> left = {};
  llvm::SmallVector<llvm::Value*, 4> masks = {};
};

class Frame {
 public:
  Frame(const LoopNest& nest, llvm::Function& function);

  [[nodiscard]] llvm::IRBuilder<>& builder() { return builder_; }
  [[nodiscard]] llvm::LLVMContext& context() { return function_.getContext(); }
  [[nodiscard]] const llvm::Module& module() const { return *function_.getParent(); }
  void keep_order() { function_.addFnAttr(kKeepsOrder); }
  [[nodiscard]] llvm::BasicBlock* new_block(const char* name);

  [[nodiscard]] Scope& scope() { return scopes_.back(); }
  void open(const Scope& scope) { scopes_.push_back(scope); }
  void close() { scopes_.pop_back(); }
  /// Says what a variable of the scope that is opened next is.
  void bind(IndexId variable, llvm::Value* value);

  [[nodiscard]] llvm::Value* index(IndexId id);
  /// The address of element `offset` of an argument.
  [[nodiscard]] llvm::Value* address(std::uint8_t argument, IndexId offset);
  /// The address of element 0 of an argument.
  [[nodiscard]] llvm::Value* buffer(std::uint8_t argument);
  /// Distances in elements of the lanes of a strided load from its lane 0.
  [[nodiscard]] llvm::Value* lane_distances(IndexId stride);
  /// Bytes from a lane to the next, `stride` elements of `bytes` bytes each.
  [[nodiscard]] llvm::Value* stride_bytes(IndexId stride, unsigned bytes);
  /// Memory on the stack, of at least `bytes` bytes, that one statement uses at a time.
  [[nodiscard]] llvm::Value* lane_slot(std::uint64_t bytes);
  /// Slot `slot` of KernelArguments::parameters.
  [[nodiscard]] llvm::Value* parameter(llvm::Type* type, std::uint64_t slot);
  /// The same, loaded at the place of the builder.
  [[nodiscard]] llvm::Value* parameter_here(llvm::Type* type, std::uint64_t slot);

 private:
  [[nodiscard]] std::size_t depth(IndexId id) const;
  [[nodiscard]] llvm::Value* compute(const Index& index);
  [[nodiscard]] llvm::Value* misalignment(const Index& index);
  [[nodiscard]] llvm::Value* argument_pointer(std::size_t place);
  [[nodiscard]] llvm::Value* table_slot(llvm::Type* type, std::size_t place, std::uint64_t slot);
  [[nodiscard]] llvm::Value* load_slot(llvm::Type* type, llvm::Value* base, std::uint64_t bytes);

  const LoopNest& nest_;
  llvm::Function& function_;
  llvm::IRBuilder<> builder_;
  std::vector<Scope> scopes_;
  std::vector<std::size_t> variable_depths_;  // by IndexId
  std::vector<llvm::Value*> indices_;         // by IndexId
  std::vector<llvm::Value*> buffers_;         // by argument
  std::map<std::pair<std::uint8_t, IndexId>, llvm::Value*> addresses_;
  llvm::AllocaInst* lane_slot_ = nullptr;
  std::uint64_t lane_slot_bytes_ = 0;
  std::map<std::size_t, llvm::Value*> pointers_;  // by their place in KernelArguments
};

}  // namespace sinter::detail
