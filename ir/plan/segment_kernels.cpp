// Kernels are ordered by the values that they read from each other, never by shape. A kernel is a
// slot; a value gets the first slot of its group that no slot of its operands follows. Usually all
// values of a group get one slot. Where groups depend on each other in a cycle, they run in several
// rounds. Groups then have one shape each: only a kernel with all reductions of its group may store
// several shapes.
#include "plan/segment_kernels.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sinter::detail {

SegmentKernels::SegmentKernels(const Graph& graph, const PlanLimits& limits,
                               const Segments& segments)
    : graph_(graph),
      limits_(limits),
      segments_(segments),
      slots_(graph.nodes().size()),
      placed_(graph.nodes().size(), SIZE_MAX) {}

std::vector<std::vector<NodeId>> SegmentKernels::cut(std::size_t segment) {
  segment_ = segment;
  stored_.clear();
  for (NodeId id : segments_.segment(segment)) {
    if (is_stored_here(id)) stored_.push_back(id);
  }
  find_rows();
  const bool whole = find_slots([this](NodeId id) { return group_of(id); }) ||
                     find_slots([this](NodeId id) { return group_by_shape(id); });
  static_cast<void>(whole);  // if false, groups run in several rounds, which is correct too
  return in_order();
}

void SegmentKernels::find_rows() {
  const std::optional<Frame>& frame = segments_.frames[segment_];
  int bytes = 1;
  for (NodeId id : stored_) bytes = std::max<int>(bytes, info(graph_.node(id).dtype).bytes);
  has_rows_ = frame.has_value() && frame->has_rows(limits_.row_bytes / bytes);
}

/// The group of a stored value:
/// - the product and all values that follow it are one group;
/// - if rows are walked several times, the values of the rows' shape and all values that follow
///   their reductions are one group;
/// - else the results of equally many reductions, with axes kept or dropped, are one group;
/// - other values are grouped by stage and shape.
SegmentKernels::Group SegmentKernels::group_of(NodeId id) const {
  const int stage = segments_.stages[id.index];
  const Shape& shape = graph_.shape(id);
  const std::optional<Frame>& frame = segments_.frames[segment_];
  if (segments_.multiplies[segment_]) {
    if (stage > 0) return {1, kSeveral};
  } else if (has_rows_) {
    if (stage > 0 || shape == frame->shape) return {0, kSeveral};
  } else if (frame.has_value() && stage > 0) {
    if (frame->leaves(shape) || shape == frame->reduced(true)) return {stage, kSeveral};
  }
  return group_by_shape(id);
}

/// Finds the slots of all values. Returns true if every group runs in one round.
template <typename GroupOf>
bool SegmentKernels::find_slots(GroupOf group_of) {
  std::map<Group, std::uint32_t> groups;  // numbered in the order of their first values
  for (NodeId id : stored_) {
    const auto next = static_cast<std::uint32_t>(groups.size());
    slots_[id.index] = {0, groups.try_emplace(group_of(id), next).first->second};
  }
  rounds_.assign(groups.size(), 0);
  if (groups.size() == 1) return true;  // the only kernel reads from other segments only
  constexpr int kMaxSweeps = 8;         // two suffice for nearly all segments
  for (int i = 0; i < kMaxSweeps; ++i) {
    for (NodeId id : segments_.segment(segment_)) find_slot(id);
    if (join_rounds()) return true;
  }
  return false;
}

/// Finds the slot of a value from those of its operands, which precede it in the segment.
void SegmentKernels::find_slot(NodeId id) {
  Slot latest;
  if (is_op(id)) {
    for (NodeId operand : graph_.node(id).inputs()) {
      const bool here = is_op(operand) && placed_[operand.index] == segment_;
      if (here) latest = std::max(latest, slots_[operand.index]);
    }
  }
  placed_[id.index] = segment_;
  Slot& slot = slots_[id.index];
  if (!is_stored_here(id)) {
    slot = latest;
    return;
  }
  slot.round = rounds_[slot.group];
  if (slot < latest) slot.round = latest.round + (slot.group < latest.group ? 1 : 0);
}

/// Moves each group to the round of its latest value. Returns true if all values of every group
/// were in one round already.
bool SegmentKernels::join_rounds() {
  bool joined = true;
  for (NodeId id : stored_) {
    std::uint32_t& round = rounds_[slots_[id.index].group];
    round = std::max(round, slots_[id.index].round);
  }
  for (NodeId id : stored_) {
    joined = joined && slots_[id.index].round == rounds_[slots_[id.index].group];
  }
  return joined;
}

std::vector<std::vector<NodeId>> SegmentKernels::in_order() {
  const auto slot = [this](NodeId id) { return slots_[id.index]; };
  std::ranges::sort(stored_, {}, [&](NodeId id) { return std::pair(slot(id), id); });
  std::vector<std::vector<NodeId>> kernels;
  for (std::size_t i = 0; i < stored_.size(); ++i) {
    if (i == 0 || slot(stored_[i]) != slot(stored_[i - 1])) kernels.emplace_back();
    kernels.back().push_back(stored_[i]);
  }
  return kernels;
}

}  // namespace sinter::detail
