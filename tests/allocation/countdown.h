// An allocator that fails on purpose: every operator new of this program counts down.
#pragma once

#include <cstdint>

namespace sinter::test {

/// Which allocations of a scope fail.
enum class Failing : std::uint8_t {
  one,        ///< the n-th
  all_after,  ///< the n-th and all after it
};

/// While it lives, allocations of this thread fail, but for those inside of LLVM, which ends the
/// process where it gets no memory.
class FailingAllocations {
 public:
  FailingAllocations(std::int64_t n, Failing failing);
  ~FailingAllocations() { stop(); }
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;
  /// Ends it; whether there were n allocations.
  bool stop();
};

/// Allocations that have not been freed.
[[nodiscard]] std::int64_t live_allocations();

}  // namespace sinter::test
