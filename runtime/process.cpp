// The epoch lies in a page that the kernel clears in a forked child, so reading it needs no system
// call.
#include "process.h"

#include <sys/mman.h>
#include <unistd.h>

namespace sinter::detail {
namespace {

using Epoch = std::atomic<std::uint32_t>;

/// The last epoch in use, in this process or one that it was forked from.
constinit Epoch last_epoch{0};

/// The epoch of this process, in a page that the kernel clears in a child; null before the first
/// use.
constinit std::atomic<Epoch*> in_page{nullptr};
/// The epoch to which `in_page` points if the kernel does not support such pages.
constinit Epoch no_page{0};

/// Process id in the upper 32 bits, its epoch in the lower.
constinit std::atomic<std::uint64_t> by_id{0};

Epoch* make_page() noexcept {
  const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Epoch* made = &no_page;
  if (page != MAP_FAILED) {
    if (madvise(page, bytes, MADV_WIPEONFORK) == 0) made = new (page) Epoch(0);
  }
  Epoch* before = nullptr;
  const bool first = in_page.compare_exchange_strong(before, made);
  if (page != MAP_FAILED && (!first || made == &no_page)) munmap(page, bytes);
  return first ? made : before;
}

}  // namespace

std::uint32_t process_epoch() noexcept {
  Epoch* epoch = in_page.load(std::memory_order_acquire);
  if (epoch == nullptr) epoch = make_page();
  if (epoch == &no_page) return process_epoch_by_id();
  const std::uint32_t known = epoch->load(std::memory_order_relaxed);
  if (known != 0) return known;
  const std::uint32_t next = ++last_epoch;
  std::uint32_t expected = 0;
  return epoch->compare_exchange_strong(expected, next) ? next : expected;
}

std::uint32_t process_epoch_by_id() noexcept {
  const auto id = static_cast<std::uint32_t>(getpid());
  std::uint64_t known = by_id.load();
  while (known >> 32 != id) {
    const std::uint64_t next = std::uint64_t{id} << 32 | ++last_epoch;
    if (by_id.compare_exchange_strong(known, next)) return static_cast<std::uint32_t>(next);
  }
  return static_cast<std::uint32_t>(known);
}

bool ForkSafeMutex::lock_slowly(std::uint32_t own) noexcept {
  std::uint32_t seen = word_.load(std::memory_order_relaxed);
  while (true) {
    const bool is_free = seen == 0;
    const bool is_foreign = !is_free && (seen & ~kWaited) != own;
    if (is_free || is_foreign) {
      // Other threads may be waiting. With kWaited set, unlock wakes one of them.
      if (word_.compare_exchange_weak(seen, own | kWaited, std::memory_order_acquire)) {
        return is_foreign;
      }
      continue;
    }
    if ((seen & kWaited) == 0 &&
        !word_.compare_exchange_weak(seen, seen | kWaited, std::memory_order_relaxed)) {
      continue;
    }
    word_.wait(own | kWaited, std::memory_order_relaxed);
    seen = word_.load(std::memory_order_relaxed);
  }
}

}  // namespace sinter::detail
