// The pool of workspaces. The allocator is never called under the lock.
#include "workspace.h"

#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include <fmt/format.h>

#include <sinter/ir/error.h>

namespace sinter::detail {
namespace {

constexpr std::size_t kAlignment = 64;

class AlignedNew final : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    // The system may overcommit: memory that the machine lacks would fail only when written.
    if (bytes > most_) return nullptr;
    return ::operator new(bytes, std::align_val_t{kAlignment}, std::nothrow);
  }
  void release(void* memory, std::size_t /*bytes*/) override {
    ::operator delete(memory, std::align_val_t{kAlignment});
  }

 private:
  const std::size_t most_ = static_cast<std::size_t>(machine_memory());
};

}  // namespace

std::shared_ptr<Allocator> default_allocator() { return std::make_shared<AlignedNew>(); }

std::int64_t machine_memory() {
  const std::int64_t pages = sysconf(_SC_PHYS_PAGES);
  const std::int64_t page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? pages * page : INT64_MAX;
}

bool is_usable(const void* memory) {
  return memory != nullptr && reinterpret_cast<std::uintptr_t>(memory) % kAlignment == 0;
}

void refuse_block(Allocator& allocator, void* memory, std::size_t bytes, std::string_view what) {
  if (memory == nullptr) {
    fail(ErrorCode::limit_exceeded,
         fmt::format("no memory for {} of {} bytes: the allocator returned null", what, bytes));
  }
  allocator.release(memory, bytes);
  fail(ErrorCode::invalid_buffer,
       fmt::format("the allocator returned {} for {}: it must be {}-byte aligned", fmt::ptr(memory),
                   what, kAlignment));
}

Block WorkspacePool::take(std::size_t bytes) {
  const Block idle = take_idle(bytes);
  if (idle.memory != nullptr) return idle;
  if (bytes > static_cast<std::size_t>(limit_)) {
    fail(ErrorCode::limit_exceeded,
         fmt::format("this program needs a workspace of {} bytes, and the machine has {} bytes of "
                     "memory: use smaller shapes, or an EngineOptions::allocator that has them",
                     bytes, limit_));
  }
  return allocate_block(*allocator_, bytes, [] { return "a workspace"; });
}

Block WorkspacePool::take_idle(std::size_t bytes) {
  const auto idle = idle_.lock();
  auto best = idle->blocks.end();
  for (auto it = idle->blocks.begin(); it != idle->blocks.end(); ++it) {
    const bool fits = it->memory != nullptr && it->bytes >= bytes;
    if (fits && (best == idle->blocks.end() || it->bytes < best->bytes)) best = it;
  }
  if (best == idle->blocks.end()) return {};
  const Block block = *best;
  std::move(best + 1, idle->blocks.end(), best);
  idle->blocks.back() = {};
  return block;
}

void WorkspacePool::give_back(Block block) {
  Block oldest;
  {
    const auto idle = idle_.lock();
    const auto free = std::ranges::find(idle->blocks, nullptr, &Block::memory);
    if (free != idle->blocks.end()) {
      *free = block;
    } else {
      oldest = idle->blocks.front();
      std::move(idle->blocks.begin() + 1, idle->blocks.end(), idle->blocks.begin());
      idle->blocks.back() = block;
    }
  }
  if (oldest.memory != nullptr) allocator_->release(oldest.memory, oldest.bytes);
}

void WorkspacePool::trim() {
  const std::array<Block, kIdleBlocks> blocks = std::exchange(idle_.lock()->blocks, {});
  for (const Block& block : blocks) {
    if (block.memory != nullptr) allocator_->release(block.memory, block.bytes);
  }
}

}  // namespace sinter::detail
