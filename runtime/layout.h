// What shape and strides together say about memory.
#pragma once

#include <algorithm>
#include <cstdint>

#include <sinter/ir/shape.h>

namespace sinter::detail {

/// Elements from the first to one past the last, at most 2^56: bytes and ends of ranges stay far
/// inside int64 whatever strides a user declares. `strides` are not negative, one per axis.
[[nodiscard]] inline std::int64_t elements_spanned(const Shape& shape, const Strides& strides) {
  __extension__ using Wide = __int128;
  if (shape.elements() == 0) return 0;
  Wide last = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) last += Wide{shape[axis] - 1} * strides[axis];
  return static_cast<std::int64_t>(std::min(last + 1, Wide{1} << 56));
}

}  // namespace sinter::detail
