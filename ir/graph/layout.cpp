// Layouts of the results of structural ops. Only a reshape may have none.
#include "graph/layout.h"

#include <sinter/ir/assert.h>

namespace sinter::detail {
namespace {

Layout made_by(const TransposeAttributes& transpose, const Layout& layout) {
  Layout result{{}, {}, layout.offset};
  for (std::int64_t axis : transpose.axes) {
    result.shape.push_back(layout.shape[static_cast<int>(axis)]);
    result.strides.push_back(layout.strides[static_cast<int>(axis)]);
  }
  return result;
}

Layout made_by(const SliceAttributes& slice, const Layout& layout) {
  Layout result{slice.shape, {}, layout.offset};
  const bool empty = result.shape.elements() == 0;
  for (int axis = 0; axis < layout.shape.rank(); ++axis) {
    const std::int64_t stride = layout.strides[axis];
    if (!empty) result.offset += slice.start[axis] * stride;
    // The stride of an axis of length 1 has no effect.
    const bool walked = result.shape[axis] > 1;
    result.strides.push_back(walked ? slice.step[axis] * stride : stride);
  }
  return result;
}

/// Drops axes of length 1 and merges neighbouring axes that are contiguous.
Layout joined(const Layout& layout) {
  Layout result{{}, {}, layout.offset};
  for (int axis = 0; axis < layout.shape.rank(); ++axis) {
    const std::int64_t length = layout.shape[axis];
    const std::int64_t stride = layout.strides[axis];
    if (length == 1) continue;
    const int last = result.shape.rank() - 1;
    if (last >= 0 && result.strides[last] == length * stride) {
      result.shape[last] *= length;
      result.strides[last] = stride;
    } else {
      result.shape.push_back(length);
      result.strides.push_back(stride);
    }
  }
  return result;
}

/// Splits each merged axis, from the last to the first, into axes of the new shape with the same
/// number of elements. Returns no value if the lengths do not fit.
std::optional<Layout> made_by(const ReshapeAttributes& reshape, const Layout& layout) {
  const Shape& shape = reshape.shape;
  Layout result = dense_layout(shape);
  result.offset = layout.offset;
  if (shape.elements() == 0) return result;
  const Layout from = joined(layout);
  int axis = shape.rank() - 1;
  for (int source = from.shape.rank() - 1; source >= 0; --source) {
    std::int64_t filled = 1;
    while (filled < from.shape[source]) {
      SINTER_ASSERT(axis >= 0, "a reshape keeps the number of elements");
      result.strides[axis] = from.strides[source] * filled;
      filled *= shape[axis--];
    }
    if (filled != from.shape[source]) return std::nullopt;
  }
  return result;
}

}  // namespace

Layout dense_layout(const Shape& shape) { return {shape, dense_strides(shape), 0}; }

Layout broadcast(const Layout& layout, const Shape& shape) {
  Layout result{shape, {}, layout.offset};
  const int missing = shape.rank() - layout.shape.rank();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int own = axis - missing;
    const bool repeats = own < 0 || layout.shape[own] != shape[axis];
    result.strides.push_back(repeats ? 0 : layout.strides[own]);
  }
  return result;
}

std::optional<Layout> restructured(const Restructuring& op, const Layout& layout) {
  return std::visit([&](const auto& of) -> std::optional<Layout> { return made_by(of, layout); },
                    op);
}

Layout without_repetition(const Layout& layout) {
  Layout result = layout;
  for (int axis = 0; axis < result.shape.rank(); ++axis) {
    if (result.strides[axis] == 0 && result.shape[axis] != 0) result.shape[axis] = 1;
  }
  return result;
}

Memory memory_of(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Shape& shape = graph.shape(id);
  if (node.op == Op::view) {
    const ViewAttributes view = ViewAttributes::of(graph, id);
    return {node.operands[0], {view.shape, view.strides, view.offset}};
  }
  Layout layout = dense_layout(shape);
  if (node.op == Op::input) {
    const Strides& declared = graph.inputs()[node.payload].strides;
    if (!declared.empty()) layout.strides = declared;
  }
  return {id, layout};
}

}  // namespace sinter::detail
