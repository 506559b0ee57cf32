// Arithmetic of shapes and strides that may overflow or fail.
#include <sinter/ir/rethrow.h>
#include <sinter/ir/shape.h>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sinter {

void Dims::rank_exceeded() {
  fail(ErrorCode::limit_exceeded,
       fmt::format("more than {} axes: sinter serves rank 0 to {}", kMaxRank, kMaxRank));
}

Strides dense_strides(const Shape& shape) {
  Strides strides;
  for (int axis = 0; axis < shape.rank(); ++axis) strides.push_back(1);
  for (int axis = shape.rank() - 2; axis >= 0; --axis) {
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  }
  return strides;
}

Reach reach(const Shape& shape, const Strides& strides) {
  __extension__ using Wide = __int128;
  constexpr Wide kMaxReach = Wide{1} << 56;  // elements; times 8 bytes it fits in int64
  if (shape.elements() == 0) return {};
  if (strides.empty()) return {0, shape.elements()};
  Wide lowest = 0;
  Wide highest = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Wide last = Wide{shape[axis] - 1} * strides[axis];
    (last < 0 ? lowest : highest) += last;
  }
  return {static_cast<std::int64_t>(std::max(lowest, -kMaxReach)),
          static_cast<std::int64_t>(std::min(highest + 1, kMaxReach))};
}

std::string to_string(const Dims& dims) try {
  return fmt::format("[{}]", fmt::join(dims, ", "));
} catch (...) {
  detail::rethrow_as_error();
}

bool is_possible(const Shape& shape) {
  // Lengths of 0 count as 1, so that strides of a tensor without elements do not overflow either.
  std::int64_t count = 1;
  for (std::int64_t length : shape) {
    if (length < 0 || (length > 1 && count > kMaxElements / length)) return false;
    count *= std::max<std::int64_t>(length, 1);
  }
  return true;
}

void check_shape(const Shape& shape, std::string_view what) {
  if (is_possible(shape)) return;
  if (std::ranges::any_of(shape, [](std::int64_t length) { return length < 0; })) {
    fail(ErrorCode::invalid_argument,
         fmt::format("{} has shape {}: a length cannot be negative", what, to_string(shape)));
  }
  fail(ErrorCode::limit_exceeded,
       fmt::format("{} has shape {}: more than 2^48 elements", what, to_string(shape)));
}

bool broadcast_shapes(const Shape& a, const Shape& b, Shape& result) {
  if (b.empty() || a == b) {
    result = a;
    return true;
  }
  const int rank = std::max(a.rank(), b.rank());
  const auto length = [rank](const Shape& shape, int axis) {
    const int own = axis - (rank - shape.rank());
    return own < 0 ? 1 : shape[own];
  };
  Shape out;
  for (int axis = 0; axis < rank; ++axis) {
    const std::int64_t m = length(a, axis);
    const std::int64_t n = length(b, axis);
    if (m != n && m != 1 && n != 1) return false;
    out.push_back(m == 1 ? n : m);
  }
  result = out;
  return true;
}

}  // namespace sinter
