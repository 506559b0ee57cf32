// Executor: runs the parts of a kernel on threads. A host runtime may supply its own. Allocator:
// the memory that the runtime takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <sinter/ir/export.h>

namespace sinter {

/// Maximum bytes of stack that a task of an Executor takes: kKernelStackBytes of the kernel, and 1
/// KiB of its callers. A thread needs this in addition to the minimum of the system
/// (PTHREAD_STACK_MIN).
inline constexpr std::size_t kTaskStackBytes = std::size_t{17} << 10;

/// Runs tasks in parallel.
class SINTER_API Executor {
 public:
  virtual ~Executor();
  /// Number of threads that may work at once, the caller's included. An Engine refuses less than 1.
  [[nodiscard]] virtual int concurrency() const = 0;
  /// Calls task(context, i) once for every i in [0, count), on any threads, and returns after all
  /// calls have returned. Tasks do not throw or allocate, and take at most kTaskStackBytes of
  /// stack. `nanoseconds` is a hint: the estimated time of all calls together on one thread, 0 if
  /// it is unknown. May be called from several threads at once.
  virtual void parallel_for(std::int64_t count, void (*task)(void* context, std::int64_t i),
                            void* context, double nanoseconds) = 0;
};

/// sinter's own pool of `threads` threads, the caller's included. Idle workers spin briefly, then
/// park. With threads == 1, everything runs on the caller.
[[nodiscard]] SINTER_API std::shared_ptr<Executor> make_thread_pool(int threads);

/// Allocates workspaces and the memory of tensors. May be called from several threads at once.
class SINTER_API Allocator {
 public:
  virtual ~Allocator();
  /// Returns at least `bytes` bytes, 64-byte aligned, or null if there is not enough memory.
  [[nodiscard]] virtual void* allocate(std::size_t bytes) = 0;
  /// Frees `memory`, which `allocate` returned for the same `bytes`.
  virtual void release(void* memory, std::size_t bytes) = 0;
};

}  // namespace sinter
