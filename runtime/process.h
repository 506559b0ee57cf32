// Support for forked children: a number that identifies the process, and a mutex that a child can
// lock although a thread of the parent held it.
//
// A fork copies only the calling thread. What another thread was doing at that moment stays half
// done in the child: its locks stay locked, and the state that they guard may be inconsistent. The
// library registers no fork handler, because the handler would outlive a library that is unloaded.
// Instead, locks detect a fork when they are used.
#pragma once

#include <atomic>
#include <cstdint>
#include <new>
#include <type_traits>

namespace sinter::detail {

/// A number, not 0, that differs from those of all processes that this one was forked from. It
/// grows with each fork after which the library is used.
[[nodiscard]] std::uint32_t process_epoch() noexcept;

/// process_epoch for Linux before 4.14, which lacks MADV_WIPEONFORK. Calls getpid() each time.
[[nodiscard]] std::uint32_t process_epoch_by_id() noexcept;

/// A mutex that a child can lock although a thread of its parent held it at the fork.
class ForkSafeMutex {
 public:
  ForkSafeMutex() = default;
  ForkSafeMutex(const ForkSafeMutex&) = delete;
  ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

  /// Locks the mutex. Returns true if a thread of a parent process held it at the fork, so that the
  /// state that it guards may be inconsistent. Only the first lock in the child returns true.
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
  /// 0 if free; else twice the epoch of the process that holds it, plus kWaited if others wait.
  std::atomic<std::uint32_t> word_{0};
};

/// A State and its mutex. If a thread of the parent held the mutex at a fork, the child gets a new
/// State; it neither uses nor frees the old one.
template <typename State>
class Guarded {
 public:
  static_assert(std::is_nothrow_default_constructible_v<State>);
  Guarded() = default;
  ~Guarded() { static_cast<void>(lock()); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  /// Access to the State; holds the lock while it lives.
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
