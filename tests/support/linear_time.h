// expect_linear_time: a call may not take quadratic time in its size.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

namespace sinter::test {

/// CPU seconds of work(size); the best of three, so that one busy moment does not decide.
template <typename Work>
double cpu_seconds(Work work, int size) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t start = std::clock();
    work(size);
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

/// Adds a test failure when work(100,000) takes nearly 64 times as long as work(12,500), as
/// quadratic time would. Linear time takes 8 times as long, or 20 where it leaves the caches.
template <typename Work>
void expect_linear_time(Work work) {
  EXPECT_LT(cpu_seconds(work, 100'000), 40 * cpu_seconds(work, 12'500));
}

}  // namespace sinter::test
