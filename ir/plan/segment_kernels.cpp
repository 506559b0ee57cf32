// Kernels are ordered by what they read of each other, whatever their shapes: a kernel is a slot,
// and every value goes to the first slot of its group that is not before any that it reads. Mostly
// all values of a group find one slot. Where kernels would wait for each other, groups run in
// several rounds, and have one shape each: what a kernel may store of several shapes depends on the
// reductions in it.
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
  static_cast<void>(whole);  // in several rounds they run as well
  return in_order();
}

void SegmentKernels::find_rows() {
  const std::optional<Frame>& frame = segments_.frames[segment_];
  int bytes = 1;
  for (NodeId id : stored_) bytes = std::max<int>(bytes, info(graph_.node(id).dtype).bytes);
  has_rows_ = frame.has_value() && frame->has_rows(limits_.row_bytes / bytes);
}

/// Values of one shape after equally many reductions, whose axes are kept or dropped; or, of rows
/// that are walked again, these and all that comes after their reductions. All that comes after a
/// product is in its kernel.
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

/// Whether every group runs in one round.
template <typename GroupOf>
bool SegmentKernels::find_slots(GroupOf group_of) {
  std::map<Group, std::uint32_t> groups;  // numbered by their first values
  for (NodeId id : stored_) {
    const auto next = static_cast<std::uint32_t>(groups.size());
    slots_[id.index] = {0, groups.try_emplace(group_of(id), next).first->second};
  }
  rounds_.assign(groups.size(), 0);
  if (groups.size() == 1) return true;  // whatever it reads comes from other segments
  constexpr int kMaxSweeps = 8;         // the second joins nearly all groups
  for (int i = 0; i < kMaxSweeps; ++i) {
    for (NodeId id : segments_.segment(segment_)) find_slot(id);
    if (join_rounds()) return true;
  }
  return false;
}

/// From those of its operands, which come before it in the segment.
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

/// Lets all values of a group wait for the last of them; whether none has to.
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
