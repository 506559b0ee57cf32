// Structural ops: each maps an element of its result to an element of an operand, by coordinates.
// This code uses no strides, so that it can check the strides with which kernels read buffers.
#include "interpret/move_elements.h"

#include <cstring>
#include <utility>

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

/// Moves the elements of the result of a structural op from their sources.
class Mover {
 public:
  Mover(const Graph& graph, NodeId id, std::span<const DenseTensor> operands)
      : graph_(graph),
        id_(id),
        operands_(operands),
        result_(TensorData::zeros(graph.node(id).dtype, graph.shape(id))) {}

  TensorData run() && {
    switch (graph_.node(id_).op) {
      case Op::transpose: transpose(TransposeAttributes::of(graph_, id_)); break;
      case Op::reshape: reshape(); break;
      case Op::slice: slice(SliceAttributes::of(graph_, id_)); break;
      case Op::concat: concat(ConcatAttributes::of(graph_, id_)); break;
      case Op::pad: pad(PadAttributes::of(graph_, id_)); break;
      default:
        SINTER_ASSERT(false, "the op is structural, not a view, which only the planner records");
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] const Shape& shape(std::size_t operand) const { return *operands_[operand].shape; }

  /// Copies every element from `source_of(coordinates, position)`.
  template <typename SourceOf>
  void move(SourceOf source_of) {
    const auto bytes = static_cast<std::int64_t>(info(result_.dtype).bytes);
    for_each_element(result_.shape, [&](const Dims& at, std::int64_t position) {
      const Source from = source_of(at, position);
      std::memcpy(result_.bytes.data() + position * bytes,
                  operands_[from.operand].data + from.position * bytes,
                  static_cast<std::size_t>(bytes));
    });
  }

  void transpose(const TransposeAttributes& by) {
    move([&](const Dims& at, std::int64_t) -> Source {
      Dims from = at;
      for (int k = 0; k < at.rank(); ++k) from[static_cast<int>(by.axes[k])] = at[k];
      return {0, row_major(shape(0), from)};
    });
  }
  void reshape() {
    move([](const Dims&, std::int64_t position) -> Source { return {0, position}; });
  }
  void slice(const SliceAttributes& by) {
    move([&](const Dims& at, std::int64_t) -> Source {
      Dims from = at;
      for (int k = 0; k < at.rank(); ++k) from[k] = by.start[k] + at[k] * by.step[k];
      return {0, row_major(shape(0), from)};
    });
  }
  void concat(const ConcatAttributes& by) {
    move([&](const Dims& at, std::int64_t) -> Source {
      const std::int64_t first = shape(0)[by.axis];
      if (at[by.axis] < first) return {0, row_major(shape(0), at)};
      Dims from = at;
      from[by.axis] -= first;
      return {1, row_major(shape(1), from)};
    });
  }
  void pad(const PadAttributes& by) {
    move([&](const Dims& at, std::int64_t) -> Source {
      Dims from = at;
      for (int k = 0; k < at.rank(); ++k) {
        from[k] -= by.low[k];
        if (from[k] < 0 || from[k] >= shape(0)[k]) return {1, 0};
      }
      return {0, row_major(shape(0), from)};
    });
  }

  const Graph& graph_;
  const NodeId id_;
  const std::span<const DenseTensor> operands_;
  TensorData result_;
};

}  // namespace

TensorData move_elements(const Graph& graph, NodeId id, std::span<const DenseTensor> operands) {
  return Mover(graph, id, operands).run();
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
