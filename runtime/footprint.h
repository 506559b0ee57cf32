// Footprint: the bytes that the elements of a buffer cover, and the test whether two buffers
// overlap.
//
// The test compares elements, not address ranges: columns of one matrix, and interleaved elements,
// do not overlap. It is exact up to a bounded number of steps, far more than usual layouts need.
// Beyond the bound, buffers whose ranges overlap count as overlapping.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include <sinter/ir/shape.h>

namespace sinter::detail {

class Footprint {
 public:
  /// No bytes.
  Footprint() = default;
  /// All bytes of a range of this length.
  explicit Footprint(std::int64_t bytes) : run_(bytes), bytes_(bytes) {}
  /// The bytes of a buffer's elements. Empty strides mean dense.
  Footprint(const Shape& shape, const Strides& strides, std::int64_t element_bytes);

  /// Length of the range from the first byte to the last; 0 without elements.
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

  /// One term of the byte offsets. The elements cover the offsets r + the sum of step * i over all
  /// axes, for 0 <= i <= last and 0 <= r < run().
  struct Axis {
    std::int64_t step = 0;  ///< in bytes; greater than run()
    std::int64_t last = 0;  ///< at least 1
  };
  /// The axes in descending order of their steps.
  [[nodiscard]] std::span<const Axis> axes() const {
    return {axes_.data(), static_cast<std::size_t>(rank_)};
  }
  /// Bytes of the contiguous run that the axes repeat.
  [[nodiscard]] std::int64_t run() const { return run_; }

 private:
  void insert(Axis axis);
  std::array<Axis, kMaxRank> axes_;
  int rank_ = 0;
  std::int64_t run_ = 0;
  std::int64_t bytes_ = 0;
};

/// A footprint at an address.
struct PlacedFootprint {
  std::uintptr_t begin = 0;  ///< address of its first byte
  const Footprint* footprint = nullptr;
  bool written = false;
  std::uint32_t index = 0;  ///< free for the caller's use

  [[nodiscard]] std::uintptr_t end() const {
    return begin + static_cast<std::uintptr_t>(footprint->bytes());
  }
};

/// True if the two share a byte, given that their ranges overlap.
[[nodiscard]] bool elements_meet(const PlacedFootprint& a, const PlacedFootprint& b);

/// Calls `visit` for every two buffers that share a byte and of which at least one is written.
/// Reorders `buffers`. Takes about n log n steps for n buffers with disjoint ranges, or side by
/// side in one matrix.
void visit_meeting(
    std::span<PlacedFootprint> buffers,
    const std::function<void(const PlacedFootprint&, const PlacedFootprint&)>& visit);

}  // namespace sinter::detail
