// StatementBuilder: what all schedulers share: a nest that knows its arguments, strides as index
// expressions, and values.
#pragma once

#include <vector>

#include <sinter/codegen/schedule.h>

#include "loops/index_table.h"
#include "schedule/placement.h"
#include "schedule/reduction_passes.h"

namespace sinter::detail {

class StatementBuilder {
 protected:
  StatementBuilder(const Graph& body, const LoopSpace& space, Placement placement);

  [[nodiscard]] int inner_axis() const { return space_.rank() - 1; }
  [[nodiscard]] std::uint8_t output_argument(std::size_t output) const {
    return static_cast<std::uint8_t>(body_.inputs().size() + output);
  }
  [[nodiscard]] IndexId stride(std::size_t argument, int axis);

  [[nodiscard]] ValueId new_value(DType dtype);
  [[nodiscard]] ValueId new_value(NodeId node);
  [[nodiscard]] Compute compute(NodeId node);

  // Reductions.
  /// Of all that are needed: before `identity` and `identities`.
  void define_identities(Block& block);
  /// The element that leaves any other unchanged in this reduction.
  [[nodiscard]] ValueId identity(NodeId reduction) const { return identities_[reduction.index]; }
  [[nodiscard]] std::vector<ValueId> identities(const ReductionPass& pass) const;
  /// What a pass reduces, as last defined.
  [[nodiscard]] std::vector<ValueId> operand_values(const ReductionPass& pass) const;
  /// Lets `loop` carry an accumulator for each reduction of a pass, from `first` on ...
  void carry(const ReductionPass& pass, const std::vector<ValueId>& first, Loop& loop);
  /// ... into which it takes `x`. Gives what is in them behind the loop.
  [[nodiscard]] std::vector<ValueId> accumulate(const ReductionPass& pass,
                                                const std::vector<ValueId>& x, Loop& loop);
  /// Two elements as one.
  [[nodiscard]] ValueId combine(NodeId reduction, ValueId a, ValueId b, Block& block);
  /// All lanes as one, for each reduction of a pass.
  [[nodiscard]] std::vector<ValueId> fold(const ReductionPass& pass,
                                          const std::vector<ValueId>& lanes, Block& block);

  /// The nest, once all is in it.
  [[nodiscard]] LoopNest take();

  const Graph& body_;
  const LoopSpace& space_;
  Placement placement_;
  IndexTable indices_;
  std::vector<ValueId> values_;  // [node] its value, as last defined
  LoopNest nest_;

 private:
  [[nodiscard]] ValueId new_identity(NodeId reduction, Block& block);

  std::vector<ValueId> identities_;  // [node] of a reduction
};

}  // namespace sinter::detail
