// The sides of a product. One walk from users to operands finds each of them.
#include "schedule/product_sides.h"

#include <cstddef>
#include <cstdint>
#include <limits>

namespace sinter::detail {
namespace {

/// Returns [node] true if `targets` need it. The operands of `without` do not count as needed by
/// it.
std::vector<bool> cone(const Graph& body, const Placement& placement,
                       const std::vector<NodeId>& targets, NodeId without) {
  std::vector<bool> wanted(body.nodes().size());
  for (NodeId target : targets) wanted[placement.value(target).index] = true;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    if (!wanted[i] || i == without.index) continue;
    for (NodeId operand : body.nodes()[i].inputs()) wanted[placement.value(operand).index] = true;
  }
  return wanted;
}

}  // namespace

ProductSides product_sides(const Graph& body, const LoopSpace& space, const Placement& placement) {
  ProductSides sides;
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    if (body.node({i}).op == Op::dot) sides.dot = {i};
  }
  const auto& operands = body.node(sides.dot).operands;
  sides.row_operand = placement.value(operands[space.swapped ? 1 : 0]);
  sides.column_operand = placement.value(operands[space.swapped ? 0 : 1]);
  const NodeId none{std::numeric_limits<std::uint32_t>::max()};
  sides.rows = cone(body, placement, {sides.row_operand}, none);
  sides.columns = cone(body, placement, {sides.column_operand}, none);
  std::vector<NodeId> outputs;
  for (const GraphOutput& output : body.outputs()) outputs.push_back(output.node);
  sides.after = cone(body, placement, outputs, sides.dot);
  return sides;
}

}  // namespace sinter::detail
