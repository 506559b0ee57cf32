// What of the library a forked child can rely on: which process this is, and locks that a thread
// which the child does not have may hold.
//
// A fork copies the calling thread alone. Whatever another thread was about at that moment stays
// half done in the child for ever: locks stay taken, and what they guard may be torn. No handler
// runs at a fork, for one would outlive a library that is unloaded; all is found out when it
// matters.
#pragma once

#include <atomic>
#include <cstdint>
#include <new>
#include <type_traits>

namespace sinter::detail {

/// A number that tells this process from those it was forked from: it grows with each fork that the
/// library is used in. Not 0.
[[nodiscard]] std::uint32_t process_epoch() noexcept;

/// The same for kernels older than 4.14 (without MADV_WIPEONFORK); asks for the process id.
[[nodiscard]] std::uint32_t process_epoch_by_id() noexcept;

/// A mutex that a child may lock though a thread of its parent held it at the fork.
class ForkSafeMutex {
 public:
  ForkSafeMutex() = default;
  ForkSafeMutex(const ForkSafeMutex&) = delete;
  ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

  /// True where a thread of a parent process held the mutex at the fork, so that what it guards may
  /// be torn: told once, to the first that locks it in the child.
  [[nodiscard]] bool lock() noexcept {
    std::uint32_t free = 0;
    const std::uint32_t own = process_epoch() << 1;
    if (word_.compare_exchange_strong(free, own, std::memory_order_acquire)) return false;
    return lock_slowly(own);
  }
  void unlock() noexcept {
    if ((word_.exchange(0, std::memory_order_release) & kWaited) != 0) word_.notify_one();
  }

 private:
  static constexpr std::uint32_t kWaited = 1;
  bool lock_slowly(std::uint32_t own) noexcept;
  std::atomic<std::uint32_t> word_{
      0};  ///< 0, or the epoch of who holds it, and whether others wait
};

/// A State and its mutex. In a child whose parent had it locked in another thread, the State is a
/// new one, and nothing of the old one is touched or freed.
template <typename State>
class Guarded {
 public:
  static_assert(std::is_nothrow_default_constructible_v<State>);
  Guarded() = default;
  ~Guarded() { static_cast<void>(lock()); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  /// The State, for as long as this object.
  class Access {
   public:
    explicit Access(const Guarded& owner) : owner_(owner) {
      if (owner.mutex_.lock()) new (&owner.state_) State();
    }
    ~Access() { owner_.mutex_.unlock(); }
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;
    State* operator->() const { return &owner_.state_; }
    State& operator*() const { return owner_.state_; }

   private:
    const Guarded& owner_;
  };
  [[nodiscard]] Access lock() const { return Access(*this); }

 private:
  mutable ForkSafeMutex mutex_;
  mutable State state_;
};

}  // namespace sinter::detail
