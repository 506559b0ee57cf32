// Kinds of reductions after a product, by the axes of its result.
#include "schedule/block_reductions.h"

#include <algorithm>

namespace sinter::detail {

/// The last three axes of the operand are M, N and K, and K has length 1 here. If M is 1, a
/// reduction of the whole result counts as one of rows.
Reduces reduction_kind(const Graph& body, NodeId reduction) {
  const Shape& shape = body.shape(body.node(reduction).operands[0]);
  const int columns = shape.rank() - 2;
  const int rows = columns - 1;
  const Dims axes = ReductionAttributes::of(body, reduction).axes;
  if (std::ranges::find(axes, columns) == axes.end()) return Reduces::columns;
  const bool whole = std::ranges::find(axes, rows) != axes.end() && shape[rows] > 1;
  return whole ? Reduces::all : Reduces::rows;
}

BlockReductions::BlockReductions(const Graph& body) : of_(body.nodes().size()) {
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    for (NodeId operand : body.node({i}).inputs()) {
      if (of_[operand.index].has_value()) of_[i] = of_[operand.index];
    }
    if (info(body.node({i}).op).kind != OpKind::reduction) continue;
    of_[i] = reduction_kind(body, {i});
    any_ = true;
  }
}

}  // namespace sinter::detail
