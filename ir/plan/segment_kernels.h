// The kernels of a segment: which of the values that it stores one kernel computes, and in which
// order the kernels run.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "plan/segments.h"

namespace sinter::detail {

/// Cuts one segment after the other with scratch memory that is kept, so that a segment takes time
/// in its own size.
class SegmentKernels {
 public:
  SegmentKernels(const Graph& graph, const PlanLimits& limits, const Segments& segments);

  /// The values that each kernel of the segment stores, every kernel after those whose values it
  /// reads. As few kernels as what one may store allows, but where two of a kernel's values would
  /// wait for each other by way of another kernel.
  [[nodiscard]] std::vector<std::vector<NodeId>> cut(std::size_t segment);

 private:
  /// What the values of one kernel have in common: how many reductions of the segment are before
  /// them, and the shape; or kSeveral, where a kernel has several that a reduction leaves.
  struct Group {
    int stage = 0;
    ShapeId shape;
    friend auto operator<=>(const Group&, const Group&) = default;
  };
  static constexpr ShapeId kSeveral{UINT32_MAX};

  /// When a kernel runs: in which round, and there in the order of groups. Of a value that no
  /// kernel stores, the latest of what it is computed of.
  struct Slot {
    std::uint32_t round = 0;
    std::uint32_t group = 0;
    friend auto operator<=>(const Slot&, const Slot&) = default;
  };

  [[nodiscard]] bool is_stored_here(NodeId id) const {
    return segments_.home[id.index] == segment_ && segments_.stored[id.index].has_value();
  }
  /// Whether the segment computes the value: others are read wherever they are needed.
  [[nodiscard]] bool is_op(NodeId id) const {
    return is_computed(graph_.node(id)) && !is_leaf(graph_.node(id));
  }
  [[nodiscard]] Group group_of(NodeId id) const;
  [[nodiscard]] Group group_by_shape(NodeId id) const {
    return {segments_.stages[id.index], graph_.node(id).shape};
  }
  void find_rows();
  template <typename GroupOf>
  [[nodiscard]] bool find_slots(GroupOf group_of);
  void find_slot(NodeId id);
  [[nodiscard]] bool join_rounds();
  [[nodiscard]] std::vector<std::vector<NodeId>> in_order();

  const Graph& graph_;
  const PlanLimits& limits_;
  const Segments& segments_;
  std::vector<Slot> slots_;            // by node of the segment
  std::vector<std::size_t> placed_;    // by node: the segment in which it has a slot
  std::vector<std::uint32_t> rounds_;  // by group: the first round in which it may run
  std::vector<NodeId> stored_;         // by the segment
  std::size_t segment_ = 0;
  bool has_rows_ = false;  // the segment walks rows again
};

}  // namespace sinter::detail
