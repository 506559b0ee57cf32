// Footprint: the bytes that the elements of a buffer cover, and whether two buffers share one.
//
// Buffers are told apart by their elements, not by the ranges in which these lie: columns of one
// matrix, and elements that alternate, lie apart. The answer is exact up to a bounded number of
// steps, which no layout that a program is likely to use comes near; beyond it, buffers whose
// ranges overlap count as overlapping.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include <sinter/ir/shape.h>

namespace sinter::detail {

class Footprint {
 public:
  /// Of no bytes.
  Footprint() = default;
  /// Of every byte in a range.
  explicit Footprint(std::int64_t bytes) : run_(bytes), bytes_(bytes) {}
  /// Of the elements of a buffer. Empty strides mean dense.
  Footprint(const Shape& shape, const Strides& strides, std::int64_t element_bytes);

  /// Bytes from the first to the last; 0 without elements.
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

  /// Bytes are first + the sum of step * i over the axes, 0 <= i <= last, + 0 ... run - 1.
  struct Axis {
    std::int64_t step = 0;  ///< in bytes, more than those that the axes after this one cover
    std::int64_t last = 0;  ///< at least 1
  };
  /// By steps, the largest first.
  [[nodiscard]] std::span<const Axis> axes() const {
    return {axes_.data(), static_cast<std::size_t>(rank_)};
  }
  /// Bytes of the runs without a gap that the axes repeat.
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
  std::uintptr_t begin = 0;  ///< of its first byte
  const Footprint* footprint = nullptr;
  bool written = false;
  std::uint32_t index = 0;  ///< for whoever asks

  [[nodiscard]] std::uintptr_t end() const {
    return begin + static_cast<std::uintptr_t>(footprint->bytes());
  }
};

/// Whether the two share a byte, given that their ranges overlap.
[[nodiscard]] bool elements_meet(const PlacedFootprint& a, const PlacedFootprint& b);

/// Calls `visit` for every two that share a byte and of which one is written. Changes the order.
/// About n log n steps for n buffers that lie apart, or in one matrix side by side.
void visit_meeting(
    std::span<PlacedFootprint> buffers,
    const std::function<void(const PlacedFootprint&, const PlacedFootprint&)>& visit);

}  // namespace sinter::detail
