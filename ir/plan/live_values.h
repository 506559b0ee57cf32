// The live values of a graph in the order in which a plan computes them, and which of them must be
// in memory.
#pragma once

#include <optional>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/plan.h>

namespace sinter::detail {

[[nodiscard]] inline bool is_leaf(const Node& node) { return info(node.op).kind == OpKind::leaf; }
/// True if a kernel may compute the value; false if it has to read the value from memory.
[[nodiscard]] inline bool is_computed(const Node& node) {
  return node.op != Op::input && info(node.op).kind != OpKind::structural;
}

/// A part of a concat.
struct Part {
  NodeId node;
  Dims start;  ///< position of its first element in the concat, by axis
};

/// A concat that is in memory, because it is an output or an op or a view reads it. Nested concats
/// are flattened: no part is a concat.
struct Join {
  NodeId concat;
  std::vector<Part> parts;
};

/// A computed value whose only use is a view, which is an output and reads every element once. The
/// value is stored directly in the memory of that output, in its own shape.
struct ViewedOutput {
  NodeId value;
  Strides strides;  ///< of the value in the output's memory
};

struct LiveValues {
  /// Depth first from the outputs: operands before users, from left to right. Leaves and views are
  /// listed only if they are stored, concats never.
  std::vector<NodeId> order;
  std::vector<Join> joins;
  std::vector<bool> walked;  ///< by node: true if a view reads its memory, which must be dense
  std::vector<std::optional<ViewedOutput>> viewed;  ///< by output
};

/// Finds the live values of `graph`. Under Fuse::none, `viewed` is empty for every output.
[[nodiscard]] LiveValues find_live_values(const Graph& graph, Fuse fuse);

}  // namespace sinter::detail
