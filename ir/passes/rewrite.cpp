// The loop that all passes share.
#include "passes/rewrite.h"

#include <algorithm>

#include "graph/merging.h"

namespace sinter::detail {
namespace {

bool is_bound_by_position(Op op) { return op == Op::input || op == Op::parameter; }

}  // namespace

std::vector<bool> live_nodes(const Graph& graph) {
  const std::span<const Node> nodes = graph.nodes();
  std::vector<bool> live(nodes.size(), false);
  for (const GraphOutput& output : graph.outputs()) live[output.node.index] = true;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (!live[i]) continue;
    for (NodeId operand : nodes[i].inputs()) live[operand.index] = true;
  }
  return live;
}

std::vector<std::uint32_t> count_uses(const Graph& graph) {
  const std::vector<bool> live = live_nodes(graph);
  std::vector<std::uint32_t> uses(graph.nodes().size());
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (!live[i]) continue;
    for (NodeId operand : graph.nodes()[i].inputs()) ++uses[operand.index];
  }
  for (const GraphOutput& output : graph.outputs()) ++uses[output.node.index];
  return uses;
}

Graph rewrite(const Graph& from, const RewriteRule& rule, const OutputRule& output_rule) {
  const std::vector<bool> live = live_nodes(from);
  const std::span<const Node> nodes = from.nodes();
  std::vector<NodeId> moved(nodes.size());
  Graph to;
  const Merging merging(to);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!live[i] && !is_bound_by_position(nodes[i].op)) continue;
    std::array<NodeId, kMaxOperands> operands;
    std::ranges::transform(nodes[i].inputs(), operands.begin(),
                           [&](NodeId operand) { return moved[operand.index]; });
    moved[i] = rule(to, {static_cast<std::uint32_t>(i)}, {operands.data(), nodes[i].operand_count});
  }
  for (const GraphOutput& output : from.outputs()) {
    NodeId node = moved[output.node.index];
    if (output_rule) node = output_rule(to, output, node);
    to.output(output.name, to.value(node), output.strides);
  }
  return to;
}

}  // namespace sinter::detail
