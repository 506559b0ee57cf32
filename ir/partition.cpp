// From segments to a Plan: stored values become buffers, those of one segment and shape one kernel.
//
// A value that is stored is computed by one kernel and read by the others, so kernels of a segment
// run in an order in which shapes grow: broadcasting never makes a shape smaller.
#include <algorithm>
#include <tuple>

#include <sinter/ir/plan.h>

#include "kernel_body.h"
#include "segments.h"
#include "temporaries.h"

namespace sinter {

using namespace detail;

std::string_view to_string(CutRule rule) {
  switch (rule) {
    case CutRule::output: return "output";
    case CutRule::operations: return "operations";
    case CutRule::arguments: return "arguments";
    case CutRule::broadcast: return "broadcast";
    case CutRule::unfused: return "unfused";
  }
  return "unknown";
}

namespace {

/// Grows with every step of broadcasting, which adds axes and turns lengths of 1 into others. (0 is
/// one of those others: counted as 1, and then by itself.)
std::tuple<std::int64_t, int, std::ptrdiff_t> broadcast_order(const Shape& shape) {
  std::int64_t elements = 1;
  for (std::int64_t length : shape) elements *= std::max<std::int64_t>(length, 1);
  return {elements, shape.rank(), std::ranges::count(shape, 0)};
}

class Planner {
 public:
  Planner(Graph graph, const PlanLimits& limits, Fuse fuse) : limits_(effective_limits(limits)) {
    segments_ = cut_segments(graph, limits_, fuse);
    placement_.buffer.resize(graph.nodes().size());
    placement_.kernel.resize(graph.nodes().size(), kNotStored);
    plan_.graph = std::move(graph);
  }

  Plan run() && {
    for (std::size_t s = 0; s < segments_.ends.size(); ++s) add_kernels(s);
    add_inputs();
    add_outputs();
    add_temporaries();
    build_bodies();
    place_temporaries(plan_);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] const Graph& graph() const { return plan_.graph; }

  /// One kernel for each shape among the values that the segment stores.
  void add_kernels(std::size_t s) {
    std::vector<NodeId> stored;
    for (NodeId id : segments_.segment(s)) {
      if (segments_.stored[id.index].has_value()) stored.push_back(id);
    }
    std::ranges::sort(stored, [this](NodeId a, NodeId b) {
      const auto key = [this](NodeId id) {
        return std::tuple(broadcast_order(graph().shape(id)), graph().node(id).shape);
      };
      return key(a) < key(b);
    });
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const bool first =
          i == 0 || graph().node(stored[i]).shape != graph().node(stored[i - 1]).shape;
      if (first) add_kernel(s);
      placement_.kernel[stored[i].index] = static_cast<std::uint32_t>(plan_.kernels.size() - 1);
    }
  }

  std::uint32_t add_kernel(std::size_t segment) {
    plan_.kernels.emplace_back();
    segment_of_kernel_.push_back(segment);
    return static_cast<std::uint32_t>(plan_.kernels.size() - 1);
  }

  BufferId add_buffer(PlanBuffer::Kind kind, NodeId node, std::size_t position) {
    const BufferId id{static_cast<std::uint32_t>(plan_.buffers.size())};
    plan_.buffers.push_back({.kind = kind,
                             .dtype = graph().node(node).dtype,
                             .shape = graph().shape(node),
                             .strides = {},
                             .position = static_cast<std::uint32_t>(position),
                             .offset = 0,
                             .node = node,
                             .rule = segments_.stored[node.index].value_or(CutRule::output)});
    return id;
  }

  void add_inputs() {
    for (std::size_t i = 0; i < graph().inputs().size(); ++i) {
      const GraphInput& input = graph().inputs()[i];
      const BufferId id = add_buffer(PlanBuffer::Kind::input, input.node, i);
      plan_.buffers[id.index].strides = input.strides;
      placement_.buffer[input.node.index] = id;
    }
  }

  void add_outputs() {
    std::vector<int> names(graph().nodes().size());
    for (std::size_t i = 0; i < graph().outputs().size(); ++i) {
      const NodeId node = graph().outputs()[i].node;
      const BufferId id = add_buffer(PlanBuffer::Kind::output, node, i);
      plan_.buffers[id.index].strides = graph().outputs()[i].strides;
      const int earlier = names[node.index]++;
      if (earlier == 0 && !is_leaf(graph().node(node))) placement_.buffer[node.index] = id;
      const std::uint32_t kernel = earlier < max_stores_per_node(limits_)
                                       ? placement_.kernel[node.index]
                                       : add_kernel(kCopiesOnly);
      plan_.kernels[kernel].outputs.push_back(id);
    }
  }

  void add_temporaries() {
    for (NodeId id : segments_.order) {
      const auto rule = segments_.stored[id.index];
      if (!rule.has_value() || rule == CutRule::output) continue;
      placement_.buffer[id.index] = add_buffer(PlanBuffer::Kind::temporary, id, 0);
      plan_.kernels[placement_.kernel[id.index]].outputs.push_back(placement_.buffer[id.index]);
    }
  }

  void build_bodies() {
    BodyBuilder builder(plan_, placement_);
    for (std::uint32_t k = 0; k < plan_.kernels.size(); ++k) {
      const std::size_t segment = segment_of_kernel_[k];
      builder.build(
          plan_.kernels[k], k,
          segment == kCopiesOnly ? std::span<const NodeId>() : segments_.segment(segment));
    }
  }

  static constexpr std::size_t kCopiesOnly = SIZE_MAX;

  PlanLimits limits_;
  Segments segments_;
  Placement placement_;
  Plan plan_;
  std::vector<std::size_t> segment_of_kernel_;
};

}  // namespace

Plan partition(Graph graph, const PlanLimits& limits, Fuse fuse) {
  return Planner(std::move(graph), limits, fuse).run();
}

}  // namespace sinter
