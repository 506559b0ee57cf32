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

/// Adds a test failure when 25 times the size takes more than 200 times as long. Linear time takes
/// 25 times as long, and some times that where it leaves the caches and asks for fresh pages;
/// quadratic time takes 625 times as long.
template <typename Work>
void expect_linear_time(Work work) {
  EXPECT_LT(cpu_seconds(work, 100'000), 200 * cpu_seconds(work, 4'000));
}

}  // namespace sinter::test
