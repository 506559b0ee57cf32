// From segments to a Plan: stored values become buffers, those of one segment and shape one kernel.
//
// A value that is stored is computed by one kernel and read by the others, so kernels of a segment
// run in an order in which shapes grow: broadcasting never makes a shape smaller. Reductions do,
// and so what comes after one more of them comes later, or in the kernel that walks rows again.
#include <algorithm>
#include <map>
#include <tuple>

#include <sinter/ir/enum.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/rethrow.h>

#include "kernel_body.h"
#include "segments.h"
#include "temporaries.h"

namespace sinter {

using namespace detail;

std::string_view to_string(CutRule rule) {
  detail::check_enum("CutRule", rule, CutRule::order);
  switch (rule) {
    case CutRule::output: return "output";
    case CutRule::operations: return "operations";
    case CutRule::arguments: return "arguments";
    case CutRule::broadcast: return "broadcast";
    case CutRule::unfused: return "unfused";
    case CutRule::view: return "view";
    case CutRule::concat: return "concat";
    case CutRule::product: return "product";
    case CutRule::reduction: return "reduction";
    case CutRule::order: return "order";
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
    places_.place.resize(graph.nodes().size());
    places_.kernel.resize(graph.nodes().size(), kNotStored);
    stored_.resize(graph.nodes().size());
    readable_.resize(graph.nodes().size());
    places_.home = segments_.home;
    places_.dropped_by = segments_.dropped_by;
    plan_.graph = std::move(graph);
  }

  Plan run() && {
    for (std::size_t s = 0; s < segments_.ends.size(); ++s) add_kernels(s);
    add_inputs();
    add_outputs();
    add_joins();
    add_temporaries();
    for (const auto& store : first_) add_store(store);
    for (const auto& store : others_) add_store(store);
    build_bodies();
    place_temporaries(plan_);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] const Graph& graph() const { return plan_.graph; }

  // --- Kernels -----------------------------------------------------------------------------------

  /// One kernel for each group of the values that the segment stores.
  void add_kernels(std::size_t s) {
    std::vector<NodeId> stored;
    int bytes = 1;
    for (NodeId id : segments_.segment(s)) {
      if (segments_.home[id.index] != s || !segments_.stored[id.index].has_value()) continue;
      stored.push_back(id);
      bytes = std::max<int>(bytes, info(graph().node(id).dtype).bytes);
    }
    const std::optional<Frame>& frame = segments_.frames[s];
    const bool has_rows = frame.has_value() && frame->has_rows(limits_.row_bytes / bytes);
    const auto group = [&](NodeId id) {
      return segments_.multiplies[s] ? group_beside_product(id) : group_of(id, frame, has_rows);
    };
    std::ranges::sort(stored, {}, [&](NodeId id) { return std::pair(group(id), id); });
    for (std::size_t i = 0; i < stored.size(); ++i) {
      if (i == 0 || group(stored[i]) != group(stored[i - 1])) add_kernel(s);
      places_.kernel[stored[i].index] = static_cast<std::uint32_t>(plan_.kernels.size() - 1);
    }
    for (NodeId id : stored) {
      for (int n = max_stores(); n < segments_.stores[id.index]; n += max_stores()) {
        copies_.emplace(id.index, add_kernel(kCopiesOnly));
      }
    }
  }

  /// Values of one shape after equally many reductions, whose axes are kept or dropped; or, of rows
  /// that are walked again, these and all that comes after their reductions. Ordered as their
  /// kernels have to run.
  using Group = std::tuple<int, decltype(broadcast_order({})), ShapeId>;
  [[nodiscard]] Group group_of(NodeId id, const std::optional<Frame>& frame, bool has_rows) const {
    constexpr ShapeId kSeveral{UINT32_MAX};
    const int stage = segments_.stages[id.index];
    const Shape& shape = graph().shape(id);
    if (has_rows && (stage > 0 || shape == frame->shape)) {
      return {0, broadcast_order(frame->shape), kSeveral};
    }
    if (frame.has_value() && stage > 0 && (frame->leaves(shape) || shape == frame->reduced(true))) {
      return {stage, broadcast_order(frame->reduced(true)), kSeveral};
    }
    return {stage, broadcast_order(shape), graph().node(id).shape};
  }

  /// All that comes after a product is in its kernel.
  [[nodiscard]] Group group_beside_product(NodeId id) const {
    if (segments_.stages[id.index] > 0) return {1, {}, ShapeId{UINT32_MAX}};
    return {0, broadcast_order(graph().shape(id)), graph().node(id).shape};
  }

  std::uint32_t add_kernel(std::size_t segment) {
    plan_.kernels.emplace_back();
    stores_of_kernel_.emplace_back();
    segment_of_kernel_.push_back(segment);
    return static_cast<std::uint32_t>(plan_.kernels.size() - 1);
  }

  [[nodiscard]] int max_stores() const { return max_stores_per_node(limits_); }

  /// Into the kernel that computes the value, or one that copies it where that one is full.
  void add_store(const Store& store) {
    const std::uint32_t node = store.node.index;
    const int earlier = stored_[node]++;
    std::uint32_t kernel = places_.kernel[node];
    if (earlier >= max_stores()) {
      kernel = std::next(copies_.find(node), earlier / max_stores() - 1)->second;
    }
    stores_of_kernel_[kernel].push_back(store);
  }

  // --- Buffers -----------------------------------------------------------------------------------

  BufferId add_buffer(PlanBuffer::Kind kind, NodeId node, std::size_t position, CutRule rule) {
    const BufferId id{static_cast<std::uint32_t>(plan_.buffers.size())};
    plan_.buffers.push_back({.kind = kind,
                             .dtype = graph().node(node).dtype,
                             .shape = graph().shape(node),
                             .strides = {},
                             .position = static_cast<std::uint32_t>(position),
                             .within = {},
                             .offset = 0,
                             .node = node,
                             .rule = rule});
    return id;
  }

  Place whole(BufferId id, const Strides& strides) {
    PlanBuffer& buffer = plan_.buffers[id.index];
    buffer.strides = strides;
    Layout layout = dense_layout(buffer.shape);
    if (!strides.empty()) layout.strides = strides;
    return {id, layout};
  }

  void add_inputs() {
    for (std::size_t i = 0; i < graph().inputs().size(); ++i) {
      const GraphInput& input = graph().inputs()[i];
      const BufferId id = add_buffer(PlanBuffer::Kind::input, input.node, i, CutRule::output);
      places_.place[input.node.index] = whole(id, input.strides);
    }
  }

  /// A value is read from the first of its outputs; if views walk it, from one that is dense.
  void add_outputs() {
    for (std::size_t i = 0; i < graph().outputs().size(); ++i) {
      const auto& [name, node, strides] = graph().outputs()[i];
      const BufferId id = add_buffer(PlanBuffer::Kind::output, node, i, CutRule::output);
      const Place place = whole(id, strides);
      if (const auto& viewed = segments_.live.viewed[i]) {
        Place& there = places_.place[viewed->value.index];
        there = {id, {graph().shape(viewed->value), viewed->strides, 0}};
        others_.push_back({viewed->value, there});
        readable_[viewed->value.index] = true;
        continue;
      }
      const bool is_join = graph().node(node).op == Op::concat;
      const bool walkable = strides.empty() || !segments_.live.walked[node.index];
      const bool first = walkable && !readable_[node.index] && !is_leaf(graph().node(node));
      if (first) {
        places_.place[node.index] = place;
        readable_[node.index] = true;
      }
      if (!is_join)
        others_.push_back({node, place});
      else if (!first)
        stores_of_kernel_[add_kernel(kCopiesOnly)].push_back({node, place});
    }
  }

  /// The parts of every concat go to their places in its buffer.
  void add_joins() {
    for (const auto& [concat, parts] : segments_.live.joins) {
      if (!readable_[concat.index]) {
        places_.place[concat.index] =
            whole(add_buffer(PlanBuffer::Kind::temporary, concat, 0, CutRule::concat), {});
      }
      const Place& joined = places_.place[concat.index];
      for (const auto& [node, start] : parts) {
        Place place = joined;
        place.layout.shape = graph().shape(node);
        for (int axis = 0; axis < start.rank(); ++axis) {
          place.layout.offset += start[axis] * joined.layout.strides[axis];
        }
        others_.push_back({node, place});
        // Others may read a part where it lies, unless views want it dense.
        if (is_leaf(graph().node(node)) || readable_[node.index]) continue;
        if (segments_.live.walked[node.index]) continue;
        places_.place[node.index] = place;
        readable_[node.index] = true;
      }
    }
  }

  void add_temporaries() {
    for (NodeId id : segments_.live.order) {
      const auto rule = segments_.stored[id.index];
      const bool walked = segments_.live.walked[id.index] && graph().node(id).op != Op::input;
      const bool read = walked || (rule.has_value() && !is_leaf(graph().node(id)));
      if (!read || readable_[id.index]) continue;
      const CutRule why = walked ? CutRule::view : *rule;
      places_.place[id.index] = whole(add_buffer(PlanBuffer::Kind::temporary, id, 0, why), {});
      (walked ? first_ : others_).push_back({id, places_.place[id.index]});
    }
  }

  void build_bodies() {
    BodyBuilder builder(plan_, places_);
    for (std::uint32_t k = 0; k < plan_.kernels.size(); ++k) {
      const std::size_t segment = segment_of_kernel_[k];
      const auto members =
          segment == kCopiesOnly ? std::span<const NodeId>() : segments_.segment(segment);
      builder.build(plan_.kernels[k], k, segment, members, stores_of_kernel_[k]);
    }
    plan_.repeats = builder.take_repeats();
  }

  static constexpr std::size_t kCopiesOnly = SIZE_MAX;

  PlanLimits limits_;
  Segments segments_;
  Places places_;
  Plan plan_;
  std::vector<std::size_t> segment_of_kernel_;
  std::vector<std::vector<Store>> stores_of_kernel_;
  std::multimap<std::uint32_t, std::uint32_t> copies_;  // node -> kernels that only copy it
  std::vector<Store> first_;                            // from where copies may read
  std::vector<Store> others_;
  std::vector<int> stored_;     // by node: how many stores it has so far
  std::vector<bool> readable_;  // by node: it has a place to be read from
};

}  // namespace

Plan partition(Graph graph, const PlanLimits& limits, Fuse fuse) try {
  const detail::FloatEnvironment environment;
  detail::check_enum("Fuse", fuse, Fuse::none);
  return Planner(std::move(graph), limits, fuse).run();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
