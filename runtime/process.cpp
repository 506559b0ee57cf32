#include "process.h"

#include <sys/mman.h>
#include <unistd.h>

namespace sinter::detail {
namespace {

using Epoch = std::atomic<std::uint32_t>;

/// Epochs that were given out, in this process and those it was forked from.
constinit Epoch given{0};

/// The epoch of this process, in a page that the kernel clears in a child; null until it is needed.
constinit std::atomic<Epoch*> in_page{nullptr};
/// In place of the page, where the kernel has no such pages.
constinit Epoch no_page{0};

/// Process id and epoch in one word.
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
  const std::uint32_t next = ++given;
  std::uint32_t nobody = 0;
  return epoch->compare_exchange_strong(nobody, next) ? next : nobody;
}

std::uint32_t process_epoch_by_id() noexcept {
  const auto id = static_cast<std::uint32_t>(getpid());
  std::uint64_t known = by_id.load();
  while (known >> 32 != id) {
    const std::uint64_t next = std::uint64_t{id} << 32 | ++given;
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
      // Others may wait: who unlocks wakes one of them.
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
