// ReductionBuilder: the statements that reduce, in the order that ir/reduction.h fixes, for whoever
// has loops over the units of work around them.
//
// Over rows (the group that is reduced holds the last axis): reductions that wait for others of the
// same row, as the sum of a softmax waits for its maximum, come in later passes over it; the last
// pass stores what has the length of the row. A pass accumulates W lanes in registers, chunk by
// chunk. What is left of a chunk behind its last whole step goes through local memory, filled up
// with the identity.
//
// Over columns (axes behind the group): blocks of columns, one lane a column; accumulators, one for
// each level of chunks, lie in local memory.
#pragma once

#include <functional>
#include <vector>

#include <sinter/ir/reduction.h>

#include "nest_builder.h"

namespace sinter::detail {

class ReductionBuilder : protected NestBuilder {
 protected:
  using Outputs = std::vector<std::size_t>;
  using Locals = std::vector<std::uint8_t>;

  /// Which axes of the space are reduced, and those in front of and behind them.
  struct ReducedAxes {
    int outer = 0;
    int reduced = 0;
    int inner = 0;
    /// Of values that change along all but the last of the reduced axes, or over columns along
    /// these.
    Level group = Level::group;
  };
  /// Reductions that one walk over the rows computes.
  struct Pass {
    std::vector<NodeId> reductions;
    std::int64_t lanes = 1;  ///< W
    [[nodiscard]] std::int64_t chunk() const { return kChunkSteps * lanes; }
  };

  ReductionBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                   CpuStrategy strategy);

  /// From here on this is what is reduced, for the unit at these positions along the axes in front
  /// and, over columns, along those behind but the last.
  void set_unit(const ReducedAxes& axes, std::vector<IndexId> outer,
                std::vector<IndexId> behind = {});

  // What is computed.
  [[nodiscard]] bool is_reduction(NodeId node) const {
    return info(body_.node(node).op).kind == OpKind::reduction;
  }
  /// Of all needed reductions for which `wanted` holds.
  [[nodiscard]] std::vector<Pass> passes(const std::function<bool(NodeId)>& wanted) const;
  /// What is needed for `targets`, up to what reductions and a product gave.
  [[nodiscard]] std::vector<bool> cone(const std::vector<NodeId>& targets) const;
  [[nodiscard]] std::vector<bool> cone_of(const Pass& pass) const;
  [[nodiscard]] std::vector<NodeId> nodes_of(const Outputs& outputs) const;
  /// Values for all blocks of the unit to come.
  void define_shared(const std::vector<bool>& cone, Level level, Block& block);
  /// Values for this block alone.
  void define_again(const std::vector<bool>& cone, Level level, IndexId place, Block& block);
  void define_identities(Block& block);
  [[nodiscard]] std::int64_t reduced_extent() const;

  // Over rows.
  void add_pass(const Pass& pass, Block& block);
  /// What has one element for the row, and what has as many as the row.
  void add_row_outputs(const Outputs& left, const Outputs& rows, Block& block);

  // Over columns: the accumulators of one pass, and what is computed of them.
  [[nodiscard]] Locals add_column_pass(const Pass& pass, Span columns, Block& block);
  void add_column_outputs(const Pass& pass, const Locals& results, Span columns,
                          const Outputs& outputs, Block& block);

 private:
  using Values = std::vector<ValueId>;
  /// Gives a value for each reduction of a pass.
  using Operands = std::function<Values(IndexId place, Block& block)>;

  [[nodiscard]] std::int64_t pass_lanes(NodeId reduction) const;
  [[nodiscard]] Values operand_values(const Pass& pass) const;
  [[nodiscard]] Values identities(const Pass& pass) const;
  [[nodiscard]] Locals new_locals(const Pass& pass, std::int64_t elements);
  [[nodiscard]] int levels(std::int64_t chunk) const;
  [[nodiscard]] Span reduced_range();

  [[nodiscard]] Values reduce(const Pass& pass, int level, Span range, Block& block);
  [[nodiscard]] Values reduce_chunk(const Pass& pass, Span range, Block& block);
  [[nodiscard]] Values fold(const Pass& pass, const Values& accumulated, Block& block);
  [[nodiscard]] Values accumulate(const Pass& pass, Span range, const Values& first,
                                  const Operands& operands, Block& block);
  void fill_identity(const Pass& pass, const Locals& locals, Span range, Block& block);
  void add_row_parts(Span range, const std::vector<bool>& cone, const ElementBody& body,
                     bool stores_outputs, Block& block);
  [[nodiscard]] Operands from_locals(const Locals& locals);

  void set_first_row();
  void reduce_columns(const Pass& pass, int level, Span rows, Block& block);
  void init_columns(const Pass& pass, const Locals& locals, Block& block);

  ReducedAxes axes_;
  std::vector<IndexId> unit_;        // positions along the axes before the group
  std::vector<IndexId> behind_;      // and along those behind it but the last
  std::vector<ValueId> identities_;  // [node] of a reduction
  std::vector<bool> defined_;        // [node] it has a value that later blocks of the unit see
  IndexId row_start_;                // of the row of the group that places count in
  Span columns_;
  std::vector<Locals> accumulators_;  // [level][reduction]
};

}  // namespace sinter::detail
