// SmallStackExecutor: runs tasks on threads whose stacks have the size that executor.h requires,
// rounded up to whole pages.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <sinter/runtime/executor.h>

namespace sinter::fuzz {

/// Each call starts new threads, on stacks that end at a guard page. A task that needs more than
/// kTaskStackBytes faults, or shows in `most_bytes`.
class SmallStackExecutor final : public Executor {
 public:
  explicit SmallStackExecutor(int threads);

  [[nodiscard]] int concurrency() const override { return threads_; }
  void parallel_for(std::int64_t count, void (*task)(void*, std::int64_t), void* context,
                    double) override;

  /// Number of tasks run so far.
  [[nodiscard]] std::int64_t tasks() const { return tasks_; }
  /// Largest number of bytes of stack that a task took so far, minus those of an empty task. In a
  /// build with sanitizers this may stay 0, because an empty task may take the most.
  [[nodiscard]] std::size_t most_bytes() const { return most_bytes_; }

 private:
  const int threads_;
  const std::size_t thread_bytes_;  ///< bytes of stack of a thread with an empty task
  std::atomic<std::int64_t> tasks_{0};
  std::atomic<std::size_t> most_bytes_{0};
};

}  // namespace sinter::fuzz
