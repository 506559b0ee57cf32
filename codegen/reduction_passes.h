// ReductionPasses: which reductions of a kernel's body are computed in one walk, and which values
// each walk needs. No loops are made here.
#pragma once

#include <cstdint>
#include <functional>
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
  ReductionPasses(const Graph& body, const LoopSpace& space, const Placement& placement)
      : body_(body), space_(space), placement_(placement) {}

  /// In an order in which they may run: those that wait for none of each other share one, if they
  /// want as many lanes. Whose order is free joins any that has no more.
  [[nodiscard]] std::vector<ReductionPass> passes() const;

  /// [node] whether it is needed for `targets`, up to what reductions gave.
  [[nodiscard]] std::vector<bool> cone(const std::vector<NodeId>& targets) const;
  /// And for what a pass reduces.
  [[nodiscard]] std::vector<bool> cone(const ReductionPass& pass) const;

  /// Whether an output has one element for each group that is reduced.
  [[nodiscard]] bool is_row_output(std::size_t output) const;
  /// The values of the outputs that do, or that do not.
  [[nodiscard]] std::vector<NodeId> outputs(bool of_rows) const;

  [[nodiscard]] bool is_reduction(NodeId node) const {
    return info(body_.node(node).op).kind == OpKind::reduction;
  }
  [[nodiscard]] int outer() const { return space_.rank() - space_.reduced - space_.inner; }
  [[nodiscard]] std::int64_t reduced_extent() const;
  /// Elements that become one: those of the group, or of a chunk where it stops at those.
  [[nodiscard]] std::int64_t reduced_to_one() const;
  /// How often chunks of them are reduced again until one is left: the class of their number.
  [[nodiscard]] int levels(std::int64_t chunk) const;

 private:
  const Graph& body_;
  const LoopSpace& space_;
  const Placement& placement_;
};

}  // namespace sinter::detail
