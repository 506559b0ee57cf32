// ReductionPasses: which reductions of a kernel's body are computed in one walk, and which values
// each walk needs. No loops are made here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sinter/ir/reduction.h>

#include "placement.h"

namespace sinter::detail {

/// Reductions that one walk computes.
struct ReductionPass {
  std::vector<NodeId> reductions;
  std::int64_t lanes = 1;  ///< W of reduction.h
  [[nodiscard]] std::int64_t chunk() const { return kChunkSteps * lanes; }
};

class ReductionPasses {
 public:
  /// `free_lanes`: how many lanes a reduction takes whose order is free, and then it joins any pass
  /// of its stage; without it, as many as if it had an order, or fewer.
  ReductionPasses(const Graph& body, const LoopSpace& space, const Placement& placement,
                  std::optional<std::int64_t> free_lanes = {})
      : body_(body), space_(space), placement_(placement), free_lanes_(free_lanes) {}

  /// In an order in which they may run: those that wait for none of each other share one, if they
  /// want as many lanes.
  [[nodiscard]] std::vector<ReductionPass> passes() const;

  /// [node] whether it is needed for `targets`, up to what reductions gave, and to `known` nodes.
  [[nodiscard]] std::vector<bool> cone(const std::vector<NodeId>& targets,
                                       const std::vector<bool>& known = {}) const;
  /// And for what a pass reduces.
  [[nodiscard]] std::vector<bool> cone(const ReductionPass& pass,
                                       const std::vector<bool>& known = {}) const;
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
  [[nodiscard]] int outer() const { return space_.rank() - space_.reduced - space_.inner; }
  [[nodiscard]] std::int64_t reduced_extent() const;
  /// How often chunks are reduced again until one is left: the class of the length of the group, or
  /// of the chunk of it that a unit reduces.
  [[nodiscard]] int levels(std::int64_t chunk) const;

 private:
  [[nodiscard]] std::vector<NodeId> operands(const ReductionPass& pass) const;
  [[nodiscard]] bool is_computed(NodeId node) const;
  [[nodiscard]] int operations(NodeId node) const;

  const Graph& body_;
  const LoopSpace& space_;
  const Placement& placement_;
  const std::optional<std::int64_t> free_lanes_;
};

}  // namespace sinter::detail
