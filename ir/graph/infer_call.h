// One application of an op, as inference sees it.
#pragma once

#include <span>
#include <string>

#include "graph/data.h"

namespace sinter::detail {

struct OpCall {
  const GraphData& graph;
  const OpInfo& row;
  std::span<const NodeId> operands;

  [[nodiscard]] const Node& node(std::size_t i) const { return graph.nodes[operands[i].index]; }
  [[nodiscard]] DType dtype(std::size_t i) const { return node(i).dtype; }
  [[nodiscard]] const Shape& shape(std::size_t i) const {
    return graph.shapes[node(i).shape.index];
  }
  [[nodiscard]] std::string_view name(std::size_t i) const { return row.operands[i].name; }
  /// "add(a: f32[2, 3], b: f32[4])"
  [[nodiscard]] std::string text() const;
};

// The shape of a result. Each brings the attributes of its op to canonical form (axes count from
// the first, what changes no element has one way to be written), and throws Error where there is
// none.
[[nodiscard]] Shape infer_reduction(const OpCall& call, Attributes& attributes);
[[nodiscard]] Shape infer_structure(const OpCall& call, Attributes& attributes);

/// The shape of a product. Throws Error.
[[nodiscard]] Shape infer_product(const OpCall& call);

}  // namespace sinter::detail
