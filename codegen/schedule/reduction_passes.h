// ReductionPasses: which reductions of a kernel's body one walk over their operands computes, and
// which values each walk needs. It makes no loops.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <sinter/ir/reduction.h>

#include "schedule/placement.h"

namespace sinter::detail {

/// Reductions that are computed together.
struct ReductionPass {
  std::vector<NodeId> reductions;
  std::int64_t lanes = 1;  ///< W of reduction.h
  /// Number of elements in a chunk.
  [[nodiscard]] std::int64_t chunk() const { return kChunkSteps * lanes; }
  /// Returns the pass as parts that run one after another. A part has at most as many reductions as
  /// one walk may accumulate.
  [[nodiscard]] std::vector<ReductionPass> walks() const;
};

/// Numbers of consecutive axes of a space: before the reduced ones, reduced, and after these.
struct ReducedAxes {
  int outer = 0;
  int reduced = 0;
  int inner = 0;
};

/// The reductions of a kernel's body, as passes over the same axes.
class ReductionPasses {
 public:
  /// `free_lanes` is the number of lanes of a reduction whose order is free (such as max); such a
  /// reduction then joins any pass of its stage. Without `free_lanes` it has at most the lanes that
  /// an ordered reduction of its dtype has.
  ReductionPasses(const Graph& body, const LoopSpace& space, const Placement& placement,
                  std::optional<std::int64_t> free_lanes = {})
      : ReductionPasses(body, space, placement, free_lanes,
                        {space.rank() - space.reduced - space.inner, space.reduced, space.inner},
                        {}) {}
  /// The passes of the reductions for which `only` is true, which reduce `axes`.
  ReductionPasses(const Graph& body, const LoopSpace& space, const Placement& placement,
                  std::optional<std::int64_t> free_lanes, ReducedAxes axes,
                  std::function<bool(NodeId)> only)
      : body_(body),
        space_(space),
        placement_(placement),
        free_lanes_(free_lanes),
        axes_(axes),
        only_(std::move(only)) {}

  /// Returns the passes in an order in which they may run. Reductions that do not depend on each
  /// other share a pass, if they have the same number of lanes and one walk can accumulate them.
  [[nodiscard]] std::vector<ReductionPass> passes() const;

  /// Returns one pass of all reductions, with one lane per column. Over columns no reduction of a
  /// kernel depends on another: see `partition`.
  [[nodiscard]] ReductionPass column_pass() const;

  /// Returns [node] true if `targets` need it. The cone ends at reductions, at a product and at
  /// `known` nodes, whose values exist already.
  [[nodiscard]] std::vector<bool> cone(const std::vector<NodeId>& targets,
                                       const std::vector<bool>& known = {}) const;
  /// Returns the cone of the operands of a pass.
  [[nodiscard]] std::vector<bool> cone(const ReductionPass& pass,
                                       const std::vector<bool>& known = {}) const;
  /// Returns the cone of all outputs and of the operands of all passes. If the group is empty, only
  /// the cone of the row outputs.
  [[nodiscard]] std::vector<bool> whole_cone() const;
  /// Returns [node] true if a later walk needs it, and would need at least `least` ops to
  /// rematerialise it.
  [[nodiscard]] std::vector<bool> worth_keeping(int least) const;

  /// True if an output has one element for each group that is reduced: a row output.
  [[nodiscard]] bool is_row_output(std::size_t output) const;
  /// Returns the values of the row outputs, or of the other outputs.
  [[nodiscard]] std::vector<NodeId> outputs(bool of_rows) const;

  [[nodiscard]] bool is_reduction(NodeId node) const {
    return info(body_.node(node).op).kind == OpKind::reduction;
  }
  [[nodiscard]] const ReducedAxes& axes() const { return axes_; }
  [[nodiscard]] int outer() const { return axes_.outer; }
  /// Number of elements of the group.
  [[nodiscard]] std::int64_t reduced_extent() const;
  /// Largest number of elements that are reduced to one: the group, or a chunk if the reductions
  /// stop at the results of chunks.
  [[nodiscard]] std::int64_t reduced_to_one() const;
  /// Number of times that the results of chunks are reduced again until one is left. This is the
  /// class of the group's length.
  [[nodiscard]] int levels(std::int64_t chunk) const;

 private:
  [[nodiscard]] std::vector<NodeId> operands(const ReductionPass& pass) const;
  /// True if the node's value comes from a reduction or product, at which cones end.
  [[nodiscard]] bool is_given(NodeId node) const {
    return is_reduction(node) || body_.node(node).op == Op::dot;
  }
  [[nodiscard]] bool is_computed(NodeId node) const;
  /// Number of ops that rematerialising the node takes.
  [[nodiscard]] int operations(NodeId node) const;

  const Graph& body_;
  const LoopSpace& space_;
  const Placement& placement_;
  const std::optional<std::int64_t> free_lanes_;
  const ReducedAxes axes_;
  const std::function<bool(NodeId)> only_;
};

}  // namespace sinter::detail
