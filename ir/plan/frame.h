// Frame: the shape and the axes that the reductions of one kernel reduce. It decides which values
// can be computed in the kernel beside these reductions and after them.
#pragma once

#include <cstdint>

#include <sinter/ir/shape.h>

namespace sinter::detail {

struct Frame {
  Shape shape;             ///< of the operand
  Dims axes;               ///< reduced axes: neighbours, ascending, at least one
  std::int64_t chunk = 0;  ///< number of elements that each result combines; 0 for the whole group
  friend bool operator==(const Frame&, const Frame&) = default;

  [[nodiscard]] bool reduces(int axis) const {
    return axis >= axes[0] && axis < axes[0] + axes.rank();
  }
  /// Shape of the results, with the reduced axes as length 1 if `keep`, else without them.
  [[nodiscard]] Shape reduced(bool keep) const {
    Shape result;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (!reduces(axis)) result.push_back(shape[axis]);
      if (reduces(axis) && keep) result.push_back(1);
    }
    return result;
  }
  /// True if `of` is the shape of the results without the reduced axes. If there is only one
  /// result, any shape of one element qualifies.
  [[nodiscard]] bool leaves(const Shape& of) const {
    const Shape left = reduced(false);
    return of == left || (left.elements() == 1 && of.elements() == 1);
  }
  /// True if the reduced axes are the innermost ones, apart from axes of length 1, and a row, the
  /// elements of one result, has at most `max_elements` elements.
  [[nodiscard]] bool has_rows(std::int64_t max_elements) const {
    if (chunk > 0) return false;
    std::int64_t inner = 1;
    std::int64_t row = 1;
    for (int axis = static_cast<int>(axes[0]); axis < shape.rank(); ++axis) {
      (reduces(axis) ? row : inner) *= shape[axis];
    }
    return inner == 1 && row <= max_elements;
  }
};

}  // namespace sinter::detail
