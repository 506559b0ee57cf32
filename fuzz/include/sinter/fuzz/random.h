// A small random generator whose sequence is the same on every platform, unlike the distributions
// of the standard library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sinter::fuzz {

/// splitmix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In [0, count). The bias of the remainder does not matter here.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  /// In [first, last], which are not all of int64_t. The width wraps where int64_t cannot hold it.
  std::int64_t between(std::int64_t first, std::int64_t last) {
    const auto low = static_cast<std::uint64_t>(first);
    const std::uint64_t width = static_cast<std::uint64_t>(last) - low + 1;
    return static_cast<std::int64_t>(low + next() % width);
  }
  /// True once in `n` times.
  bool one_in(std::size_t n) { return below(n) == 0; }
  /// In [0, 1), a multiple of 2^-53.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  template <typename Range>
  auto& pick(Range&& range) {
    return range[below(std::size(range))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace sinter::fuzz
