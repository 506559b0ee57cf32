// Workspaces: memory for what one kernel of a plan leaves to the next.
//
// A run takes one block and gives it back. The pool keeps a few idle blocks for the next run, so
// that a program run in a loop allocates nothing; what it keeps is bounded for the whole engine,
// not per program.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <sinter/runtime/executor.h>

#include "process.h"

namespace sinter::detail {

/// Aligned operator new, for no more than the machine's memory.
[[nodiscard]] std::shared_ptr<Allocator> default_allocator();
/// Bytes of this machine's memory.
[[nodiscard]] std::int64_t machine_memory();

struct Block {
  std::byte* memory = nullptr;
  std::size_t bytes = 0;
};

/// Whether an allocator may return it.
[[nodiscard]] bool is_usable(const void* memory);
[[noreturn]] void refuse_block(Allocator& allocator, void* memory, std::size_t bytes,
                               std::string_view what);

/// A block of `allocator`. Throws Error: limit_exceeded when there is no memory, invalid_buffer
/// when it is not aligned. `what()` names its use in the message, for example "a workspace".
template <typename What>
[[nodiscard]] Block allocate_block(Allocator& allocator, std::size_t bytes, What&& what) {
  void* memory = allocator.allocate(bytes);
  if (!is_usable(memory)) refuse_block(allocator, memory, bytes, what());
  return {static_cast<std::byte*>(memory), bytes};
}

class WorkspacePool {
 public:
  /// No workspace takes more than `limit` bytes.
  explicit WorkspacePool(std::shared_ptr<Allocator> allocator, std::int64_t limit = INT64_MAX)
      : allocator_(std::move(allocator)), limit_(limit) {}
  ~WorkspacePool() { trim(); }
  WorkspacePool(const WorkspacePool&) = delete;
  WorkspacePool& operator=(const WorkspacePool&) = delete;

  /// The smallest idle block that holds `bytes`, or a new one. Throws Error(limit_exceeded) beyond
  /// the limit, and when the allocator has no memory.
  [[nodiscard]] Block take(std::size_t bytes);
  void give_back(Block block);
  /// Releases all idle blocks.
  void trim();

 private:
  [[nodiscard]] Block take_idle(std::size_t bytes);

  static constexpr std::size_t kIdleBlocks = 4;
  struct Idle {
    std::array<Block, kIdleBlocks> blocks;  ///< longest idle first, then none
  };
  std::shared_ptr<Allocator> allocator_;
  std::int64_t limit_;
  Guarded<Idle> idle_;
};

/// A block for a scope; none for 0 bytes.
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
