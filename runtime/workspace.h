// Workspaces: blocks of memory for the temporaries and the scratch blocks of a run.
//
// A run takes one block from the engine's pool and gives it back. The pool keeps a few idle blocks,
// so that a program run in a loop allocates nothing. One pool serves all programs of an engine,
// which bounds the number of idle blocks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <sinter/runtime/executor.h>

#include "process.h"

namespace sinter::detail {

/// An Allocator that calls aligned operator new. Returns null for more bytes than the machine has.
[[nodiscard]] std::shared_ptr<Allocator> default_allocator();
/// Bytes of physical memory of this machine.
[[nodiscard]] std::int64_t machine_memory();

struct Block {
  std::byte* memory = nullptr;
  std::size_t bytes = 0;
};

/// True if `memory`, returned by an allocator, is not null and is aligned.
[[nodiscard]] bool is_usable(const void* memory);
/// Throws the Error for memory that is not usable, and releases it.
[[noreturn]] void refuse_block(Allocator& allocator, void* memory, std::size_t bytes,
                               std::string_view what);

/// Allocates a block from `allocator`. Throws Error: limit_exceeded if it returns null,
/// invalid_buffer if the memory is not aligned. `what()` names the use of the block in the message,
/// for example "a workspace".
template <typename What>
[[nodiscard]] Block allocate_block(Allocator& allocator, std::size_t bytes, What&& what) {
  void* memory = allocator.allocate(bytes);
  if (!is_usable(memory)) refuse_block(allocator, memory, bytes, what());
  return {static_cast<std::byte*>(memory), bytes};
}

class WorkspacePool {
 public:
  /// A pool that refuses workspaces of more than `limit` bytes.
  explicit WorkspacePool(std::shared_ptr<Allocator> allocator, std::int64_t limit = INT64_MAX)
      : allocator_(std::move(allocator)), limit_(limit) {}
  ~WorkspacePool() { trim(); }
  WorkspacePool(const WorkspacePool&) = delete;
  WorkspacePool& operator=(const WorkspacePool&) = delete;

  /// Returns the smallest idle block of at least `bytes`, or a new block. Throws
  /// Error(limit_exceeded) for more than the limit, and if the allocator returns null.
  [[nodiscard]] Block take(std::size_t bytes);
  /// Keeps the block idle. Releases the block that has been idle longest if there are more than
  /// kIdleBlocks.
  void give_back(Block block);
  /// Releases all idle blocks.
  void trim();

 private:
  [[nodiscard]] Block take_idle(std::size_t bytes);

  static constexpr std::size_t kIdleBlocks = 4;
  struct Idle {
    std::array<Block, kIdleBlocks> blocks;  ///< longest idle first; unused ones at the end
  };
  std::shared_ptr<Allocator> allocator_;
  std::int64_t limit_;
  Guarded<Idle> idle_;
};

/// A block of a pool, taken for a scope; no block for 0 bytes.
class Workspace {
 public:
  Workspace(WorkspacePool& pool, std::int64_t bytes) : pool_(pool) {
    if (bytes > 0) block_ = pool.take(static_cast<std::size_t>(bytes));
  }
  ~Workspace() {
    if (block_.memory != nullptr) pool_.give_back(block_);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  [[nodiscard]] std::byte* data() const { return block_.memory; }

 private:
  WorkspacePool& pool_;
  Block block_;
};

}  // namespace sinter::detail
