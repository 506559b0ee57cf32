// The CPU scheduler: makes the loops of elementwise kernels, with the widths that strategy.h chose,
// around the values that placement.h placed. Reductions and products have schedulers of their own.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "cpu/nest.h"
#include "cpu/schedule_product.h"
#include "cpu/schedule_reduction.h"

namespace sinter {
namespace {

using detail::CpuNest;
using detail::Cursor;
using detail::IndexTable;
using detail::Level;
using detail::Span;

/// Largest side, in elements, of the blocks that are transposed in registers: their vectors fit the
/// registers.
constexpr int kMaxTransposeLanes = 16;

/// Appends the definitions of the values of a level. `place` is that of Level::lane.
void define(CpuNest& nest, const Cursor& at, Level level, IndexId place, Block& block) {
  nest.define(at, [&](NodeId node) { return at.level(node) == level; }, place, block);
}

/// Adds loops over `range` of a row that compute the values of Level::lane and store the outputs.
void add_outputs(CpuNest& nest, const Cursor& at, Span range, Block& block) {
  const auto element = [&](IndexId place, bool streaming, Block& inner) {
    define(nest, at, Level::lane, place, inner);
    nest.store_outputs(at, streaming, place, inner);
  };
  nest.add_output_elements(at, range, element, block);
}

/// Returns one variable for every axis but the last.
std::vector<IndexId> axis_variables(CpuNest& nest, Loop& rows) {
  if (nest.space.rank() == 2) return {rows.variable};
  std::vector<IndexId> variables;
  for (int axis = 0; axis < nest.inner_axis(); ++axis) {
    variables.push_back(nest.add_digit(rows, nest.indices.extent(axis)));
  }
  return variables;
}

void add_rows(CpuNest& nest, Block& block) {
  Loop rows = nest.parallel_loop();
  const Cursor at = nest.row(axis_variables(nest, rows));
  define(nest, at, Level::row, {}, rows.body);
  add_outputs(nest, at, {nest.number(0), nest.indices.extent(nest.inner_axis())}, rows.body);
  block.emplace_back(std::move(rows));
}

// --- Blocks with transposed inputs ---------------------------------------------------------------

/// A place in the last two axes.
struct Corner {
  IndexId row, column;
};

/// Returns local arguments for blocks of the inputs that are contiguous along the axis of rows.
std::vector<std::optional<std::uint8_t>> new_blocks(CpuNest& nest) {
  const std::int64_t side = nest.space.tile;
  std::vector<std::optional<std::uint8_t>> locals(nest.body.inputs().size());
  for (std::size_t i = 0; i < locals.size(); ++i) {
    if (!detail::is_transposed(nest.space, i)) continue;
    locals[i] = nest.new_local(nest.result.arguments[i].dtype, side * side);
  }
  return locals;
}

/// Transposes the blocks that begin at `first`. `matrix` has the positions along the other axes.
void add_transposes(CpuNest& nest, const Cursor& matrix,
                    const std::vector<std::optional<std::uint8_t>>& locals, Corner first,
                    Block& block) {
  IndexTable& indices = nest.indices;
  for (std::size_t i = 0; i < locals.size(); ++i) {
    if (!locals[i].has_value()) continue;
    const IndexId column_stride = nest.stride(i, nest.inner_axis());
    const int lanes = nest.strategy.vector_bytes / info(nest.result.arguments[i].dtype).bytes;
    block.emplace_back(
        Transpose{.argument = static_cast<std::uint8_t>(i),
                  .local = *locals[i],
                  .side = static_cast<std::uint16_t>(nest.space.tile),
                  .lanes = static_cast<std::uint16_t>(std::min(lanes, kMaxTransposeLanes)),
                  .offset = indices.add(indices.add(matrix.offsets[i], first.row),
                                        indices.mul(first.column, column_stride)),
                  .stride = column_stride,
                  .to = nest.number(0)});
  }
}

/// Adds one block. `positions` are its positions along the axes that precede the axis of rows.
/// Blocks are always whole: at the end of an axis the block begins earlier, so that it ends with
/// the axis.
void add_block(CpuNest& nest, Span rows, Span columns, std::vector<IndexId> positions,
               Block& block) {
  const IndexId side = nest.number(nest.space.tile);
  const auto whole = [&](IndexId from, int axis) {
    return nest.indices.min(from, nest.indices.sub(nest.indices.extent(axis), side));
  };
  const Corner first{whole(rows.from, nest.inner_axis() - 1),
                     whole(columns.from, nest.inner_axis())};
  const auto locals = new_blocks(nest);
  add_transposes(nest, nest.row(positions), locals, first, block);

  Loop serial = nest.serial_loop(rows);
  positions.push_back(serial.variable);
  Cursor at = nest.row(std::move(positions));
  const IndexId in_block = nest.indices.sub(serial.variable, first.row);
  at.transposed = {locals, nest.indices.mul(in_block, side), first.column};
  define(nest, at, Level::row, {}, serial.body);
  add_outputs(nest, at, columns, serial.body);
  block.emplace_back(std::move(serial));
}

/// Adds the parallel loop over strips of blocks, one below another. A strip reads whole pages of
/// the inputs that it transposes, and the next strip continues in the pages that this one wrote.
void add_strips(CpuNest& nest, Block& block) {
  IndexTable& indices = nest.indices;
  const std::int64_t side = nest.space.tile;
  Loop strips = nest.parallel_loop();
  std::vector<IndexId> positions;
  for (int axis = 0; axis < nest.inner_axis() - 1; ++axis) {
    positions.push_back(nest.add_digit(strips, indices.extent(axis)));
  }
  const int row_axis = nest.inner_axis() - 1;
  const IndexId strip =
      nest.add_digit(strips, indices.blocks(indices.extent(row_axis), kStripRows));
  const IndexId column =
      nest.add_digit(strips, indices.blocks(indices.extent(nest.inner_axis()), side));

  const Span all{nest.number(0), indices.blocks(indices.extent(row_axis), side)};
  Loop blocks = nest.serial_loop(nest.part(all, strip, kStripRows / side));
  add_block(nest, nest.part_of_axis(row_axis, blocks.variable, side),
            nest.part_of_axis(nest.inner_axis(), column, side), std::move(positions), blocks.body);
  strips.body.emplace_back(std::move(blocks));
  block.emplace_back(std::move(strips));
}

LoopNest schedule_elementwise(CpuNest nest) {
  define(nest, nest.row({}), Level::nest, {}, nest.result.body);
  if (nest.space.rank() == 1)
    add_outputs(nest, nest.row({}), {nest.indices.begin(), nest.indices.end()}, nest.result.body);
  else if (nest.space.tile > 0)
    add_strips(nest, nest.result.body);
  else
    add_rows(nest, nest.result.body);
  return nest.take();
}

}  // namespace

LoopNest schedule_cpu(const Graph& body, const LoopSpace& space, const Target& target,
                      const ScheduleOptions& options) try {
  const detail::FloatEnvironment environment;
  detail::Placement placement = detail::place(body, space);
  if (space.product) {
    return detail::schedule_product(body, space, std::move(placement), target, options);
  }
  detail::CpuStrategy strategy = detail::choose_strategy(body, space, placement, target, options);
  CpuNest nest(body, space, std::move(placement), std::move(strategy));
  return space.reduced > 0 ? detail::schedule_reduction(std::move(nest))
                           : schedule_elementwise(std::move(nest));
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
