// partition: makes a Plan from segments. Stored values become buffers; each segment becomes the
// kernels that segment_kernels.h cuts it into.
#include <map>

#include <sinter/ir/enum.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/rethrow.h>

#include "plan/kernel_body.h"
#include "plan/segment_kernels.h"
#include "plan/segments.h"
#include "plan/temporaries.h"

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

class Planner {
 public:
  Planner(Graph graph, const PlanLimits& limits, Fuse fuse) : limits_(effective_limits(limits)) {
    segments_ = cut_segments(graph, limits_, fuse);
    places_.place.resize(graph.nodes().size());
    places_.kernel.resize(graph.nodes().size(), kNotStored);
    read_stored_.resize(graph.nodes().size());
    beside_read_.resize(graph.nodes().size());
    readable_.resize(graph.nodes().size());
    places_.home = segments_.home;
    places_.dropped_by = segments_.dropped_by;
    plan_.graph = std::move(graph);
  }

  Plan run() && {
    add_kernels();
    add_inputs();
    add_outputs();
    add_joins();
    add_temporaries();
    for (const auto& store : stores_) add_store(store);
    build_bodies();
    place_temporaries(plan_);
    verify(plan_);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] const Graph& graph() const { return plan_.graph; }

  // --- Kernels -----------------------------------------------------------------------------------

  void add_kernels() {
    SegmentKernels kernels(graph(), limits_, segments_);
    for (std::size_t s = 0; s < segments_.ends.size(); ++s) {
      const auto cut = kernels.cut(s);
      for (const std::vector<NodeId>& stored : cut) {
        const std::uint32_t kernel = add_kernel(s);
        for (NodeId id : stored) places_.kernel[id.index] = kernel;
      }
      for (const std::vector<NodeId>& stored : cut) {
        for (NodeId id : stored) add_copies(id);
      }
    }
  }

  /// Adds kernels that copy a value to the buffers for which its own kernel has no room.
  void add_copies(NodeId id) {
    for (int n = max_stores(); n < segments_.stores[id.index]; n += max_stores()) {
      copies_.emplace(id.index, add_kernel(kCopiesOnly));
    }
  }

  std::uint32_t add_kernel(std::size_t segment) {
    plan_.kernels.emplace_back();
    stores_of_kernel_.emplace_back();
    segment_of_kernel_.push_back(segment);
    return static_cast<std::uint32_t>(plan_.kernels.size() - 1);
  }

  [[nodiscard]] int max_stores() const { return max_stores_per_node(limits_); }

  /// Adds a store to the kernel that computes the value or, if that kernel has no room for more
  /// stores of the value, to a kernel that copies it. The place from which kernels read the value,
  /// those that copy it included, always has room.
  void add_store(const StoredValue& store) {
    const std::uint32_t node = store.node.index;
    std::uint32_t kernel = places_.kernel[node];
    const bool is_read =
        readable_[node] && !read_stored_[node] && store.place == places_.place[node];
    if (is_read) {
      read_stored_[node] = true;
    } else {
      const int earlier = beside_read_[node]++ + (readable_[node] ? 1 : 0);
      if (earlier >= max_stores()) {
        kernel = std::next(copies_.find(node), earlier / max_stores() - 1)->second;
      }
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

  /// Sets the strides of a buffer and returns all of it as a Place.
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

  /// Adds the outputs. Kernels read a value from the first of its outputs; if views walk the value,
  /// from the first dense one.
  void add_outputs() {
    for (std::size_t i = 0; i < graph().outputs().size(); ++i) {
      const auto& [name, node, strides] = graph().outputs()[i];
      const BufferId id = add_buffer(PlanBuffer::Kind::output, node, i, CutRule::output);
      const Place place = whole(id, strides);
      if (const auto& viewed = segments_.live.viewed[i]) {
        Place& there = places_.place[viewed->value.index];
        there = {id, {graph().shape(viewed->value), viewed->strides, 0}};
        stores_.push_back({viewed->value, there});
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
        stores_.push_back({node, place});
      else if (!first)
        stores_of_kernel_[add_kernel(kCopiesOnly)].push_back({node, place});
    }
  }

  /// Stores the parts of every concat at their places in its buffer.
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
        stores_.push_back({node, place});
        // Other kernels may read a part from the concat's buffer, unless views need it dense.
        if (is_leaf(graph().node(node)) || readable_[node.index]) continue;
        if (segments_.live.walked[node.index]) continue;
        places_.place[node.index] = place;
        readable_[node.index] = true;
      }
    }
  }

  /// Adds a temporary for every stored value that no other buffer holds where it can be read.
  void add_temporaries() {
    for (NodeId id : segments_.live.order) {
      const auto rule = segments_.stored[id.index];
      const bool walked = segments_.live.walked[id.index] && graph().node(id).op != Op::input;
      const bool read = walked || (rule.has_value() && !is_leaf(graph().node(id)));
      if (!read || readable_[id.index]) continue;
      const CutRule why = walked ? CutRule::view : *rule;
      places_.place[id.index] = whole(add_buffer(PlanBuffer::Kind::temporary, id, 0, why), {});
      readable_[id.index] = true;
      stores_.push_back({id, places_.place[id.index]});
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
  std::vector<std::vector<StoredValue>> stores_of_kernel_;
  std::multimap<std::uint32_t, std::uint32_t> copies_;  // node -> kernels that only copy it
  std::vector<StoredValue> stores_;
  std::vector<bool> read_stored_;  // by node: true once it is stored to where it is read
  std::vector<int> beside_read_;   // by node: its other stores so far
  std::vector<bool> readable_;     // by node: true once it has a place from which it is read
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
