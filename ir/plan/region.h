// Region: a set of elements of a buffer, and sums of regions that tell whether they tile another.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include <sinter/ir/shape.h>

namespace sinter::detail {

/// The elements that a shape and strides reach from an offset, in one form for each set: axes of
/// positive strides, widest first, without those of one element, joined where they lie as one.
/// (A stride of 0 stays an axis: it reaches an element several times.)
struct Region {
  struct Axis {
    std::int64_t stride = 0;
    std::int64_t length = 0;
    friend auto operator<=>(const Axis&, const Axis&) = default;
  };
  std::int64_t lowest = 0;  ///< the first element
  int rank = 0;
  std::array<Axis, kMaxRank> axes = {};
  friend auto operator<=>(const Region&, const Region&) = default;

  [[nodiscard]] bool empty() const { return rank == 1 && axes[0].length == 0; }
  /// One past the last element, of a region that is not empty.
  [[nodiscard]] std::int64_t end() const;
  /// Whether it has every element between its first and its last, each once.
  [[nodiscard]] bool dense() const { return rank == 0 || (rank == 1 && axes[0].stride == 1); }
};

/// Empty strides mean dense.
[[nodiscard]] Region region_of(const Shape& shape, const Strides& strides, std::int64_t offset);

/// Sums of regions, modulo a prime: the sum over all elements e of x^e, for one x. Equal sums mean
/// that both sides have the same elements equally often; others have equal sums by accident, once
/// in 2^61 / (the distance of the elements that are farthest apart) at most.
class RegionSum {
 public:
  /// `origin` is no later than any element that is added.
  explicit RegionSum(std::int64_t origin) : origin_(origin) {}
  void add(const Region& region);
  friend bool operator==(const RegionSum&, const RegionSum&) = default;

 private:
  std::int64_t origin_;
  std::uint64_t sum_ = 0;
};

}  // namespace sinter::detail
