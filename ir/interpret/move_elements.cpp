// Structural ops: each maps an element of its result to an element of an operand, by coordinates.
// This code uses no strides, so that it can check the strides with which kernels read buffers.
#include "interpret/move_elements.h"

#include <cstring>

#include <sinter/ir/assert.h>

namespace sinter::detail {
namespace {

/// Calls visit(coordinates, position) for every element in row-major order.
template <typename Visitor>
void for_each_element(const Shape& shape, Visitor visit) {
  Dims at;
  for (int axis = 0; axis < shape.rank(); ++axis) at.push_back(0);
  const std::int64_t count = shape.elements();
  for (std::int64_t position = 0; position < count; ++position) {
    visit(at, position);
    for (int axis = shape.rank() - 1; axis >= 0 && ++at[axis] == shape[axis]; --axis) at[axis] = 0;
  }
}

/// Index of an element in row-major order.
std::int64_t row_major(const Shape& shape, const Dims& at) {
  std::int64_t position = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) position = position * shape[axis] + at[axis];
  return position;
}

/// An element of an operand.
struct Source {
  std::size_t operand = 0;
  std::int64_t position = 0;  ///< in row-major order
};

/// Finds the source of each element of the result of a structural op.
class Mover {
 public:
  Mover(const Graph& graph, NodeId id, std::span<const DenseTensor> operands)
      : node_(graph.node(id)), attributes_(graph.attributes(id)), operands_(operands) {}

  [[nodiscard]] Source source(const Dims& at, std::int64_t position) const {
    switch (node_.op) {
      case Op::transpose: return transposed(at);
      case Op::reshape: return {0, position};
      case Op::slice: return sliced(at);
      case Op::concat: return joined(at);
      case Op::pad: return padded(at);
      default: break;
    }
    SINTER_ASSERT(false, "the op is structural, and not a view, which only the planner records");
  }

 private:
  [[nodiscard]] const Shape& shape(std::size_t operand) const { return *operands_[operand].shape; }

  [[nodiscard]] Source transposed(const Dims& at) const {
    Dims from = at;
    for (int k = 0; k < at.rank(); ++k) from[static_cast<int>(attributes_.lists[0][k])] = at[k];
    return {0, row_major(shape(0), from)};
  }
  [[nodiscard]] Source sliced(const Dims& at) const {
    Dims from = at;
    for (int k = 0; k < at.rank(); ++k) {
      from[k] = attributes_.lists[0][k] + at[k] * attributes_.lists[1][k];
    }
    return {0, row_major(shape(0), from)};
  }
  [[nodiscard]] Source joined(const Dims& at) const {
    const auto axis = static_cast<int>(attributes_.lists[0][0]);
    const std::int64_t first = shape(0)[axis];
    if (at[axis] < first) return {0, row_major(shape(0), at)};
    Dims from = at;
    from[axis] -= first;
    return {1, row_major(shape(1), from)};
  }
  [[nodiscard]] Source padded(const Dims& at) const {
    Dims from = at;
    for (int k = 0; k < at.rank(); ++k) {
      from[k] -= attributes_.lists[0][k];
      if (from[k] < 0 || from[k] >= shape(0)[k]) return {1, 0};
    }
    return {0, row_major(shape(0), from)};
  }

  const Node& node_;
  const Attributes attributes_;
  std::span<const DenseTensor> operands_;
};

}  // namespace

TensorData move_elements(const Graph& graph, NodeId id, std::span<const DenseTensor> operands) {
  TensorData result = TensorData::zeros(graph.node(id).dtype, graph.shape(id));
  const auto bytes = static_cast<std::int64_t>(info(result.dtype).bytes);
  const Mover mover(graph, id, operands);
  for_each_element(result.shape, [&](const Dims& at, std::int64_t position) {
    const Source from = mover.source(at, position);
    std::memcpy(result.bytes.data() + position * bytes,
                operands[from.operand].data + from.position * bytes,
                static_cast<std::size_t>(bytes));
  });
  return result;
}

TensorData count_along(DType dtype, const Shape& shape, int axis) {
  TensorData result = TensorData::zeros(dtype, shape);
  const std::size_t bytes = info(dtype).bytes;
  for_each_element(shape, [&](const Dims& at, std::int64_t position) {
    // The low bytes of the count, which come first on a little-endian machine.
    std::memcpy(result.bytes.data() + static_cast<std::size_t>(position) * bytes, &at.begin()[axis],
                bytes);
  });
  return result;
}

}  // namespace sinter::detail
