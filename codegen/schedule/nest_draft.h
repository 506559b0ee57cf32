// StatementBuilder: the base of the schedulers for every target. It owns the nest under
// construction, its index expressions, and the value of every node of the kernel's body.
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
  // The axes of a product.
  static constexpr int kSummedAxis = 0;
  [[nodiscard]] int columns_axis() const { return inner_axis(); }
  [[nodiscard]] int rows_axis() const { return inner_axis() - 1; }

  [[nodiscard]] std::uint8_t output_argument(std::size_t output) const {
    return static_cast<std::uint8_t>(body_.inputs().size() + output);
  }
  [[nodiscard]] IndexId number(std::int64_t value) { return indices_.constant(value); }
  /// Returns the stride of an argument, a constant where its class is 0, 1 or -1.
  [[nodiscard]] IndexId stride(std::size_t argument, int axis);

  /// Returns an empty loop over a new variable.
  [[nodiscard]] Loop new_loop(LoopKind kind, IndexId from, IndexId to);

  [[nodiscard]] ValueId new_value(DType dtype);
  /// Returns a new value, which becomes the current value of `node`.
  [[nodiscard]] ValueId new_value(NodeId node);
  /// Returns the statement that computes `node` from the current values of its operands.
  [[nodiscard]] Compute compute(NodeId node);

  // Reductions.
  /// Defines the identities of all needed reductions; precedes uses of `identity`.
  void define_identities(Block& block);
  /// Returns the element that leaves any other unchanged in this reduction.
  [[nodiscard]] ValueId identity(NodeId reduction) const { return identities_[reduction.index]; }
  [[nodiscard]] std::vector<ValueId> identities(const ReductionPass& pass) const;
  /// Returns the current values of the operands of a pass.
  [[nodiscard]] std::vector<ValueId> operand_values(const ReductionPass& pass) const;
  /// Lets `loop` carry an accumulator for each reduction of a pass. The accumulators start at the
  /// values `first`.
  void carry(const ReductionPass& pass, const std::vector<ValueId>& first, Loop& loop);
  /// Combines the values `x` into the accumulators that `loop` carries. Returns the values of the
  /// accumulators after the loop.
  [[nodiscard]] std::vector<ValueId> accumulate(const ReductionPass& pass,
                                                const std::vector<ValueId>& x, Loop& loop);
  /// Appends the statement by which `reduction` combines `a` and `b`. Returns its result.
  [[nodiscard]] ValueId combine(NodeId reduction, ValueId a, ValueId b, Block& block);
  /// Folds the lanes of each reduction of a pass to one element.
  [[nodiscard]] std::vector<ValueId> fold(const ReductionPass& pass,
                                          const std::vector<ValueId>& lanes, Block& block);

  /// Returns the finished nest. The builder is empty afterwards.
  [[nodiscard]] LoopNest take();

  const Graph& body_;
  const LoopSpace& space_;
  Placement placement_;
  IndexTable indices_;
  std::vector<ValueId> values_;  // [node] value, as last defined
  LoopNest nest_;

 private:
  [[nodiscard]] ValueId new_identity(NodeId reduction, Block& block);

  std::vector<ValueId> identities_;  // [node] identity of a reduction
};

}  // namespace sinter::detail
