#include "allocation/countdown.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "../../runtime/llvm/jit.h"

namespace sinter::test {
namespace {

thread_local std::int64_t left = 0;  // allocations up to the one that fails; 0: none fails
thread_local bool failing_on = false;
thread_local bool reached = false;
thread_local bool fails_after = false;
std::atomic<std::int64_t> live = 0;

bool fails() {
  if (left == 0 && !failing_on) return false;
  if (detail::LlvmScope::is_inside()) return false;
  if (failing_on) return true;
  if (--left > 0) return false;
  reached = true;
  failing_on = fails_after;
  return true;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (fails()) throw std::bad_alloc();
  void* memory = nullptr;
  if (posix_memalign(&memory, std::max<std::size_t>(alignment, 16), bytes > 0 ? bytes : 1) != 0) {
    throw std::bad_alloc();
  }
  ++live;
  return memory;
}

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  --live;
  std::free(memory);
}

}  // namespace

FailingAllocations::FailingAllocations(std::int64_t n, Failing failing) {
  reached = false;
  fails_after = failing == Failing::all_after;
  left = n;
}

bool FailingAllocations::stop() {
  left = 0;
  failing_on = false;
  return reached;
}

std::int64_t live_allocations() { return live; }

}  // namespace sinter::test

// libstdc++ forwards the other forms of operator new to these. A sanitizer does not, so every form
// that the program uses is defined here.
void* operator new(std::size_t bytes) { return sinter::test::allocate(bytes, 16); }
void* operator new[](std::size_t bytes) { return sinter::test::allocate(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return sinter::test::allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return sinter::test::allocate(bytes, 16);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t bytes, const std::nothrow_t& tag) noexcept {
  return operator new(bytes, tag);
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  try {
    return sinter::test::allocate(bytes, static_cast<std::size_t>(alignment));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { sinter::test::release(memory); }
void operator delete[](void* memory) noexcept { sinter::test::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { sinter::test::release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { sinter::test::release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { sinter::test::release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  sinter::test::release(memory);
}
