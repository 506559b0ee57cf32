// Finds the live values in one depth-first walk over the graph, with an explicit stack instead of
// recursion.
#include "plan/live_values.h"

#include <algorithm>

#include "graph/layout.h"
#include "passes/rewrite.h"

namespace sinter::detail {
namespace {

/// Strides with which a value of shape `of` can be stored directly in an output that is `view` of
/// it, where `memory` are the strides of the output. Nullopt unless the view permutes the axes of
/// the value or keeps its elements in order.
std::optional<Strides> strides_below(const Layout& view, const Strides& memory, const Shape& of) {
  if (view.offset != 0 || view.shape.elements() != of.elements()) return std::nullopt;
  const Strides dense = dense_strides(of);
  if (view.strides == dense_strides(view.shape) && memory == view.strides) return dense;
  Strides strides;
  for (int axis = 0; axis < of.rank(); ++axis) {
    std::optional<std::int64_t> stride;
    if (of[axis] == 1) stride = 1;
    for (int k = 0; k < view.shape.rank() && !stride; ++k) {
      if (view.shape[k] == of[axis] && view.strides[k] == dense[axis]) stride = memory[k];
    }
    if (!stride) return std::nullopt;
    strides.push_back(*stride);
  }
  return strides;
}

/// The value that can be stored directly in `output`, see ViewedOutput; nullopt if there is none.
std::optional<ViewedOutput> viewed_output(const Graph& graph, const GraphOutput& output,
                                          const std::vector<std::uint32_t>& uses) {
  if (graph.node(output.node).op != Op::view || uses[output.node.index] != 1) return std::nullopt;
  const auto [value, layout] = memory_of(graph, output.node);
  const Node& node = graph.node(value);
  const bool computed = is_computed(node) && !is_leaf(node);
  if (!computed || uses[value.index] != 1 || layout.shape.elements() == 0) return std::nullopt;
  const Strides memory = output.strides.empty() ? dense_strides(layout.shape) : output.strides;
  const auto strides = strides_below(layout, memory, graph.shape(value));
  if (!strides) return std::nullopt;
  return ViewedOutput{value, *strides};
}

class Walk {
 public:
  Walk(const Graph& graph, Fuse fuse)
      : graph_(graph), visited_(graph.nodes().size()), joined_(graph.nodes().size()) {
    live_.walked.resize(graph.nodes().size());
    live_.viewed.resize(graph.outputs().size());
    if (fuse == Fuse::none) return;
    const std::vector<std::uint32_t> uses = count_uses(graph);
    std::ranges::transform(graph.outputs(), live_.viewed.begin(), [&](const GraphOutput& output) {
      return viewed_output(graph, output, uses);
    });
  }

  LiveValues run() && {
    for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
      const auto& viewed = live_.viewed[i];
      store(viewed.has_value() ? viewed->value : graph_.outputs()[i].node);
      while (!stack_.empty()) step();
    }
    for (std::uint32_t i = 0; i < joined_.size(); ++i) {
      if (joined_[i]) live_.joins.push_back({{i}, parts_of({i})});
    }
    return std::move(live_);
  }

 private:
  struct Visit {
    NodeId node;
    std::size_t next = 0;  ///< its next operand
  };

  void step() {
    Visit& top = stack_.back();
    const NodeId id = top.node;
    const Node& node = graph_.node(id);
    if (top.next == node.operand_count) {
      if (node.op != Op::concat) live_.order.push_back(id);
      stack_.pop_back();
      return;
    }
    const NodeId operand = node.operands[top.next++];  // a push below invalidates `top`
    switch (node.op) {
      case Op::view: walk_memory(operand); break;
      case Op::concat: visit(operand); break;
      default: use(operand); break;
    }
  }

  void visit(NodeId id) {
    if (visited_[id.index]) return;
    visited_[id.index] = true;
    stack_.push_back({id});
  }

  /// Visits a value that must be in memory.
  void store(NodeId id) {
    if (graph_.node(id).op == Op::concat) joined_[id.index] = true;
    visit(id);
  }

  void walk_memory(NodeId id) {
    live_.walked[id.index] = true;
    if (graph_.node(id).op != Op::input) store(id);
  }

  /// Visits an operand of an op. Leaves need no visit: the kernel of the op reads them. The same
  /// holds for a view, but its memory must be written.
  void use(NodeId id) {
    const Node& node = graph_.node(id);
    if (is_leaf(node)) return;
    if (node.op == Op::view)
      walk_memory(node.operands[0]);
    else
      store(id);
  }

  [[nodiscard]] std::vector<Part> parts_of(NodeId concat) const {
    Dims origin;
    for (int axis = 0; axis < graph_.shape(concat).rank(); ++axis) origin.push_back(0);
    std::vector<Part> parts;
    std::vector<Part> open{{concat, origin}};
    while (!open.empty()) {
      const Part part = open.back();
      open.pop_back();
      const Node& node = graph_.node(part.node);
      if (node.op != Op::concat) {
        parts.push_back(part);
        continue;
      }
      const int axis = ConcatAttributes::of(graph_, part.node).axis;
      Part second{node.operands[1], part.start};
      second.start[axis] += graph_.shape(node.operands[0])[axis];
      open.push_back(second);
      open.push_back({node.operands[0], part.start});
    }
    return parts;
  }

  const Graph& graph_;
  LiveValues live_;
  std::vector<bool> visited_;  // by node
  std::vector<bool> joined_;   // by node: a concat that must be in memory
  std::vector<Visit> stack_;
};

}  // namespace

LiveValues find_live_values(const Graph& graph, Fuse fuse) { return Walk(graph, fuse).run(); }

}  // namespace sinter::detail
