// An allocator that fails on purpose: every call of operator new in this program counts down.
#pragma once

#include <cstdint>

namespace sinter::test {

/// Which allocations of a scope fail.
enum class Failing : std::uint8_t {
  one,        ///< the n-th
  all_after,  ///< the n-th and all after it
};

/// Makes allocations of this thread fail during its lifetime. Allocations inside LLVM never fail,
/// because LLVM ends the process when it gets no memory.
class FailingAllocations {
 public:
  FailingAllocations(std::int64_t n, Failing failing);
  ~FailingAllocations() { stop(); }
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;
  /// Ends the failures. Returns true if there were n allocations, so that the n-th failed.
  bool stop();
};

/// Number of allocations that have not been freed.
[[nodiscard]] std::int64_t live_allocations();

}  // namespace sinter::test
