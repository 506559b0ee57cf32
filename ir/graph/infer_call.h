// OpCall: one application of an op to operands, as type inference sees it.
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
  /// Text for messages, such as "add(a: f32[2, 3], b: f32[4])".
  [[nodiscard]] std::string text() const;
};

// Each function returns the shape of a result, and throws Error for operands or attributes that do
// not fit. Functions with a second parameter also bring the attributes to canonical form: no axis
// is negative, and calls with equal results have equal attributes.
[[nodiscard]] Shape infer_reduction(const OpCall& call, Attributes& attributes);
[[nodiscard]] Shape infer_structure(const OpCall& call, Attributes& attributes);
[[nodiscard]] Shape infer_product(const OpCall& call);

/// Returns the attributes of a reduction. Throws Error unless it has axes, and its list `keep` has
/// one of the forms in ops.def.
[[nodiscard]] ReductionAttributes checked_reduction(const OpCall& call,
                                                    const Attributes& attributes);

}  // namespace sinter::detail
