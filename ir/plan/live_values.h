// What a plan is made of: the live values of a graph in order, and who needs them in memory.
#pragma once

#include <optional>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/plan.h>

namespace sinter::detail {

[[nodiscard]] inline bool is_leaf(const Node& node) { return info(node.op).kind == OpKind::leaf; }
/// Whether a kernel may compute the value, as opposed to reading it from memory.
[[nodiscard]] inline bool is_computed(const Node& node) {
  return node.op != Op::input && info(node.op).kind != OpKind::structural;
}

/// A part of a concat, and the element of the concat at which it begins.
struct Part {
  NodeId node;
  Dims start;
};

/// A concat that lies in memory: an op or a view reads it, or it is an output. Its parts are no
/// concats: those are taken apart.
struct Join {
  NodeId concat;
  std::vector<Part> parts;
};

/// A value that only an output views, every element once: it is stored there, in its own shape.
struct ViewedOutput {
  NodeId value;
  Strides strides;  ///< of the value in the output's memory
};

struct LiveValues {
  /// Depth first from the outputs, operands before users and from left to right. Leaves and views
  /// only where they are stored; no concats.
  std::vector<NodeId> order;
  std::vector<Join> joins;
  std::vector<bool> walked;  ///< by node: a view walks its memory, which is to be dense
  std::vector<std::optional<ViewedOutput>> viewed;  ///< by output
};

[[nodiscard]] LiveValues find_live_values(const Graph& graph, Fuse fuse);

}  // namespace sinter::detail
