// The loop that passes share: a graph is built anew, node by node, in its own order.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// Whether some output needs the node, by id.
[[nodiscard]] std::vector<bool> live_nodes(const Graph& graph);

/// How many operands of live nodes, and outputs, name the node, by id.
[[nodiscard]] std::vector<std::uint32_t> count_uses(const Graph& graph);

/// Records in `to` what stands for node `id` of the old graph, over operands that are in `to`
/// already, and returns it.
using RewriteRule = std::function<NodeId(Graph& to, NodeId id, std::span<const NodeId> operands)>;

/// The node that stands for an output whose old node became `moved`.
using OutputRule = std::function<NodeId(Graph& to, const GraphOutput& output, NodeId moved)>;

/// Applies `rule` to every node that an output needs, and to every input and parameter, needed or
/// not: those are bound by position. Equal nodes merge. Outputs keep their names and order.
[[nodiscard]] Graph rewrite(const Graph& from, const RewriteRule& rule,
                            const OutputRule& output_rule = {});

}  // namespace sinter::detail
