// Stopwatch: measures the time of each stage of a compile.
#pragma once

#include <chrono>
#include <cstdint>

namespace sinter::detail {

class Stopwatch {
 public:
  /// Adds to `stage` the nanoseconds since the last lap, or since construction.
  void lap(std::int64_t& stage) {
    const auto now = std::chrono::steady_clock::now();
    stage += std::chrono::duration_cast<std::chrono::nanoseconds>(now - start_).count();
    start_ = now;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sinter::detail
