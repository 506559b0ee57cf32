// The first half of partition: which values are computed, in which order, in which segment, and
// which of them are stored.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <sinter/ir/plan.h>

#include "plan/frame.h"
#include "plan/live_values.h"

namespace sinter::detail {

inline constexpr NodeId kNoNode{UINT32_MAX};

/// The live nodes, divided into segments that run one after the other. A value is stored only if
/// `stored` has a rule for it; the segment that is its home stores it. A segment reads graph inputs
/// and stored values of earlier segments, and may rematerialise cheap values of earlier segments. A
/// segment reads and stores at most `limits.arguments` buffers in all, and so does each of its
/// kernels.
struct Segments {
  LiveValues live;
  std::vector<NodeId> order;                   ///< of all segments, operands before users
  std::vector<std::uint32_t> ends;             ///< segment s is order[ends[s - 1] .. ends[s])
  std::vector<std::optional<Frame>> frames;    ///< by segment: its first frame, if it reduces
  std::vector<bool> multiplies;                ///< by segment: true if it has a product
  std::vector<std::uint32_t> home;             ///< by node of the graph: its segment
  std::vector<std::optional<CutRule>> stored;  ///< by node: why it is stored, if it is

  std::vector<int> stores;  ///< by node: number of buffers for outputs, concats and views of it
  /// By node: number of reductions and products of its home on the longest path that ends at it.
  std::vector<int> stages;
  /// By node: the reduction in its home that drops its axes and that the node is or follows;
  /// kNoNode if there is none.
  std::vector<NodeId> dropped_by;

  [[nodiscard]] std::span<const NodeId> segment(std::size_t s) const {
    const std::size_t begin = s == 0 ? 0 : ends[s - 1];
    return std::span(order).subspan(begin, ends[s] - begin);
  }
};

/// Cuts the live values of `graph` into segments. `limits` come from `effective_limits`.
[[nodiscard]] Segments cut_segments(const Graph& graph, const PlanLimits& limits, Fuse fuse);

/// Limits under which any single op fits.
[[nodiscard]] PlanLimits effective_limits(const PlanLimits& limits);

/// Most buffers into which a segment stores one node. A node may be an output under any number of
/// names; separate kernels copy it to the buffers beyond this number.
[[nodiscard]] inline int max_stores_per_node(const PlanLimits& limits) {
  return limits.arguments - kMaxOperands;
}

}  // namespace sinter::detail
