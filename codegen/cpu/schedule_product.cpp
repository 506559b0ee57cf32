// Kernels with a product, in the order of operations that ir/product.h fixes.
//
// A unit of work is a block of the result. K is split into depths that fit the cache. For each
// depth the column operand is packed, with the columns of a tile next to each other, and the row
// operand is staged for one row of tiles at a time. A tile has one accumulator in registers for
// each element. The epilogue follows the last depth: on these registers, or on the block in local
// memory. Reductions over rows of the block follow row by row. Those over its columns, or over the
// whole block, exist only if the result is a single block.
#include "cpu/schedule_product.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "cpu/product_strategy.h"
#include "cpu/reductions.h"
#include "schedule/block_reductions.h"
#include "schedule/product_sides.h"

namespace sinter::detail {
namespace {

class ProductScheduler {
 public:
  ProductScheduler(CpuNest nest, std::vector<Level> staging_levels, ProductSides sides,
                   ProductStrategy product)
      : nest_(std::move(nest)),
        staging_levels_(std::move(staging_levels)),
        sides_(std::move(sides)),
        product_(product),
        reductions_(nest_.body),
        over_rows_(reductions_over(Reduces::rows, {nest_.inner_axis(), 1, 0})),
        over_columns_(reductions_over(Reduces::columns, {nest_.inner_axis() - 1, 1, 1})),
        over_all_(reductions_over(Reduces::all, {nest_.inner_axis() - 1, 2, 0})),
        dtype_(nest_.body.node(sides_.dot).dtype) {}
  [[nodiscard]] LoopNest build() &&;

 private:
  [[nodiscard]] std::int64_t tile_width() const {
    return std::int64_t{nest_.strategy.lanes} * product_.vectors;
  }
  [[nodiscard]] IndexId number(std::int64_t value) { return nest_.number(value); }

  // Definitions.
  [[nodiscard]] std::vector<IndexId> positions(IndexId summed, IndexId row) const;
  [[nodiscard]] Cursor row(IndexId summed, IndexId row);
  [[nodiscard]] Cursor staged_row(IndexId summed, IndexId row);
  void define_side(const Cursor& at, const std::vector<bool>& side, Level level, IndexId place,
                   Block& block);

  // The operands.
  [[nodiscard]] IndexId packed_place(Span depth, IndexId column, IndexId summed, IndexId panel);
  void pack_elements(Span depth, Span part, Block& block);
  void pack_transposed(Span depth, Block& block);
  [[nodiscard]] IndexId staged_place(Span depth, IndexId row, IndexId summed);
  void clear_staged(Block& block);
  void stage(Span depth, IndexId tile_row, Block& block);
  void stage_rows(Span depth, IndexId tile_row, Block& block);

  // The tiles.
  /// Appends the statements for the columns from `place` on; `panel` is the first column of their
  /// panel.
  using TileBody = std::function<void(IndexId place, IndexId panel, Block& block)>;
  void add_columns(const TileBody& body, Block& block);
  void add_tile(Span depth, IndexId tile_row, IndexId column, IndexId panel, Block& block);
  void finish_tile(const Values& totals, IndexId tile_row, IndexId column, Block& block);
  void add_depth(Span depth, Block& block);
  void clear_sums(Block& block);
  void add_outputs(const OutputList& outputs, Block& block);

  // Reductions in the epilogue.
  [[nodiscard]] OutputList outputs_of(std::optional<Reduces> what, bool reduced) const;
  [[nodiscard]] ReductionPasses reductions_over(Reduces what, ReducedAxes axes) const;
  void add_reductions(Block& block);
  void add_reduced_rows(Block& block);

  [[nodiscard]] Loop units();
  void add_locals();

  CpuNest nest_;
  /// [node] levels while the row operand is staged, see staging_levels().
  const std::vector<Level> staging_levels_;
  const ProductSides sides_;
  const ProductStrategy product_;
  const BlockReductions reductions_;
  const ReductionPasses over_rows_, over_columns_, over_all_;
  const DType dtype_;
  std::vector<IndexId> batch_;  // positions along the batch axes
  Span rows_, columns_;         // of the unit of work: parts of M and N
  ValueId zero_;
  std::uint8_t packed_ = 0;       // local argument of the packed column operand
  std::uint8_t staged_ = 0;       // local argument of the staged row operand
  std::int64_t staged_step_ = 0;  // elements from a row (or k) of the staged operand to the next
};

// --- Definitions ---------------------------------------------------------------------------------

std::vector<IndexId> ProductScheduler::positions(IndexId summed, IndexId row) const {
  std::vector<IndexId> positions{summed};
  positions.insert(positions.end(), batch_.begin(), batch_.end());
  positions.push_back(row);
  return positions;
}

/// Returns the row of M, with lanes along N.
Cursor ProductScheduler::row(IndexId summed, IndexId row) {
  return nest_.row(positions(summed, row));
}

/// Returns the row of the row operand, with lanes along the axis along which it is staged.
Cursor ProductScheduler::staged_row(IndexId summed, IndexId row) {
  const int lane_axis = product_.rows_contiguous ? nest_.rows_axis() : CpuNest::kSummedAxis;
  return nest_.row(positions(summed, row), lane_axis, staging_levels_);
}

void ProductScheduler::define_side(const Cursor& at, const std::vector<bool>& side, Level level,
                                   IndexId place, Block& block) {
  const auto wanted = [&](NodeId node) {
    return side[node.index] && node != sides_.dot && at.level(node) == level;
  };
  nest_.define(at, wanted, place, block);
}

// --- The column operand --------------------------------------------------------------------------

/// Panels of a tile's width lie one after another. A panel has one row for each k of a depth, with
/// one element for each column of the tile.
IndexId ProductScheduler::packed_place(Span depth, IndexId column, IndexId summed, IndexId panel) {
  IndexTable& indices = nest_.indices;
  const IndexId first = indices.mul(indices.sub(panel, columns_.from), number(product_.depth));
  const IndexId row = indices.mul(indices.sub(summed, depth.from), number(tile_width()));
  return indices.add(indices.add(first, indices.sub(column, panel)), row);
}

/// Packs a part of a depth.
void ProductScheduler::pack_elements(Span depth, Span part, Block& block) {
  Loop summed = nest_.serial_loop(part);
  const Cursor at = row(summed.variable, rows_.from);
  define_side(at, sides_.columns, Level::row, {}, summed.body);
  const auto body = [&](IndexId place, IndexId panel, Block& inner) {
    define_side(at, sides_.columns, Level::lane, place, inner);
    CpuNest::store_local(packed_, packed_place(depth, place, summed.variable, panel),
                         nest_.value_of(sides_.column_operand), inner, true);
  };
  add_columns(body, summed.body);
  block.emplace_back(std::move(summed));
}

/// Transposes whole square blocks in registers. Ordinary loads and stores copy the remaining k and
/// columns.
void ProductScheduler::pack_transposed(Span depth, Block& block) {
  IndexTable& indices = nest_.indices;
  const auto input = static_cast<std::size_t>(nest_.body.node(sides_.column_operand).payload);
  const std::int64_t side = tile_width();
  const IndexId whole =
      indices.add(depth.from, indices.round_down(indices.sub(depth.to, depth.from), side));
  const IndexId zero = number(0);
  const Span panels{zero, indices.div(indices.sub(columns_.to, columns_.from), number(side))};
  Loop panel = nest_.serial_loop(panels);
  Loop blocks =
      nest_.serial_loop({zero, indices.div(indices.sub(whole, depth.from), number(side))});
  const IndexId column = indices.add(columns_.from, indices.mul(panel.variable, number(side)));
  const IndexId summed = indices.add(depth.from, indices.mul(blocks.variable, number(side)));
  blocks.body.emplace_back(Transpose{.argument = static_cast<std::uint8_t>(input),
                                     .local = packed_,
                                     .side = static_cast<std::uint16_t>(side),
                                     .lanes = static_cast<std::uint16_t>(nest_.strategy.lanes),
                                     .offset = nest_.offset(row(summed, rows_.from), input, column),
                                     .stride = nest_.stride(input, nest_.columns_axis()),
                                     .to = packed_place(depth, column, summed, column)});
  panel.body.emplace_back(std::move(blocks));
  block.emplace_back(std::move(panel));
  pack_elements(depth, {whole, depth.to}, block);

  const IndexId rest = indices.add(columns_.from, indices.mul(panels.to, number(side)));
  Loop remaining = nest_.serial_loop({depth.from, whole});
  const Cursor at = row(remaining.variable, rows_.from);
  const auto element = [&](IndexId place, bool, Block& inner) {
    define_side(at, sides_.columns, Level::lane, place, inner);
    CpuNest::store_local(packed_, packed_place(depth, place, remaining.variable, rest),
                         nest_.value_of(sides_.column_operand), inner);
  };
  nest_.add_elements({rest, columns_.to}, element, remaining.body);
  block.emplace_back(std::move(remaining));
}

// --- The row operand -----------------------------------------------------------------------------

IndexId ProductScheduler::staged_place(Span depth, IndexId row, IndexId summed) {
  IndexTable& indices = nest_.indices;
  const IndexId place = indices.sub(summed, depth.from);
  const IndexId step = number(staged_step_);
  return product_.rows_contiguous ? indices.add(indices.mul(place, step), row)
                                  : indices.add(place, indices.mul(row, step));
}

/// Fills the staged operand with zeros, because stage_rows does not write the rows of a tile beyond
/// the last row of the result.
void ProductScheduler::clear_staged(Block& block) {
  const std::int64_t elements = nest_.result.arguments[staged_].local;
  const auto element = [&](IndexId place, bool, Block& inner) {
    CpuNest::store_local(staged_, place, zero_, inner);
  };
  nest_.add_elements({number(0), number(elements)}, element, block);
}

/// Stages the row operand of a row of tiles for one depth.
void ProductScheduler::stage(Span depth, IndexId tile_row, Block& block) {
  if (product_.rows_contiguous) return stage_rows(depth, tile_row, block);
  IndexTable& indices = nest_.indices;
  Loop rows = nest_.serial_loop({number(0), number(product_.rows)});
  const IndexId last = indices.sub(rows_.to, number(1));
  const Cursor at = staged_row(number(0), indices.min(indices.add(tile_row, rows.variable), last));
  define_side(at, sides_.rows, Level::row, {}, rows.body);
  const auto element = [&](IndexId place, bool, Block& inner) {
    define_side(at, sides_.rows, Level::lane, place, inner);
    CpuNest::store_local(staged_, staged_place(depth, rows.variable, place),
                         nest_.value_of(sides_.row_operand), inner);
  };
  nest_.add_elements(depth, element, rows.body);
  block.emplace_back(std::move(rows));
}

void ProductScheduler::stage_rows(Span depth, IndexId tile_row, Block& block) {
  IndexTable& indices = nest_.indices;
  Loop summed = nest_.serial_loop(depth);
  const Cursor at = staged_row(summed.variable, number(0));
  define_side(at, sides_.rows, Level::row, {}, summed.body);
  const auto element = [&](IndexId place, bool, Block& inner) {
    define_side(at, sides_.rows, Level::lane, place, inner);
    const IndexId in_tile = indices.sub(place, tile_row);
    CpuNest::store_local(staged_, staged_place(depth, in_tile, summed.variable),
                         nest_.value_of(sides_.row_operand), inner);
  };
  const IndexId end = indices.min(indices.add(tile_row, number(product_.rows)), rows_.to);
  nest_.add_elements({tile_row, end}, element, summed.body);
  block.emplace_back(std::move(summed));
}

// --- Tiles ---------------------------------------------------------------------------------------

/// Appends loops over the columns of the block: whole tiles, then one masked tile. Without masks:
/// whole tiles, whole vectors, then single columns.
void ProductScheduler::add_columns(const TileBody& body, Block& block) {
  const int lanes = nest_.strategy.lanes;
  const auto [from, to] = columns_;
  IndexId at = from;
  IndexId panel;
  const auto whole = [&](std::int64_t step) {
    return nest_.indices.add(at, nest_.indices.round_down(nest_.indices.sub(to, at), step));
  };
  const auto add = [&](Loop loop) {
    body(loop.variable, panel, loop.body);
    at = loop.to;
    block.emplace_back(std::move(loop));
  };
  Loop tiles = nest_.vector_loop({at, whole(tile_width())}, lanes, product_.vectors);
  panel = tiles.variable;
  add(std::move(tiles));
  panel = at;
  if (product_.masks) {
    Loop edge = nest_.vector_loop({at, to}, lanes, product_.vectors);
    edge.masked = true;
    edge.once = true;
    return add(std::move(edge));
  }
  if (product_.vectors > 1) add(nest_.vector_loop({at, whole(lanes)}, lanes, 1));
  add(nest_.vector_loop({at, to}, 1, 1));
}

/// Appends the loop over a depth that accumulates one tile, and what follows it.
void ProductScheduler::add_tile(Span depth, IndexId tile_row, IndexId column, IndexId panel,
                                Block& block) {
  Loop summed = nest_.serial_loop(depth);
  for (std::int64_t row = 0; row < product_.rows; ++row) {
    ValueId first = zero_;
    if (product_.several_depths) {
      const IndexId at = nest_.indices.add(tile_row, number(row));
      first = nest_.load_local(nest_.sums->local, nest_.place_of_sum(at, column), block);
    }
    summed.carried.push_back({first, nest_.new_value(dtype_), {}, nest_.new_value(dtype_)});
  }
  ValueId column_value;
  if (product_.packed) {
    const IndexId place = packed_place(depth, column, summed.variable, panel);
    column_value = nest_.load_local(packed_, place, summed.body);
  } else {
    const Cursor at = row(summed.variable, rows_.from);
    define_side(at, sides_.columns, Level::row, {}, summed.body);
    define_side(at, sides_.columns, Level::lane, column, summed.body);
    column_value = nest_.value_of(sides_.column_operand);
  }
  Values totals;
  for (std::int64_t row = 0; row < product_.rows; ++row) {
    Carry& carry = summed.carried[static_cast<std::size_t>(row)];
    const ValueId row_value = nest_.new_value(dtype_);
    summed.body.emplace_back(Load{.result = row_value,
                                  .argument = staged_,
                                  .lanes = LaneStride::uniform,
                                  .offset = staged_place(depth, number(row), summed.variable),
                                  .lane_stride = {}});
    carry.next = nest_.new_value(dtype_);
    summed.body.emplace_back(
        Compute{carry.next, Op::fma, 3, {row_value, column_value, carry.value}, 0});
    totals.push_back(carry.result);
  }
  block.emplace_back(std::move(summed));
  finish_tile(totals, tile_row, column, block);
}

/// Computes the epilogue of a tile in registers, except for rows beyond the last row of the result.
/// If the epilogue is computed on local memory, stores the sums of all rows there instead.
void ProductScheduler::finish_tile(const Values& totals, IndexId tile_row, IndexId column,
                                   Block& block) {
  IndexTable& indices = nest_.indices;
  for (std::size_t i = 0; i < totals.size(); ++i) {
    const IndexId place = indices.add(tile_row, number(static_cast<std::int64_t>(i)));
    if (!product_.in_registers) {
      CpuNest::store_local(nest_.sums->local, nest_.place_of_sum(place, column), totals[i], block,
                           true);
      continue;
    }
    const IndexId end = indices.min(indices.add(place, number(1)), rows_.to);
    Loop guard = nest_.serial_loop({indices.min(place, rows_.to), end});
    guard.once = true;
    const Cursor at = row(number(0), place);
    nest_.values[sides_.dot.index] = totals[i];
    define_side(at, sides_.after, Level::row, {}, guard.body);
    define_side(at, sides_.after, Level::lane, column, guard.body);
    nest_.store_outputs(at, false, column, guard.body);
    block.emplace_back(std::move(guard));
  }
}

void ProductScheduler::add_depth(Span depth, Block& block) {
  IndexTable& indices = nest_.indices;
  if (product_.packed && product_.transposed) pack_transposed(depth, block);
  if (product_.packed && !product_.transposed) pack_elements(depth, depth, block);
  const IndexId rows = indices.sub(rows_.to, rows_.from);
  const IndexId size = number(product_.rows);
  const IndexId count = indices.div(indices.add(rows, number(product_.rows - 1)), size);
  Loop tiles = nest_.serial_loop({number(0), count});
  const IndexId tile_row = indices.add(rows_.from, indices.mul(tiles.variable, size));
  stage(depth, tile_row, tiles.body);
  const auto tile = [&](IndexId column, IndexId panel, Block& inner) {
    add_tile(depth, tile_row, column, panel, inner);
  };
  add_columns(tile, tiles.body);
  block.emplace_back(std::move(tiles));
}

// --- The epilogue --------------------------------------------------------------------------------

void ProductScheduler::clear_sums(Block& block) {
  Loop rows = nest_.serial_loop({number(0), number(kProductRows)});
  const IndexId first = nest_.indices.mul(rows.variable, number(nest_.sums->columns));
  const IndexId columns = nest_.indices.sub(columns_.to, columns_.from);
  const auto element = [&](IndexId place, bool, Block& inner) {
    CpuNest::store_local(nest_.sums->local, nest_.indices.add(first, place), zero_, inner);
  };
  nest_.add_elements({number(0), columns}, element, rows.body);
  block.emplace_back(std::move(rows));
}

void ProductScheduler::add_outputs(const OutputList& outputs, Block& block) {
  if (outputs.empty()) return;
  const std::vector<bool> wanted = over_rows_.cone(nodes_of(nest_.body, outputs));
  Loop rows = nest_.serial_loop(rows_);
  const Cursor at = row(number(0), rows.variable);
  rematerialise(nest_, at, wanted, Level::row, {}, rows.body);
  const auto element = [&](IndexId place, bool streaming, Block& inner) {
    rematerialise(nest_, at, wanted, Level::lane, place, inner);
    for (std::size_t i : outputs) nest_.store_output(at, i, streaming, place, inner);
  };
  nest_.add_output_elements(at, columns_, element, rows.body);
  block.emplace_back(std::move(rows));
}

// --- Reductions in the epilogue ------------------------------------------------------------------

ReductionPasses ProductScheduler::reductions_over(Reduces what, ReducedAxes axes) const {
  const auto only = [this, what](NodeId node) { return reductions_.of(node) == what; };
  const std::int64_t lanes = std::int64_t{4} * nest_.strategy.lanes;
  return {nest_.body, nest_.space, nest_.placement, lanes, axes, only};
}

/// Returns outputs that follow the reductions of kind `what`, or no reduction if `what` is empty.
/// If `reduced`, these are the outputs with one element for each result of the reductions, else the
/// other outputs. An output that broadcasts the result of a row along the row is one of the others.
OutputList ProductScheduler::outputs_of(std::optional<Reduces> what, bool reduced) const {
  OutputList outputs;
  for (std::size_t i = 0; i < nest_.body.outputs().size(); ++i) {
    const NodeId node = nest_.placement.value(nest_.body.outputs()[i].node);
    const bool alone = nest_.placement.level(node) != Level::lane && over_rows_.is_row_output(i);
    const bool is_reduced = what == Reduces::columns || alone;
    if (reductions_.of(node) == what && is_reduced == reduced) outputs.push_back(i);
  }
  return outputs;
}

/// Appends a loop over the rows that reduces each row and then stores the outputs of the row.
void ProductScheduler::add_reduced_rows(Block& block) {
  Loop rows = nest_.serial_loop(rows_);
  const Unit unit{.over = over_rows_, .outer = {number(0), rows.variable}, .inner = {}};
  KeptRows kept = choose_kept_rows(nest_, unit);
  for (const ReductionPass& pass : over_rows_.passes()) {
    add_pass(nest_, unit, pass, kept, rows.body);
  }
  OutputList whole = outputs_of(Reduces::rows, false);
  const OutputList others = outputs_of(std::nullopt, false);
  whole.insert(whole.end(), others.begin(), others.end());
  add_row_outputs(nest_, unit, kept, outputs_of(Reduces::rows, true), whole, rows.body);
  block.emplace_back(std::move(rows));
}

/// An output may be the same memory as an input. So reductions over columns and over the whole
/// block load their operands before the first output is stored.
void ProductScheduler::add_reductions(Block& block) {
  const auto block_unit = [&](const ReductionPasses& over) {
    return Unit{.over = over, .outer = {number(0)}, .inner = {}, .group = Level::row};
  };
  const Unit by_columns = block_unit(over_columns_);
  const Unit whole = block_unit(over_all_);
  const ReductionPass columns = over_columns_.column_pass();
  Locals sums;
  if (!columns.reductions.empty()) {
    sums = new_locals(nest_, columns, nest_.space.column_block);
    add_column_sums(nest_, by_columns, columns, columns_, sums, block);
  }
  KeptRows none;
  for (const ReductionPass& pass : over_all_.passes()) add_pass(nest_, whole, pass, none, block);
  if (over_rows_.passes().empty())
    add_outputs(outputs_of(std::nullopt, false), block);
  else
    add_reduced_rows(block);
  if (!columns.reductions.empty()) {
    add_column_outputs(nest_, by_columns, columns, sums, columns_,
                       outputs_of(Reduces::columns, true), block);
  }
  add_row_outputs(nest_, whole, none, outputs_of(Reduces::all, true), {}, block);
}

// --- The whole nest ------------------------------------------------------------------------------

/// Returns the loop over units of work, and sets their places.
Loop ProductScheduler::units() {
  IndexTable& indices = nest_.indices;
  Loop units = nest_.parallel_loop();
  for (int axis = CpuNest::kSummedAxis + 1; axis < nest_.rows_axis(); ++axis) {
    batch_.push_back(nest_.add_digit(units, indices.extent(axis)));
  }
  const IndexId row_blocks =
      indices.div(indices.add(indices.extent(nest_.rows_axis()), number(kProductRows - 1)),
                  number(kProductRows));
  rows_ = nest_.part_of_axis(nest_.rows_axis(), nest_.add_digit(units, row_blocks), kProductRows);
  const std::int64_t block = nest_.space.column_block;
  const IndexId column_blocks = indices.blocks(indices.extent(nest_.columns_axis()), block);
  columns_ = nest_.part_of_axis(nest_.columns_axis(), nest_.add_digit(units, column_blocks), block);
  return units;
}

/// Adds the local arguments of a unit of work.
void ProductScheduler::add_locals() {
  const std::int64_t block = nest_.space.column_block;
  const std::int64_t pad = nest_.strategy.vector_bytes / info(dtype_).bytes;
  staged_step_ = product_.rows_contiguous ? product_.rows : product_.depth + pad;
  const std::int64_t steps = product_.rows_contiguous ? product_.depth : product_.rows;
  staged_ = nest_.new_local(dtype_, steps * staged_step_);
  if (product_.packed) packed_ = nest_.new_local(dtype_, product_.depth * block);
  if (product_.in_registers) return;
  nest_.sums = BlockSums{.local = nest_.new_local(dtype_, kProductRows * block),
                         .first_row = rows_.from,
                         .first_column = columns_.from,
                         .columns = block};
}

LoopNest ProductScheduler::build() && {
  Block& block = nest_.result.body;
  const auto shared = [this](NodeId node) { return nest_.placement.level(node) == Level::nest; };
  nest_.define(nest_.row({}), shared, {}, block);
  define_identities(nest_, block);
  zero_ = nest_.new_value(dtype_);
  block.emplace_back(Compute{zero_, Op::constant, 0, {}, 0});

  Loop units = this->units();
  add_locals();
  if (product_.rows_contiguous) clear_staged(units.body);
  const Span all{number(0), nest_.indices.extent(CpuNest::kSummedAxis)};
  if (product_.several_depths) {
    clear_sums(units.body);
    Loop depths = nest_.serial_loop({number(0), nest_.indices.blocks(all.to, product_.depth)});
    add_depth(nest_.part(all, depths.variable, product_.depth), depths.body);
    units.body.emplace_back(std::move(depths));
  } else {
    add_depth(all, units.body);
  }
  if (reductions_.any())
    add_reductions(units.body);
  else if (!product_.in_registers)
    add_outputs(outputs_of(std::nullopt, false), units.body);
  block.emplace_back(std::move(units));
  return nest_.take();
}

/// Returns [node] how often a value changes while the row operand is staged, with lanes along M or
/// K. A value that the epilogue uses too has another level there, with lanes along N.
std::vector<Level> staging_levels(const Graph& body, const LoopSpace& space,
                                  const ProductSides& sides, const ProductStrategy& product,
                                  const Placement& placement) {
  std::vector<Level> levels = placement.levels;
  const int rows_axis = space.rank() - 2;
  const int lane_axis = product.rows_contiguous ? rows_axis : 0;
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    if (!sides.rows[i] || levels[i] == Level::nest) continue;
    const Node& node = body.node({i});
    Level level = Level::row;
    for (NodeId operand : node.inputs()) {
      level = std::max(level, levels[placement.value(operand).index]);
    }
    const bool walked = node.op == Op::input || node.op == Op::iota;
    if (walked && stride_class(space, placement.walks[i], lane_axis) != LaneStride::uniform) {
      level = Level::lane;
    }
    levels[i] = level;
  }
  return levels;
}

/// Returns the placement of the epilogue alone: the values from which the operands are computed do
/// not count as values of a lane.
Placement epilogue_placement(const Graph& body, const ProductSides& sides, Placement placement) {
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    const bool before = sides.rows[i] || sides.columns[i];
    if (before && placement.levels[i] != Level::nest) placement.levels[i] = Level::row;
  }
  return placement;
}

}  // namespace

LoopNest schedule_product(const Graph& body, const LoopSpace& space, Placement placement,
                          const Target& target, const ScheduleOptions& options) {
  ProductSides sides = product_sides(body, space, placement);
  const Placement after = epilogue_placement(body, sides, placement);
  CpuStrategy strategy = choose_strategy(body, space, after, target, options);
  const ProductStrategy product =
      choose_product_strategy(body, space, after, sides, target, strategy.lanes, strategy.masks);
  std::vector<Level> staging = staging_levels(body, space, sides, product, placement);
  return ProductScheduler({body, space, std::move(placement), std::move(strategy)},
                          std::move(staging), std::move(sides), product)
      .build();
}

}  // namespace sinter::detail
