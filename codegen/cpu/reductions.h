// The statements that reduce on a CPU, in the order that ir/reduction.h fixes. The schedules add
// the loops over the units of work around them.
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
#include "schedule/reductions.h"

namespace sinter::detail {

/// A unit of work: a row, or the columns of a block, and the reductions over it.
struct Unit {
  const ReductionPasses& over;
  std::vector<IndexId> outer;  ///< positions along the axes before the group
  std::vector<IndexId> inner;  ///< over columns, along the axes after the group except the last
  /// The level of values that change along the reduced axes: along all of these but the last if
  /// rows are reduced, along all if columns are. Usually Level::group; Level::row is then that of
  /// values that change with the unit. After a product, where the unit is a block of its result, it
  /// is Level::row, and no value changes with the unit alone.
  Level group = Level::group;

  [[nodiscard]] const ReducedAxes& axes() const { return over.axes(); }
  /// The number of the chunk that the unit reduces, where reductions stop at the results of chunks.
  [[nodiscard]] IndexId chunk() const { return outer.empty() ? IndexId{} : outer.back(); }
};

/// Rows of values in local memory: a pass that computes one keeps it for later passes. All lists
/// are empty if no row is worth keeping.
struct KeptRows {
  std::vector<bool> chosen;          ///< [node] true if its row is worth keeping
  std::vector<bool> known;           ///< [node] true if an earlier pass has kept its row
  std::vector<std::uint8_t> locals;  ///< [node] local argument of its row

  [[nodiscard]] bool is_known(std::size_t node) const { return node < known.size() && known[node]; }
};

using OutputList = std::vector<std::size_t>;
[[nodiscard]] std::vector<NodeId> nodes_of(const Graph& body, const OutputList& outputs);

// --- Definitions ---------------------------------------------------------------------------------

/// Defines the values of this level in `cone` for all later blocks of the unit, each only once.
void define_shared(CpuNest& nest, const Cursor& at, const std::vector<bool>& cone, Level level,
                   Block& block);
/// Rematerialises the values of this level in `cone` for `block` alone; loads those that are kept.
void rematerialise(CpuNest& nest, const Cursor& at, const std::vector<bool>& cone, Level level,
                   IndexId place, Block& block, const KeptRows& kept = {});

// --- Over rows -----------------------------------------------------------------------------------

/// Chooses the values that are expensive to rematerialise, such as the exponential of a softmax.
[[nodiscard]] KeptRows choose_kept_rows(const CpuNest& nest, const Unit& unit);
void add_pass(CpuNest& nest, const Unit& unit, const ReductionPass& pass, KeptRows& kept,
              Block& block);
/// Stores the outputs with one element for the row, and those with the length of the row.
void add_row_outputs(CpuNest& nest, const Unit& unit, const KeptRows& kept,
                     const OutputList& reduced, const OutputList& rows, Block& block);

// --- Over columns --------------------------------------------------------------------------------

/// Returns the first row of the group, for values that do not change along the group.
[[nodiscard]] Cursor first_row(CpuNest& nest, const Unit& unit);
/// Appends the statements for the columns from `place` on. The reductions of these columns have
/// their results by then.
using ColumnBody = std::function<void(IndexId place, Block& block)>;
void add_column_loops(CpuNest& nest, const Unit& unit, const ReductionPass& pass, Span columns,
                      const ColumnBody& body, Block& block);
/// add_column_loops in two steps, with the results in `sums` in between: other statements may stand
/// between the two.
void add_column_sums(CpuNest& nest, const Unit& unit, const ReductionPass& pass, Span columns,
                     const Locals& sums, Block& block);
void add_column_outputs(CpuNest& nest, const Unit& unit, const ReductionPass& pass,
                        const Locals& sums, Span columns, const OutputList& outputs, Block& block);

}  // namespace sinter::detail
