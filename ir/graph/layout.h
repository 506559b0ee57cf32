// Layout: how a tensor lies in memory, and what structural ops make of that.
#pragma once

#include <cstdint>
#include <optional>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// Element [i, j, ...] is at `offset` + i * strides[0] + j * strides[1] + ..., in elements from
/// where the memory begins.
struct Layout {
  Shape shape;
  Strides strides;  ///< one per axis
  std::int64_t offset = 0;
  friend bool operator==(const Layout&, const Layout&) = default;
};

[[nodiscard]] Layout dense_layout(const Shape& shape);

/// Repeated along new axes and axes of length 1, by a stride of 0.
[[nodiscard]] Layout broadcast(const Layout& layout, const Shape& shape);

/// Walks the same memory in the way of a transpose, reshape or slice with these attributes.
/// Nothing where no strides do: a reshape that joins axes which do not lie as one.
[[nodiscard]] std::optional<Layout> restructured(Op op, const Attributes& attributes,
                                                 const Layout& layout);

/// With length 1 in place of repetition. Broadcasting gives the layout back.
[[nodiscard]] Layout without_repetition(const Layout& layout);

/// The memory that an input, a concat, a view, or a value that is stored dense is read from.
struct Memory {
  NodeId base;
  Layout layout;
};
[[nodiscard]] Memory memory_of(const Graph& graph, NodeId id);

}  // namespace sinter::detail
