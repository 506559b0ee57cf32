// FunctionBuilder: the function being emitted, with its open loops, the caller's arguments, index
// expressions and addresses.
//
// Each index, address and argument is computed once, on first use, at the head of the outermost
// scope in which it is known. So no pass has to hoist invariants or remove unused code.
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

/// Attribute of every kernel: its stack is limited to kKernelStackBytes. A caller's function into
/// which a kernel is inlined does not have the attribute.
inline constexpr const char* kKernel = "sinter-kernel";

/// Attribute of a function whose instructions keep the order in which they were emitted. LLVM's
/// scheduler would bring loads together, and so spill the accumulators of a product.
inline constexpr const char* kKeepsOrder = "sinter-keeps-order";

/// The function or a loop in it, while its statements are emitted.
struct Scope {
  llvm::Instruction* head_end = nullptr;  ///< values computed once in the scope go before it
  unsigned lanes = 1;
  unsigned unroll = 1;
  bool interleaved = false;
  // Of a masked loop:
  /// Number of elements from its variable to its end, at least 1.
  llvm::Value* remaining = nullptr;
  /// [vector in flight] number of its lanes below the end, as a splat; 0 or less if there is none.
  llvm::SmallVector<llvm::Value*, 4> left = {};
  /// [vector in flight] true in its lanes below the end.
  llvm::SmallVector<llvm::Value*, 4> masks = {};
};

class FunctionBuilder {
 public:
  FunctionBuilder(const LoopNest& nest, llvm::Function& function);

  [[nodiscard]] llvm::IRBuilder<>& builder() { return builder_; }
  [[nodiscard]] llvm::LLVMContext& context() { return function_.getContext(); }
  void keep_order() { function_.addFnAttr(kKeepsOrder); }
  [[nodiscard]] llvm::BasicBlock* new_block(const char* name);

  [[nodiscard]] Scope& scope() { return scopes_.back(); }
  void open(const Scope& scope) { scopes_.push_back(scope); }
  void close() { scopes_.pop_back(); }
  /// Sets the value of a variable of the scope that is opened next.
  void bind(IndexId variable, llvm::Value* value);

  [[nodiscard]] llvm::Value* index(IndexId id);
  /// The address of element `offset` of an argument.
  [[nodiscard]] llvm::Value* address(std::uint8_t argument, IndexId offset);
  /// The address of element 0 of an argument.
  [[nodiscard]] llvm::Value* buffer(std::uint8_t argument);
  /// Vector of the distances, in elements, of the lanes of a strided access from its lane 0.
  [[nodiscard]] llvm::Value* lane_distances(IndexId stride);
  /// Bytes from a lane to the next, `stride` elements of `bytes` bytes each.
  [[nodiscard]] llvm::Value* stride_bytes(IndexId stride, unsigned bytes);
  /// Address of at least `bytes` bytes on the stack. All statements share this memory, so each
  /// overwrites what the statements before it stored there.
  [[nodiscard]] llvm::Value* lane_slot(std::uint64_t bytes);
  /// Slot `slot` of KernelArguments::parameters.
  [[nodiscard]] llvm::Value* parameter(llvm::Type* type, std::uint64_t slot);
  /// The same slot, loaded again at the insertion point.
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
  std::vector<std::size_t> variable_depths_;  // [index] position in scopes_ of a variable's loop
  std::vector<llvm::Value*> indices_;         // [index] nullptr until first used
  std::vector<llvm::Value*> buffers_;         // [argument] nullptr until first used
  std::map<std::pair<std::uint8_t, IndexId>, llvm::Value*> addresses_;
  llvm::AllocaInst* lane_slot_ = nullptr;
  std::uint64_t lane_slot_bytes_ = 0;
  std::map<std::size_t, llvm::Value*> pointers_;  // by byte offset in KernelArguments
};

}  // namespace sinter::detail
