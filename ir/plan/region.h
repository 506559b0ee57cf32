// Region: a set of elements of a buffer. RegionSum: a fingerprint of several regions, which tells
// whether they tile another region.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include <sinter/ir/shape.h>

namespace sinter::detail {

/// The elements that a shape and strides reach from an offset, in canonical form. Strides are not
/// negative and descend; axes of length 1 are dropped; neighbours that are contiguous are merged.
/// An axis of stride 0 is kept: it reaches every element several times.
struct Region {
  struct Axis {
    std::int64_t stride = 0;
    std::int64_t length = 0;
    friend auto operator<=>(const Axis&, const Axis&) = default;
  };
  std::int64_t lowest = 0;  ///< index of the lowest element
  int rank = 0;
  std::array<Axis, kMaxRank> axes = {};
  friend auto operator<=>(const Region&, const Region&) = default;

  [[nodiscard]] bool empty() const { return rank == 1 && axes[0].length == 0; }
  /// Index after that of the highest element. The region must not be empty.
  [[nodiscard]] std::int64_t end() const;
  /// True if the region has every element from its lowest to its highest, each once.
  [[nodiscard]] bool dense() const { return rank == 0 || (rank == 1 && axes[0].stride == 1); }
};

/// Region of a tensor whose first element is element `offset` of the buffer. Empty strides mean
/// dense.
[[nodiscard]] Region region_of(const Shape& shape, const Strides& strides, std::int64_t offset);

/// Fingerprint of a multiset of elements: the sum of x^e over its elements e, modulo the prime
/// 2^61 - 1, for one fixed x. Equal multisets have equal sums. Different ones have equal sums with
/// a probability of at most d / 2^61, where d is the distance from the lowest to the highest
/// element.
class RegionSum {
 public:
  /// `origin` must be at most the lowest element of every region that is added.
  explicit RegionSum(std::int64_t origin) : origin_(origin) {}
  void add(const Region& region);
  friend bool operator==(const RegionSum&, const RegionSum&) = default;

 private:
  std::int64_t origin_;
  std::uint64_t sum_ = 0;
};

}  // namespace sinter::detail
