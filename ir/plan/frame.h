// Frame: what the reductions of one kernel reduce, and what can be computed beside and behind them.
#pragma once

#include <cstdint>

#include <sinter/ir/shape.h>

namespace sinter::detail {

struct Frame {
  Shape shape;
  Dims axes;
  std::int64_t chunk = 0;  ///< elements to a result; 0 for all
  friend bool operator==(const Frame&, const Frame&) = default;

  [[nodiscard]] bool reduces(int axis) const {
    return axis >= axes[0] && axis < axes[0] + axes.rank();
  }
  /// The shape that is left, with reduced lengths as 1 or without them.
  [[nodiscard]] Shape reduced(bool keep) const {
    Shape result;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (!reduces(axis)) result.push_back(shape[axis]);
      if (reduces(axis) && keep) result.push_back(1);
    }
    return result;
  }
  /// Whether it is the shape of what is left, one element for each without the reduced axes. Of a
  /// single one any shape is.
  [[nodiscard]] bool leaves(const Shape& of) const {
    const Shape left = reduced(false);
    return of == left || (left.elements() == 1 && of.elements() == 1);
  }
  /// Whether nothing lies behind what is reduced, and a row of it, reduced to one, is at most this
  /// long.
  [[nodiscard]] bool has_rows(std::int64_t max_elements) const {
    if (chunk > 0) return false;
    std::int64_t behind = 1;
    std::int64_t row = 1;
    for (int axis = static_cast<int>(axes[0]); axis < shape.rank(); ++axis) {
      (reduces(axis) ? row : behind) *= shape[axis];
    }
    return behind == 1 && row <= max_elements;
  }
};

}  // namespace sinter::detail
