// The first half of partition: which values are computed, in which order, cut into which segments,
// and which of them are stored.
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

/// Live nodes in segments, which run one after the other. A value is stored only where `stored` has
/// a rule for it, and then by the segment that is its home; a segment reads graph inputs and stored
/// values of earlier segments, and may compute others again that are cheap. The graph inputs and
/// earlier values that a segment reads, and the values that it stores, are together at most
/// `limits.arguments`: so is any kernel made of a part of it.
struct Segments {
  LiveValues live;
  std::vector<NodeId> order;                   ///< of all segments, operands before users
  std::vector<std::uint32_t> ends;             ///< segment s is order[ends[s - 1] .. ends[s])
  std::vector<std::optional<Frame>> frames;    ///< by segment: what it reduces, if it does
  std::vector<bool> multiplies;                ///< by segment: it has a product
  std::vector<std::uint32_t> home;             ///< by node of the graph: its segment
  std::vector<std::optional<CutRule>> stored;  ///< by node

  std::vector<int> stores;         ///< by node: buffers that outputs, concats and views ask for
  std::vector<int> stages;         ///< by node: reductions of its home that are before it, in a row
  std::vector<NodeId> dropped_by;  ///< by node: the reduction there that drops its axes which it
                                   ///< is or comes after, or kNoNode

  [[nodiscard]] std::span<const NodeId> segment(std::size_t s) const {
    const std::size_t begin = s == 0 ? 0 : ends[s - 1];
    return std::span(order).subspan(begin, ends[s] - begin);
  }
};

/// `limits` are those of `effective_limits`.
[[nodiscard]] Segments cut_segments(const Graph& graph, const PlanLimits& limits, Fuse fuse);

/// Limits under which any single op fits.
[[nodiscard]] PlanLimits effective_limits(const PlanLimits& limits);

/// How many buffers of one node a segment stores: a node may be an output under any number of
/// names, and those beyond this are copied by kernels of their own.
[[nodiscard]] inline int max_stores_per_node(const PlanLimits& limits) {
  return limits.arguments - kMaxOperands;
}

}  // namespace sinter::detail
