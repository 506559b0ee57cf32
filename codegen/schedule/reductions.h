// The statements of reductions that are the same for every target, in the order that ir/reduction.h
// fixes. All of these functions append to the nest of a draft.
//
// A long row is cut into chunks, the results of the chunks into chunks again, and so on: the levels
// of a reduction. Down a column every level has an accumulator of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "schedule/nest_draft.h"
#include "schedule/reduction_passes.h"

namespace sinter::detail {

using Values = std::vector<ValueId>;       ///< one for each reduction of a pass
using Locals = std::vector<std::uint8_t>;  ///< local arguments, one for each reduction of a pass

// --- Values --------------------------------------------------------------------------------------

/// Defines the identities of all needed reductions; precedes all functions below.
void define_identities(NestDraft& draft, Block& block);
/// Returns the elements that leave any others unchanged in the reductions of a pass.
[[nodiscard]] Values identities(const NestDraft& draft, const ReductionPass& pass);
/// Returns the current values of the operands of a pass.
[[nodiscard]] Values operand_values(const NestDraft& draft, const ReductionPass& pass);
/// Lets later statements of the unit use `results` as the results of a pass.
void set_results(NestDraft& draft, const ReductionPass& pass, const Values& results);
/// Returns the values of this level in `cone` that are not defined yet, other than reductions.
[[nodiscard]] Wanted missing(const NestDraft& draft, const std::vector<bool>& cone, Level level);
/// Says that later blocks see the values of this level in `cone`.
void set_defined(NestDraft& draft, const std::vector<bool>& cone, Level level);
/// Returns a new local argument of `elements` for each reduction of a pass.
[[nodiscard]] Locals new_locals(NestDraft& draft, const ReductionPass& pass, std::int64_t elements);
/// Stores a value to each local argument, at `place`.
void store_results(const Values& values, const Locals& locals, IndexId place, Block& block);

// --- Loops ---------------------------------------------------------------------------------------

/// Defines what a pass reduces in the body of `loop`, and returns these values.
using LoopOperands = std::function<Values(Loop& loop)>;
/// Appends `loop`, which accumulates `operands` onto the values `first`. Returns the accumulators
/// after the loop.
[[nodiscard]] Values accumulated(NestDraft& draft, const ReductionPass& pass, Loop loop,
                                 const Values& first, const LoopOperands& operands, Block& block);
/// Folds the lanes of each reduction of a pass to one element.
[[nodiscard]] Values fold(NestDraft& draft, const ReductionPass& pass, const Values& lanes,
                          Block& block);

/// Returns the places that are reduced to one element: the group, or chunk number `chunk` of it if
/// the reductions of the space stop at the results of chunks.
[[nodiscard]] Span reduced_span(NestDraft& draft, const ReductionPasses& over, IndexId chunk);

/// How a target reduces a row in one pass.
struct RowReduction {
  /// Reduces a range of at most one chunk to one element.
  std::function<Values(Span range, Block& block)> reduce_chunk;
  /// Returns local arguments for the results of `count` chunks.
  std::function<Locals(int level, IndexId count, Block& block)> new_results;
  /// Returns an empty loop over these chunks.
  std::function<Loop(int level, IndexId count)> chunk_loop;
  /// Reduces the results of `count` chunks, at most one chunk themselves, to one element.
  std::function<Values(const Locals& results, IndexId count, Block& block)> reduce_results;
  /// True if other threads read the results, so that barriers separate writing from reading.
  bool barriers = false;
};
/// Reduces a range of at most chunk ^ (level + 1) elements to one.
[[nodiscard]] Values reduce_row(NestDraft& draft, const ReductionPass& pass, int level, Span range,
                                const RowReduction& target, Block& block);

/// Reduces at most kChunkSteps ^ (level + 1) rows of columns to one. `operands` is called in the
/// loop of level 0.
[[nodiscard]] Values reduce_columns(NestDraft& draft, const ReductionPass& pass, int level,
                                    Span rows, const LoopOperands& operands, Block& block);

}  // namespace sinter::detail
