// Stopwatch: adds the time from one stage of a compile to the next.
#pragma once

#include <chrono>
#include <cstdint>

namespace sinter::detail {

class Stopwatch {
 public:
  /// Adds the nanoseconds since the last lap, or since it was made.
  void lap(std::int64_t& stage) {
    const auto now = std::chrono::steady_clock::now();
    stage += std::chrono::duration_cast<std::chrono::nanoseconds>(now - start_).count();
    start_ = now;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sinter::detail
