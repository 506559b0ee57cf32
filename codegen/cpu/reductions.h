// ReductionBuilder: the statements that reduce, in the order that ir/reduction.h fixes. A scheduler
// adds the loops over the units of work around them.
//
// Over rows (the group contains the last axis), a reduction that depends on another one of the same
// row, as the sum of a softmax on its maximum, is computed in a later pass over the row. The last
// pass stores the outputs of the row's length. Local memory keeps values that are expensive to
// rematerialise in a later pass. A pass accumulates W lanes in registers, chunk by chunk. The
// elements of a chunk after its last whole step go through local memory, padded with the identity.
// A row of at most W elements is one masked step.
//
// Over columns (axes follow the group), a lane is a column of a block of columns. Registers hold
// the accumulators, one for each level of chunks, while serial loops walk down the rows.
#pragma once

#include <functional>
#include <vector>

#include "cpu/nest.h"
#include "schedule/reduction_passes.h"

namespace sinter::detail {

class ReductionBuilder : protected NestBuilder {
 protected:
  using Pass = ReductionPass;
  using Outputs = std::vector<std::size_t>;
  using Locals = std::vector<std::uint8_t>;

  ReductionBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                   CpuStrategy strategy);

  /// Sets the reductions and the unit of work for the calls that follow. `outer` are the positions
  /// of the unit along the axes before the group; over columns, `inner` those along the axes after
  /// the group except the last. `group` is the level of values that change along the reduced axes:
  /// over rows along all of these but the last, over columns along all. Values that change with the
  /// unit have Level::row, unless `group` is Level::row.
  void set_unit(const ReductionPasses& reductions, std::vector<IndexId> outer,
                std::vector<IndexId> inner = {}, Level group = Level::group);

  // Definitions.
  [[nodiscard]] bool is_reduction(NodeId node) const {
    return info(body_.node(node).op).kind == OpKind::reduction;
  }
  [[nodiscard]] std::vector<NodeId> nodes_of(const Outputs& outputs) const;
  /// Defines the values of this level in `cone` for all later blocks of the unit, each only once.
  void define_shared(const std::vector<bool>& cone, Level level, Block& block);
  /// Rematerialises the values of this level in `cone` for `block` alone; loads those that are
  /// kept.
  void rematerialise(const std::vector<bool>& cone, Level level, IndexId place, Block& block);

  // Over rows.
  /// Chooses the values that are expensive to rematerialise, such as the exponential of a softmax.
  /// A pass that computes one keeps its row in local memory for later passes, until
  /// drop_kept_values.
  void choose_values_to_keep();
  void drop_kept_values();
  void add_pass(const Pass& pass, Block& block);
  /// Stores the outputs with one element for the row, and those with the length of the row.
  void add_row_outputs(const Outputs& reduced, const Outputs& rows, Block& block);

  // Over columns.
  /// Appends the statements for the columns from `place` on. The reductions of these columns have
  /// their results by then.
  using ColumnBody = std::function<void(IndexId place, Block& block)>;
  void add_column_loops(const Pass& pass, Span columns, const ColumnBody& body, Block& block);
  /// Sets the first row of the group, for values that do not change along the group.
  void set_first_row();
  /// Returns a new local argument for each reduction of the pass.
  [[nodiscard]] Locals new_locals(const Pass& pass, std::int64_t elements);
  /// add_column_loops in two steps, with the results in `sums` in between: other statements may
  /// stand between the two.
  void add_column_sums(const Pass& pass, Span columns, const Locals& sums, Block& block);
  void add_column_outputs(const Pass& pass, const Locals& sums, Span columns,
                          const Outputs& outputs, Block& block);

 private:
  using Values = std::vector<ValueId>;
  /// Returns for each reduction of a pass the value of its operand at `place`.
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
  std::vector<IndexId> unit_;             // positions along the axes before the group
  std::vector<IndexId> inner_positions_;  // and along the axes after the group except the last
  std::vector<bool> defined_;             // [node] true if later blocks of the unit see its value
  std::vector<bool> kept_;                // [node] true if passes keep its row for later passes
  std::vector<bool> known_;               // [node] true if its row is in its local argument already
  std::vector<std::uint8_t> kept_in_;     // [node] local argument of its row
  std::vector<NodeId> keeping_;           // nodes whose rows the current pass stores
  IndexId row_start_;                     // position in the group at which the current row begins
};

}  // namespace sinter::detail
