// SmallStackExecutor: tasks on threads whose stacks have as many bytes as executor.h promises to be
// enough, and not a page more.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <sinter/runtime/executor.h>

namespace sinter::fuzz {

/// Each call starts threads of its own, on stacks that end at a guard page: a task that needs more
/// than kTaskStackBytes faults, or is told by `most_bytes`.
class SmallStackExecutor final : public Executor {
 public:
  explicit SmallStackExecutor(int threads);

  [[nodiscard]] int concurrency() const override { return threads_; }
  void parallel_for(std::int64_t count, void (*task)(void*, std::int64_t), void* context) override;

  /// Number of tasks run so far.
  [[nodiscard]] std::int64_t tasks() const { return tasks_; }
  /// Most bytes of stack that a task took so far, beyond those of an empty task. An empty task of a
  /// sanitizer's build may take more than any other, so this may stay 0.
  [[nodiscard]] std::size_t most_bytes() const { return most_bytes_; }

 private:
  const int threads_;
  const std::size_t thread_bytes_;  ///< that a thread takes which calls an empty task
  std::atomic<std::int64_t> tasks_{0};
  std::atomic<std::size_t> most_bytes_{0};
};

}  // namespace sinter::fuzz
