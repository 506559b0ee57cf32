// Layout: offset and strides of a tensor in memory, and how structural ops change them.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// Places of the elements of a tensor: element [i, j, ...] is element `offset` + i * strides[0] +
/// j * strides[1] + ... of the memory.
struct Layout {
  Shape shape;
  Strides strides;  ///< one per axis
  std::int64_t offset = 0;
  friend bool operator==(const Layout&, const Layout&) = default;
};

/// Returns the dense, row-major layout of `shape`.
[[nodiscard]] Layout dense_layout(const Shape& shape);

/// Returns `layout` broadcast to `shape`: new axes and axes of length 1 get stride 0.
[[nodiscard]] Layout broadcast(const Layout& layout, const Shape& shape);

/// A structural op whose result may lie in the memory of its operand.
using Restructuring = std::variant<TransposeAttributes, ReshapeAttributes, SliceAttributes>;

/// Returns the layout of the result of `op`, in the memory of its operand. Returns no value for a
/// reshape that strides cannot express, because it merges axes that are not contiguous.
[[nodiscard]] std::optional<Layout> restructured(const Restructuring& op, const Layout& layout);

/// Returns `layout` with length 1 along axes of stride 0. Broadcasting reverses this.
[[nodiscard]] Layout without_repetition(const Layout& layout);

/// Memory from which a node is read: that of node `base`, with `layout`.
struct Memory {
  NodeId base;
  Layout layout;
};
/// Returns the memory of an input, a concat, a view, or a value that is stored densely.
[[nodiscard]] Memory memory_of(const Graph& graph, NodeId id);

}  // namespace sinter::detail
