// Helpers for sweeps over whole number formats: on all threads, and over a sample of the values
// except in a long run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

namespace sinter::test {

/// Returns true in a long run, which `tests/run.sh --long` starts.
[[nodiscard]] inline bool is_long() { return std::getenv("SINTER_TEST_LONG") != nullptr; }

/// Calls work(i) for i in [0, count) on all threads of the machine.
void on_all_threads(std::int64_t count, const auto& work) {
  const std::int64_t threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> pool;
  for (std::int64_t thread = 0; thread < threads; ++thread) {
    pool.emplace_back([&, thread] {
      for (std::int64_t i = thread; i < count; i += threads) work(i);
    });
  }
}

}  // namespace sinter::test
