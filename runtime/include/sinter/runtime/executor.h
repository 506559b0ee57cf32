// Executor: where the parts of a kernel run. A host runtime replaces it with its own threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <sinter/ir/export.h>

namespace sinter {

/// Most bytes of stack that a task of an Executor takes: a kernel's kKernelStackBytes, and those of
/// what calls it. A thread needs what its system asks for besides (PTHREAD_STACK_MIN).
inline constexpr std::size_t kTaskStackBytes = std::size_t{17} << 10;

class SINTER_API Executor {
 public:
  virtual ~Executor();
  /// How many threads may work at once, the caller's included; an Engine refuses less than 1.
  [[nodiscard]] virtual int concurrency() const = 0;
  /// Calls task(context, i) once for every i in [0, count), on any threads, and returns when all
  /// have returned. Tasks do not throw, do not allocate, and take at most kTaskStackBytes of stack.
  /// May be called from several threads at once.
  virtual void parallel_for(std::int64_t count, void (*task)(void* context, std::int64_t i),
                            void* context) = 0;
};

/// sinter's own pool of `threads` threads, the caller's included: workers spin briefly, then park.
/// threads == 1 runs everything on the caller.
[[nodiscard]] SINTER_API std::shared_ptr<Executor> make_thread_pool(int threads);

/// Where workspaces come from. Called from several threads at once.
class SINTER_API Allocator {
 public:
  virtual ~Allocator();
  /// At least `bytes` bytes, 64-byte aligned; null when there is no memory.
  [[nodiscard]] virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory, std::size_t bytes) = 0;
};

}  // namespace sinter
