// ReductionPasses: which reductions of a kernel's body are computed in one walk, and which values
// each walk needs. No loops are made here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <sinter/ir/reduction.h>

#include "schedule/placement.h"

namespace sinter::detail {

/// Reductions that a walk computes.
struct ReductionPass {
  std::vector<NodeId> reductions;
  std::int64_t lanes = 1;  ///< W of reduction.h
  [[nodiscard]] std::int64_t chunk() const { return kChunkSteps * lanes; }
  /// Parts of it that walk one after another, if it is of more reductions than one walk should have
  /// accumulators for.
  [[nodiscard]] std::vector<ReductionPass> walks() const;
};

/// Which axes of a space are reduced, between those in front of and behind them.
struct ReducedAxes {
  int outer = 0;
  int reduced = 0;
  int inner = 0;
};

class ReductionPasses {
 public:
  /// `free_lanes`: how many lanes a reduction takes whose order is free, and then it joins any pass
  /// of its stage; without it, as many as if it had an order, or fewer.
  ReductionPasses(const Graph& body, const LoopSpace& space, const Placement& placement,
                  std::optional<std::int64_t> free_lanes = {})
      : ReductionPasses(body, space, placement, free_lanes,
                        {space.rank() - space.reduced - space.inner, space.reduced, space.inner},
                        {}) {}
  /// Of the reductions for which `only` holds, which reduce these axes.
  ReductionPasses(const Graph& body, const LoopSpace& space, const Placement& placement,
                  std::optional<std::int64_t> free_lanes, ReducedAxes axes,
                  std::function<bool(NodeId)> only)
      : body_(body),
        space_(space),
        placement_(placement),
        free_lanes_(free_lanes),
        axes_(axes),
        only_(std::move(only)) {}

  /// In an order in which they may run: those that wait for none of each other share one, if they
  /// want as many lanes and are not too many for one walk.
  [[nodiscard]] std::vector<ReductionPass> passes() const;

  /// All of them, one lane a column: over columns they wait for nothing, see `partition`.
  [[nodiscard]] ReductionPass column_pass() const;

  /// [node] whether it is needed for `targets`, up to what reductions and a product gave, and to
  /// `known` nodes.
  [[nodiscard]] std::vector<bool> cone(const std::vector<NodeId>& targets,
                                       const std::vector<bool>& known = {}) const;
  /// And for what a pass reduces.
  [[nodiscard]] std::vector<bool> cone(const ReductionPass& pass,
                                       const std::vector<bool>& known = {}) const;
  /// And for anything: outputs, and where something is reduced, what its passes reduce.
  [[nodiscard]] std::vector<bool> whole_cone() const;
  /// [node] whether a later walk needs it again that would take so many operations, or more, to
  /// compute it.
  [[nodiscard]] std::vector<bool> worth_keeping(int least) const;

  /// Whether an output has one element for each group that is reduced.
  [[nodiscard]] bool is_row_output(std::size_t output) const;
  /// The values of the outputs that do, or that do not.
  [[nodiscard]] std::vector<NodeId> outputs(bool of_rows) const;

  [[nodiscard]] bool is_reduction(NodeId node) const {
    return info(body_.node(node).op).kind == OpKind::reduction;
  }
  [[nodiscard]] const ReducedAxes& axes() const { return axes_; }
  [[nodiscard]] int outer() const { return axes_.outer; }
  [[nodiscard]] std::int64_t reduced_extent() const;
  /// Elements that become one, at most: those of the group, or of a chunk where it stops at those.
  [[nodiscard]] std::int64_t reduced_to_one() const;
  /// How often chunks of them are reduced again until one is left: the class of their number.
  [[nodiscard]] int levels(std::int64_t chunk) const;

 private:
  [[nodiscard]] std::vector<NodeId> operands(const ReductionPass& pass) const;
  [[nodiscard]] bool is_given(NodeId node) const {
    return is_reduction(node) || body_.node(node).op == Op::dot;
  }
  [[nodiscard]] bool is_computed(NodeId node) const;
  [[nodiscard]] int operations(NodeId node) const;

  const Graph& body_;
  const LoopSpace& space_;
  const Placement& placement_;
  const std::optional<std::int64_t> free_lanes_;
  const ReducedAxes axes_;
  const std::function<bool(NodeId)> only_;
};

}  // namespace sinter::detail
