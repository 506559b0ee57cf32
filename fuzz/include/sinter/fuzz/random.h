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
  /// A number in [0, count). Slightly biased by the remainder, which does not matter here.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  /// A number in [first, last], which must not be the whole range of int64_t. Unsigned arithmetic
  /// allows any other width.
  std::int64_t between(std::int64_t first, std::int64_t last) {
    const auto low = static_cast<std::uint64_t>(first);
    const std::uint64_t width = static_cast<std::uint64_t>(last) - low + 1;
    return static_cast<std::int64_t>(low + next() % width);
  }
  /// True with probability 1 / n.
  bool one_in(std::size_t n) { return below(n) == 0; }
  /// A multiple of 2^-53 in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// A random element of `range`.
  template <typename Range>
  auto& pick(Range&& range) {
    return range[below(std::size(range))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace sinter::fuzz
