// The loop that all passes share: it rebuilds a graph node by node, in the order of the nodes.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// True for every node, by index, on which an output depends.
[[nodiscard]] std::vector<bool> live_nodes(const Graph& graph);

/// Number of uses of every node, by index: as operands of live nodes and as outputs.
[[nodiscard]] std::vector<std::uint32_t> count_uses(const Graph& graph);

/// Records in `to` the replacement of node `id` of the old graph and returns it. `operands` are the
/// replacements of the node's operands.
using RewriteRule = std::function<NodeId(Graph& to, NodeId id, std::span<const NodeId> operands)>;

/// Returns the node to declare as `output`, where `moved` is the replacement of its old node.
using OutputRule = std::function<NodeId(Graph& to, const GraphOutput& output, NodeId moved)>;

/// Applies `rule` to every live node, and to every input and parameter, live or not, because these
/// are bound by position. Equal nodes merge. Outputs keep their names and order.
[[nodiscard]] Graph rewrite(const Graph& from, const RewriteRule& rule,
                            const OutputRule& output_rule = {});

}  // namespace sinter::detail
