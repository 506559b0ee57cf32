// The pool of workspaces: reuse of blocks, the bound on idle blocks, and allocators that fail.
#include "../../runtime/workspace.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include <sinter/ir/error.h>

#include "support/expect_error.h"

namespace sinter::detail {
namespace {

using test::error_of;

/// Counts allocations, and fails for more than `limit` bytes.
class Counting final : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    if (bytes > limit) return nullptr;
    ++allocations;
    void* memory = inner->allocate(bytes + 64);
    void* given = static_cast<std::byte*>(memory) + shift;
    live[given] = bytes;
    return given;
  }
  void release(void* memory, std::size_t bytes) override {
    ASSERT_EQ(live.at(memory), bytes) << "released with a size other than the allocated one";
    live.erase(memory);
    inner->release(static_cast<std::byte*>(memory) - shift, bytes + 64);
  }

  std::shared_ptr<Allocator> inner = default_allocator();
  std::size_t limit = SIZE_MAX;
  std::ptrdiff_t shift = 0;
  int allocations = 0;
  std::map<void*, std::size_t> live;
};

TEST(WorkspacePool, ServesALoopWithOneAllocation) {
  const auto allocator = std::make_shared<Counting>();
  WorkspacePool pool(allocator);
  for (int i = 0; i < 100; ++i) {
    const Workspace workspace(pool, 4096);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(workspace.data()) % 64, 0U);
  }
  EXPECT_EQ(allocator->allocations, 1);
}

TEST(WorkspacePool, AllocatesNothingForNoBytes) {
  const auto allocator = std::make_shared<Counting>();
  WorkspacePool pool(allocator);
  const Workspace workspace(pool, 0);
  EXPECT_EQ(workspace.data(), nullptr);
  EXPECT_EQ(allocator->allocations, 0);
}

TEST(WorkspacePool, GivesTheSmallestIdleBlockThatFits) {
  WorkspacePool pool(std::make_shared<Counting>());
  const auto big = pool.take(1000);
  const auto small = pool.take(100);
  pool.give_back(big);
  pool.give_back(small);
  EXPECT_EQ(pool.take(50).memory, small.memory);
  EXPECT_EQ(pool.take(50).memory, big.memory);
  pool.give_back(big);
  pool.give_back(small);
}

TEST(WorkspacePool, KeepsAFewIdleBlocksAndReleasesTheRest) {
  const auto allocator = std::make_shared<Counting>();
  {
    WorkspacePool pool(allocator);
    std::vector<Block> blocks;
    for (std::size_t i = 1; i <= 20; ++i) blocks.push_back(pool.take(64 * i));
    for (const auto& block : blocks) pool.give_back(block);
    EXPECT_EQ(allocator->live.size(), 4U);
    pool.trim();
    EXPECT_EQ(allocator->live.size(), 0U);
    pool.give_back(pool.take(64));
  }
  EXPECT_EQ(allocator->live.size(), 0U);
}

TEST(WorkspacePool, NamesTheBytesWhenThereIsNoMemory) {
  const auto allocator = std::make_shared<Counting>();
  allocator->limit = 100;
  WorkspacePool pool(allocator);
  EXPECT_EQ(error_of([&] { static_cast<void>(pool.take(640)); }),
            "limit_exceeded: no memory for a workspace of 640 bytes: the allocator returned null");
}

TEST(WorkspacePool, RefusesMoreThanTheMachineHas) {
  const auto allocator = std::make_shared<Counting>();
  WorkspacePool pool(allocator, 4096);
  EXPECT_EQ(error_of([&] { static_cast<void>(pool.take(8192)); }),
            "limit_exceeded: this program needs a workspace of 8192 bytes, and the machine has "
            "4096 bytes of memory: use smaller shapes, or an EngineOptions::allocator that has "
            "them");
  EXPECT_EQ(allocator->allocations, 0);
  EXPECT_GT(machine_memory(), 0);
}

TEST(WorkspacePool, RefusesMemoryThatIsNotAligned) {
  const auto allocator = std::make_shared<Counting>();
  allocator->shift = 8;
  WorkspacePool pool(allocator);
  const std::string message = error_of([&] { static_cast<void>(pool.take(640)); });
  EXPECT_TRUE(message.ends_with("for a workspace: it must be 64-byte aligned")) << message;
  EXPECT_TRUE(allocator->live.empty());
}

}  // namespace
}  // namespace sinter::detail
