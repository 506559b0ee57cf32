// expect_linear_time: checks that the time of a call does not grow quadratically with its size.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

namespace sinter::test {

/// Returns the CPU seconds of work(size): the minimum of three runs, so that a busy moment of the
/// machine does not matter.
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

/// Adds a test failure if 25 times the size takes more than 200 times as long. Linear time takes 25
/// times as long, or a small multiple of that if the data leaves the caches and needs fresh pages.
/// Quadratic time takes 625 times as long.
template <typename Work>
void expect_linear_time(Work work) {
  EXPECT_LT(cpu_seconds(work, 100'000), 200 * cpu_seconds(work, 4'000));
}

}  // namespace sinter::test
