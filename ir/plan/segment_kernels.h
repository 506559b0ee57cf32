// The kernels of a segment: which of the segment's stored values each kernel computes, and the
// order of the kernels.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "plan/segments.h"

namespace sinter::detail {

/// Cuts the segments of a plan one after the other. Scratch memory is kept between segments, so
/// each takes time in proportion to its own size.
class SegmentKernels {
 public:
  SegmentKernels(const Graph& graph, const PlanLimits& limits, const Segments& segments);

  /// Returns the values that each kernel of the segment stores, by kernel. A kernel follows those
  /// whose values it reads. There is one kernel for each group of values that a kernel may store
  /// together, and more where two values of a group depend on each other through another kernel.
  [[nodiscard]] std::vector<std::vector<NodeId>> cut(std::size_t segment);

 private:
  /// Values that one kernel may store together: values of equal stage (Segments::stages) and shape,
  /// or, if the shape is kSeveral, values whose shapes are those of operands or results of the
  /// kernel's product and reductions.
  struct Group {
    int stage = 0;
    ShapeId shape;
    friend auto operator<=>(const Group&, const Group&) = default;
  };
  static constexpr ShapeId kSeveral{UINT32_MAX};

  /// Position of a kernel in the order: kernels run by round, and within a round by group. The slot
  /// of a value that is not stored is the latest slot of its operands.
  struct Slot {
    std::uint32_t round = 0;
    std::uint32_t group = 0;
    friend auto operator<=>(const Slot&, const Slot&) = default;
  };

  [[nodiscard]] bool is_stored_here(NodeId id) const {
    return segments_.home[id.index] == segment_ && segments_.stored[id.index].has_value();
  }
  /// True if kernels compute the value; false for leaves and for values that are read from memory.
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
  std::vector<NodeId> stored_;         // values that the segment stores
  std::size_t segment_ = 0;            // the segment that is being cut
  bool has_rows_ = false;              // true if the segment's kernels walk rows several times
};

}  // namespace sinter::detail
