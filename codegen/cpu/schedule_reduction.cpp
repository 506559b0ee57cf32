// The parallel loop of kernels with reductions: over rows, or over blocks of columns.
#include "cpu/schedule_reduction.h"

#include <utility>
#include <vector>

#include "cpu/reductions.h"

namespace sinter::detail {
namespace {

/// If `reduced`, returns the outputs with one element for each reduced group, else the others.
OutputList outputs_of(const CpuNest& nest, const ReductionPasses& reductions, bool reduced) {
  OutputList outputs;
  for (std::size_t i = 0; i < nest.body.outputs().size(); ++i) {
    if (reductions.is_row_output(i) == reduced) outputs.push_back(i);
  }
  return outputs;
}

void add_rows(CpuNest& nest, const ReductionPasses& reductions, Block& block) {
  const int outer = reductions.outer();
  Loop rows = nest.parallel_loop();
  Unit unit{.over = reductions, .outer = {}, .inner = {}};
  if (outer == 1) unit.outer = {rows.variable};
  for (int axis = 0; outer > 1 && axis < outer; ++axis) {
    unit.outer.push_back(nest.add_digit(rows, nest.indices.extent(axis)));
  }
  KeptRows kept = choose_kept_rows(nest, unit);
  for (const ReductionPass& pass : reductions.passes()) {
    add_pass(nest, unit, pass, kept, rows.body);
  }
  add_row_outputs(nest, unit, kept, outputs_of(nest, reductions, true),
                  outputs_of(nest, reductions, false), rows.body);
  block.emplace_back(std::move(rows));
}

void add_columns(CpuNest& nest, const ReductionPasses& reductions, Block& block) {
  const ReductionPass pass = reductions.column_pass();
  const auto [outer, reduced, inner] = reductions.axes();
  const bool single = outer + inner == 1;
  Loop units = nest.parallel_loop();
  const auto digit = [&](IndexId radix) {
    return single ? units.variable : nest.add_digit(units, radix);
  };
  Unit unit{.over = reductions, .outer = {}, .inner = {}};
  for (int axis = 0; axis < outer; ++axis) {
    unit.outer.push_back(digit(nest.indices.extent(axis)));
  }
  for (int axis = outer + reduced; axis < nest.inner_axis(); ++axis) {
    unit.inner.push_back(digit(nest.indices.extent(axis)));
  }
  const IndexId length = nest.indices.extent(nest.inner_axis());
  const Span columns = nest.part_of_axis(
      nest.inner_axis(), digit(nest.indices.blocks(length, kColumnBlock)), kColumnBlock);

  const Cursor at = first_row(nest, unit);
  if (reductions.reduced_extent() > 0) {
    define_shared(nest, at, reductions.cone(pass), Level::row, units.body);
  }
  const std::vector<bool> wanted = reductions.cone(reductions.outputs(true));
  define_shared(nest, at, wanted, Level::row, units.body);
  const auto store = [&](IndexId place, Block& body) {
    rematerialise(nest, at, wanted, Level::lane, place, body);
    nest.store_outputs(at, false, place, body);
  };
  add_column_loops(nest, unit, pass, columns, store, units.body);
  block.emplace_back(std::move(units));
}

}  // namespace

LoopNest schedule_reduction(CpuNest nest) {
  const ReductionPasses reductions(nest.body, nest.space, nest.placement,
                                   std::int64_t{4} * nest.strategy.lanes);
  Block& block = nest.result.body;
  // What is the same for all units.
  define_shared(nest, nest.row({}), reductions.whole_cone(), Level::nest, block);
  define_identities(nest, block);
  if (reductions.axes().inner == 0)
    add_rows(nest, reductions, block);
  else
    add_columns(nest, reductions, block);
  return nest.take();
}

}  // namespace sinter::detail
