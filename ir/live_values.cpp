// One walk over the graph, without recursion.
#include "live_values.h"

#include <algorithm>

namespace sinter::detail {
namespace {

class Walk {
 public:
  explicit Walk(const Graph& graph)
      : graph_(graph), visited_(graph.nodes().size()), joined_(graph.nodes().size()) {
    live_.walked.resize(graph.nodes().size());
  }

  LiveValues run() && {
    for (const GraphOutput& output : graph_.outputs()) {
      store(output.node);
      while (!stack_.empty()) step();
    }
    for (std::uint32_t i = 0; i < joined_.size(); ++i) {
      if (joined_[i]) live_.joins.push_back({{i}, parts_of({i})});
    }
    return std::move(live_);
  }

 private:
  struct Frame {
    NodeId node;
    std::size_t next = 0;
  };

  void step() {
    Frame& frame = stack_.back();
    const NodeId id = frame.node;
    const Node& node = graph_.node(id);
    if (frame.next == node.operand_count) {
      if (node.op != Op::concat) live_.order.push_back(id);
      stack_.pop_back();
      return;
    }
    const NodeId operand = node.operands[frame.next++];  // the frame may move from here on
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

  /// Something needs the value in memory.
  void store(NodeId id) {
    if (graph_.node(id).op == Op::concat) joined_[id.index] = true;
    visit(id);
  }

  void walk_memory(NodeId id) {
    live_.walked[id.index] = true;
    if (graph_.node(id).op != Op::input) store(id);
  }

  /// An op uses the value: leaves and views are read where that happens.
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
      const auto axis = static_cast<int>(graph_.attributes(part.node).lists[0][0]);
      Part behind{node.operands[1], part.start};
      behind.start[axis] += graph_.shape(node.operands[0])[axis];
      open.push_back(behind);
      open.push_back({node.operands[0], part.start});
    }
    return parts;
  }

  const Graph& graph_;
  LiveValues live_;
  std::vector<bool> visited_;
  std::vector<bool> joined_;
  std::vector<Frame> stack_;
};

}  // namespace

LiveValues find_live_values(const Graph& graph) { return Walk(graph).run(); }

}  // namespace sinter::detail
