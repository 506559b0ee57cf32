// ReductionBuilder: the statements that reduce, in the order that ir/reduction.h fixes, for whoever
// has loops over the units of work around them.
//
// Over rows (the group that is reduced holds the last axis): reductions that wait for others of the
// same row, as the sum of a softmax waits for its maximum, come in later passes over it; the last
// pass stores what has the length of the row. What takes long to compute and is wanted in several
// passes is kept in local memory. A pass accumulates W lanes in registers, chunk by chunk. What is
// left of a chunk behind its last whole step goes through local memory, filled up with the
// identity. A row of no more than W is one masked step.
//
// Over columns (axes behind the group): blocks of columns, one lane a column; the accumulators, one
// for each level of chunks, stay in registers on the way down.
#pragma once

#include <functional>
#include <vector>

#include "cpu/nest_builder.h"
#include "schedule/reduction_passes.h"

namespace sinter::detail {

class ReductionBuilder : protected NestBuilder {
 protected:
  using Pass = ReductionPass;
  using Outputs = std::vector<std::size_t>;
  using Locals = std::vector<std::uint8_t>;

  ReductionBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                   CpuStrategy strategy);

  /// From here on these are reduced, for the unit at these positions along the axes in front and,
  /// over columns, along those behind but the last. `group` is the level of values that change
  /// along all but the last of the reduced axes, or over columns along these; what changes with the
  /// unit is Level::row, unless that is.
  void set_unit(const ReductionPasses& reductions, std::vector<IndexId> outer,
                std::vector<IndexId> behind = {}, Level group = Level::group);

  // What is computed.
  [[nodiscard]] bool is_reduction(NodeId node) const {
    return info(body_.node(node).op).kind == OpKind::reduction;
  }
  [[nodiscard]] std::vector<NodeId> nodes_of(const Outputs& outputs) const;
  /// Values for all blocks of the unit to come.
  void define_shared(const std::vector<bool>& cone, Level level, Block& block);
  /// Values for this block alone.
  void define_again(const std::vector<bool>& cone, Level level, IndexId place, Block& block);

  // Over rows.
  /// From here on, until they are forgotten, passes keep the rows of values that take long to
  /// compute, as the exponential of a softmax does, for the passes behind.
  void choose_kept();
  void forget_kept();
  void add_pass(const Pass& pass, Block& block);
  /// What has one element for the row, and what has as many as the row.
  void add_row_outputs(const Outputs& left, const Outputs& rows, Block& block);

  // Over columns.
  /// What happens to the columns from `place` on, once their reductions have values.
  using ColumnBody = std::function<void(IndexId place, Block& block)>;
  void add_column_loops(const Pass& pass, Span columns, const ColumnBody& body, Block& block);
  /// In the first row of the group: what does not change along that.
  void set_first_row();
  /// The same through memory of the kernel's own, so that something may happen in between.
  [[nodiscard]] Locals new_locals(const Pass& pass, std::int64_t elements);
  void add_column_sums(const Pass& pass, Span columns, const Locals& sums, Block& block);
  void add_column_outputs(const Pass& pass, const Locals& sums, Span columns,
                          const Outputs& outputs, Block& block);

 private:
  using Values = std::vector<ValueId>;
  /// Gives a value for each reduction of a pass.
  using Operands = std::function<Values(IndexId place, Block& block)>;

  [[nodiscard]] const ReducedAxes& axes() const { return over_->axes(); }
  void begin_keeping(const std::vector<bool>& cone);
  void keep(IndexId place, Block& block);
  void end_keeping();
  [[nodiscard]] Span reduced_range();

  [[nodiscard]] Values reduce(const Pass& pass, int level, Span range, Block& block);
  [[nodiscard]] Values reduce_chunk(const Pass& pass, Span range, Block& block);
  [[nodiscard]] bool is_short(const Pass& pass) const;
  [[nodiscard]] Values reduce_short(const Pass& pass, Span range, Block& block);
  [[nodiscard]] Operands from_row(const Pass& pass, const std::vector<bool>& cone);
  [[nodiscard]] Loop lanes_loop(const Pass& pass, Span range);
  [[nodiscard]] Values accumulated(const Pass& pass, Loop loop, const Values& first,
                                   const Operands& operands, Block& block);
  void fill_identity(const Pass& pass, const Locals& locals, Span range, Block& block);
  void add_row_parts(Span range, const std::vector<bool>& cone, const ElementBody& body,
                     bool stores_outputs, Block& block);
  [[nodiscard]] Operands from_locals(const Locals& locals);

  [[nodiscard]] std::vector<IndexId> with_group(const std::vector<IndexId>& group) const;
  [[nodiscard]] Values reduce_columns(const Pass& pass, int level, Span rows, IndexId place,
                                      Block& block);
  void add_column_loop(const Pass& pass, Loop loop, const ColumnBody& body, Block& block);

  const ReductionPasses* over_ = nullptr;
  Level group_level_ = Level::group;
  std::vector<IndexId> unit_;          // positions along the axes before the group
  std::vector<IndexId> behind_;        // and along those behind it but the last
  std::vector<bool> defined_;          // [node] it has a value that later blocks of the unit see
  std::vector<bool> kept_;             // [node] its row is, for passes to come
  std::vector<bool> known_;            // [node] ... and lies in its local argument
  std::vector<std::uint8_t> kept_in_;  // [node] this one
  std::vector<NodeId> keeping_;        // nodes that the pass at hand keeps
  IndexId row_start_;                  // of the row of the group that places count in
};

}  // namespace sinter::detail
