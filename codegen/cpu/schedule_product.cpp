// Kernels with a product, in the order of operations that ir/product.h fixes.
//
// A unit of work is a block of the result. K is split into depths that fit the cache. For each
// depth the column operand is packed, with the columns of a tile next to each other, and the row
// operand is staged for one row of tiles at a time. A tile has one accumulator in registers for
// each element. The epilogue follows the last depth: on these registers, or on the block in local
// memory. Reductions over rows of the block follow row by row. Those over its columns, or over the
// whole block, exist only if the result is a single block.
#include "cpu/schedule_product.h"

#include <functional>
#include <utility>
#include <vector>

#include "cpu/product_strategy.h"
#include "cpu/reductions.h"
#include "schedule/block_reductions.h"
#include "schedule/product_sides.h"

namespace sinter::detail {
namespace {

class ProductScheduler : ReductionBuilder {
 public:
  ProductScheduler(const Graph& body, const LoopSpace& space, Placement placement, Placement rows,
                   CpuStrategy strategy, ProductSides sides, ProductStrategy product)
      : ReductionBuilder(body, space, std::move(placement), std::move(strategy)),
        other_placement_(std::move(rows)),
        sides_(std::move(sides)),
        product_(product),
        reductions_(body),
        over_rows_(reductions_over(Reduces::rows, {inner_axis(), 1, 0})),
        over_columns_(reductions_over(Reduces::columns, {inner_axis() - 1, 1, 1})),
        over_all_(reductions_over(Reduces::all, {inner_axis() - 1, 2, 0})),
        dtype_(body.node(sides_.dot).dtype) {}
  [[nodiscard]] LoopNest build();

 private:
  [[nodiscard]] std::int64_t tile_width() const {
    return std::int64_t{strategy_.lanes} * product_.vectors;
  }
  [[nodiscard]] ValueId value_of(NodeId node) const { return values_[node.index]; }

  // Definitions.
  void set_position(IndexId summed, IndexId row);
  void define_side(const std::vector<bool>& side, Level level, IndexId place, Block& block);
  void switch_lane_axis(int lane_axis);

  // The operands.
  [[nodiscard]] IndexId packed_place(IndexId column, IndexId summed, IndexId panel);
  void pack(Block& block);
  void pack_elements(Span depth, Block& block);
  void pack_transposed(Block& block);
  [[nodiscard]] IndexId staged_place(IndexId row, IndexId summed);
  void clear_staged(Block& block);
  void stage(Block& block);
  void stage_rows(Block& block);

  // The tiles.
  /// Appends the statements for the columns from `place` on; `panel` is the first column of their
  /// panel.
  using ColumnBody = std::function<void(IndexId place, IndexId panel, Block& block)>;
  void add_columns(const ColumnBody& body, Block& block);
  void add_tile(IndexId column, IndexId panel, Block& block);
  [[nodiscard]] IndexId total_place(IndexId row, IndexId column);
  void finish_tile(const std::vector<ValueId>& totals, IndexId column, Block& block);
  void add_depth(Span depth, Block& block);
  void clear_totals(Block& block);
  void add_outputs(const Outputs& outputs, Block& block);

  // Reductions in the epilogue.
  [[nodiscard]] Outputs outputs_of(std::optional<Reduces> what, bool reduced) const;
  [[nodiscard]] ReductionPasses reductions_over(Reduces what, ReducedAxes axes) const;
  void reload_totals();
  void add_reductions(Block& block);
  void add_reduced_rows(Block& block);

  /// The placement for staging the row operand; while that operand is staged, the placement for
  /// everything else.
  Placement other_placement_;
  const ProductSides sides_;
  const ProductStrategy product_;
  const BlockReductions reductions_;
  const ReductionPasses over_rows_, over_columns_, over_all_;
  const DType dtype_;
  std::vector<IndexId> batch_;           // positions along the batch axes
  Span rows_of_unit_, columns_, depth_;  // parts of M, N and K
  IndexId tile_row_;                     // first row of the tile
  ValueId zero_;
  std::uint8_t packed_ = 0;       // local argument of the packed column operand
  std::uint8_t staged_ = 0;       // local argument of the staged row operand
  std::uint8_t totals_ = 0;       // local argument of the sums of the block
  std::int64_t staged_step_ = 0;  // elements from a row (or k) of the staged operand to the next
};

// --- Definitions ---------------------------------------------------------------------------------

void ProductScheduler::set_position(IndexId summed, IndexId row) {
  std::vector<IndexId> positions{summed};
  positions.insert(positions.end(), batch_.begin(), batch_.end());
  positions.push_back(row);
  positions.push_back(number(0));
  if (lane_axis_ == columns_axis()) positions.pop_back();
  set_row(positions);
}

void ProductScheduler::define_side(const std::vector<bool>& side, Level level, IndexId place,
                                   Block& block) {
  define(
      [&](NodeId node) {
        return side[node.index] && node != sides_.dot && placement_.level(node) == level;
      },
      place, block);
}

// --- The column operand --------------------------------------------------------------------------

/// Panels of a tile's width lie one after another. A panel has one row for each k of a depth, with
/// one element for each column of the tile.
IndexId ProductScheduler::packed_place(IndexId column, IndexId summed, IndexId panel) {
  const IndexId first = indices_.mul(indices_.sub(panel, columns_.from), number(product_.depth));
  const IndexId row = indices_.mul(indices_.sub(summed, depth_.from), number(tile_width()));
  return indices_.add(indices_.add(first, indices_.sub(column, panel)), row);
}

void ProductScheduler::pack_elements(Span depth, Block& block) {
  Loop summed = serial_loop(depth);
  set_position(summed.variable, rows_of_unit_.from);
  define_side(sides_.columns, Level::row, {}, summed.body);
  add_columns(
      [&](IndexId place, IndexId panel, Block& inner) {
        define_side(sides_.columns, Level::lane, place, inner);
        store_local(packed_, packed_place(place, summed.variable, panel),
                    value_of(sides_.column_operand), inner, true);
      },
      summed.body);
  block.emplace_back(std::move(summed));
}

/// Transposes whole square blocks in registers. Ordinary loads and stores copy the remaining k and
/// columns.
void ProductScheduler::pack_transposed(Block& block) {
  const auto input = static_cast<std::size_t>(body_.node(sides_.column_operand).payload);
  const std::int64_t side = tile_width();
  const IndexId whole =
      indices_.add(depth_.from, indices_.round_down(indices_.sub(depth_.to, depth_.from), side));
  const IndexId zero = number(0);
  const Span panels{zero, indices_.div(indices_.sub(columns_.to, columns_.from), number(side))};
  Loop panel = serial_loop(panels);
  Loop blocks = serial_loop({zero, indices_.div(indices_.sub(whole, depth_.from), number(side))});
  const IndexId column = indices_.add(columns_.from, indices_.mul(panel.variable, number(side)));
  const IndexId summed = indices_.add(depth_.from, indices_.mul(blocks.variable, number(side)));
  set_position(summed, rows_of_unit_.from);
  blocks.body.emplace_back(Transpose{.argument = static_cast<std::uint8_t>(input),
                                     .local = packed_,
                                     .side = static_cast<std::uint16_t>(side),
                                     .lanes = static_cast<std::uint16_t>(strategy_.lanes),
                                     .offset = offset(input, column),
                                     .stride = stride(input, columns_axis()),
                                     .to = packed_place(column, summed, column)});
  panel.body.emplace_back(std::move(blocks));
  block.emplace_back(std::move(panel));
  pack_elements({whole, depth_.to}, block);
  const IndexId rest = indices_.add(columns_.from, indices_.mul(panels.to, number(side)));
  Loop remaining = serial_loop({depth_.from, whole});
  set_position(remaining.variable, rows_of_unit_.from);
  add_elements(
      {rest, columns_.to},
      [&](IndexId place, bool, Block& inner) {
        define_side(sides_.columns, Level::lane, place, inner);
        store_local(packed_, packed_place(place, remaining.variable, rest),
                    value_of(sides_.column_operand), inner);
      },
      false, remaining.body);
  block.emplace_back(std::move(remaining));
}

void ProductScheduler::pack(Block& block) {
  if (product_.transposed)
    pack_transposed(block);
  else
    pack_elements(depth_, block);
}

// --- The row operand -----------------------------------------------------------------------------

/// Switches to the other axis of lanes and the placement for it. The lanes of the row operand lie
/// along M or K, all other lanes along N. A value that both use has a level in each placement.
void ProductScheduler::switch_lane_axis(int lane_axis) {
  lane_axis_ = lane_axis;
  std::swap(placement_, other_placement_);
}

IndexId ProductScheduler::staged_place(IndexId row, IndexId summed) {
  const IndexId place = indices_.sub(summed, depth_.from);
  if (!product_.rows_contiguous) {
    return indices_.add(place, indices_.mul(row, number(staged_step_)));
  }
  return indices_.add(indices_.mul(place, number(staged_step_)), row);
}

/// Fills the staged operand with zeros, because stage_rows does not write the rows of a tile beyond
/// the last row of the result.
void ProductScheduler::clear_staged(Block& block) {
  const std::int64_t elements = nest_.arguments[staged_].local;
  add_elements(
      {number(0), number(elements)},
      [&](IndexId place, bool, Block& inner) { store_local(staged_, place, zero_, inner); }, false,
      block);
}

void ProductScheduler::stage(Block& block) {
  if (product_.rows_contiguous) return stage_rows(block);
  switch_lane_axis(kSummedAxis);
  Loop rows = serial_loop({number(0), number(product_.rows)});
  const IndexId last = indices_.sub(rows_of_unit_.to, number(1));
  set_position(number(0), indices_.min(indices_.add(tile_row_, rows.variable), last));
  define_side(sides_.rows, Level::row, {}, rows.body);
  add_elements(
      depth_,
      [&](IndexId place, bool, Block& inner) {
        define_side(sides_.rows, Level::lane, place, inner);
        store_local(staged_, staged_place(rows.variable, place), value_of(sides_.row_operand),
                    inner);
      },
      false, rows.body);
  switch_lane_axis(columns_axis());
  block.emplace_back(std::move(rows));
}

void ProductScheduler::stage_rows(Block& block) {
  switch_lane_axis(rows_axis());
  Loop summed = serial_loop(depth_);
  set_position(summed.variable, number(0));
  define_side(sides_.rows, Level::row, {}, summed.body);
  const Span rows{tile_row_,
                  indices_.min(indices_.add(tile_row_, number(product_.rows)), rows_of_unit_.to)};
  add_elements(
      rows,
      [&](IndexId place, bool, Block& inner) {
        define_side(sides_.rows, Level::lane, place, inner);
        const IndexId row = indices_.sub(place, tile_row_);
        store_local(staged_, staged_place(row, summed.variable), value_of(sides_.row_operand),
                    inner);
      },
      false, summed.body);
  switch_lane_axis(columns_axis());
  block.emplace_back(std::move(summed));
}

// --- Tiles ---------------------------------------------------------------------------------------

/// Appends loops over the columns of the block: whole tiles, then one masked tile. Without masks:
/// whole tiles, whole vectors, then single columns.
void ProductScheduler::add_columns(const ColumnBody& body, Block& block) {
  const auto [from, to] = columns_;
  const auto whole = [&](IndexId begin, std::int64_t step) {
    return indices_.add(begin, indices_.round_down(indices_.sub(to, begin), step));
  };
  IndexId at = from;
  IndexId panel;
  const auto add = [&](Loop loop) {
    body(loop.variable, panel, loop.body);
    at = loop.to;
    block.emplace_back(std::move(loop));
  };
  Loop tiles = vector_loop({at, whole(at, tile_width())}, strategy_.lanes, product_.vectors);
  panel = tiles.variable;
  add(std::move(tiles));
  panel = at;
  if (product_.masks) {
    Loop edge = vector_loop({at, to}, strategy_.lanes, product_.vectors);
    edge.masked = true;
    edge.once = true;
    return add(std::move(edge));
  }
  if (product_.vectors > 1) add(vector_loop({at, whole(at, strategy_.lanes)}, strategy_.lanes, 1));
  add(vector_loop({at, to}, 1, 1));
}

IndexId ProductScheduler::total_place(IndexId row, IndexId column) {
  const IndexId in_unit = indices_.sub(row, rows_of_unit_.from);
  const IndexId first = indices_.mul(in_unit, number(space_.column_block));
  return indices_.add(first, indices_.sub(column, columns_.from));
}

void ProductScheduler::add_tile(IndexId column, IndexId panel, Block& block) {
  Loop summed = serial_loop(depth_);
  for (std::int64_t row = 0; row < product_.rows; ++row) {
    ValueId first = zero_;
    if (product_.several_depths) {
      first = load_local(totals_, total_place(indices_.add(tile_row_, number(row)), column), block);
    }
    summed.carried.push_back({first, new_value(dtype_), {}, new_value(dtype_)});
  }
  ValueId column_value;
  if (product_.packed) {
    column_value = load_local(packed_, packed_place(column, summed.variable, panel), summed.body);
  } else {
    set_position(summed.variable, rows_of_unit_.from);
    define_side(sides_.columns, Level::row, {}, summed.body);
    define_side(sides_.columns, Level::lane, column, summed.body);
    column_value = value_of(sides_.column_operand);
  }
  std::vector<ValueId> totals;
  for (std::int64_t row = 0; row < product_.rows; ++row) {
    Carry& carry = summed.carried[static_cast<std::size_t>(row)];
    const ValueId row_value = new_value(dtype_);
    summed.body.emplace_back(Load{.result = row_value,
                                  .argument = staged_,
                                  .lanes = LaneStride::uniform,
                                  .offset = staged_place(number(row), summed.variable),
                                  .lane_stride = {}});
    carry.next = new_value(dtype_);
    summed.body.emplace_back(
        Compute{carry.next, Op::fma, 3, {row_value, column_value, carry.value}, 0});
    totals.push_back(carry.result);
  }
  block.emplace_back(std::move(summed));
  finish_tile(totals, column, block);
}

/// Computes the epilogue of a tile in registers, except for rows beyond the last row of the result.
/// If the epilogue is computed on local memory, stores the sums of all rows there instead.
void ProductScheduler::finish_tile(const std::vector<ValueId>& totals, IndexId column,
                                   Block& block) {
  for (std::size_t row = 0; row < totals.size(); ++row) {
    const IndexId at = indices_.add(tile_row_, number(static_cast<std::int64_t>(row)));
    if (!product_.in_registers) {
      store_local(totals_, total_place(at, column), totals[row], block, true);
      continue;
    }
    const IndexId end = indices_.min(indices_.add(at, number(1)), rows_of_unit_.to);
    Loop guard = serial_loop({indices_.min(at, rows_of_unit_.to), end});
    guard.once = true;
    set_position(number(0), at);
    values_[sides_.dot.index] = totals[row];
    define_side(sides_.after, Level::row, {}, guard.body);
    define_side(sides_.after, Level::lane, column, guard.body);
    for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
      store_output(i, false, column, guard.body);
    }
    block.emplace_back(std::move(guard));
  }
}

void ProductScheduler::add_depth(Span depth, Block& block) {
  depth_ = depth;
  if (product_.packed) pack(block);
  const IndexId rows = indices_.sub(rows_of_unit_.to, rows_of_unit_.from);
  const IndexId size = number(product_.rows);
  const IndexId count = indices_.div(indices_.add(rows, number(product_.rows - 1)), size);
  Loop tiles = serial_loop({number(0), count});
  tile_row_ = indices_.add(rows_of_unit_.from, indices_.mul(tiles.variable, size));
  stage(tiles.body);
  add_columns(
      [this](IndexId column, IndexId panel, Block& inner) { add_tile(column, panel, inner); },
      tiles.body);
  block.emplace_back(std::move(tiles));
}

// --- The epilogue --------------------------------------------------------------------------------

void ProductScheduler::clear_totals(Block& block) {
  Loop rows = serial_loop({number(0), number(kProductRows)});
  const IndexId first = indices_.mul(rows.variable, number(space_.column_block));
  const IndexId columns = indices_.sub(columns_.to, columns_.from);
  add_elements(
      {number(0), columns},
      [&](IndexId place, bool, Block& inner) {
        store_local(totals_, indices_.add(first, place), zero_, inner);
      },
      false, rows.body);
  block.emplace_back(std::move(rows));
}

void ProductScheduler::add_outputs(const Outputs& outputs, Block& block) {
  if (outputs.empty()) return;
  const std::vector<bool> wanted = over_rows_.cone(nodes_of(outputs));
  Loop rows = serial_loop(rows_of_unit_);
  set_position(number(0), rows.variable);
  rematerialise(wanted, Level::row, {}, rows.body);
  add_elements(
      columns_,
      [&](IndexId place, bool streaming, Block& inner) {
        rematerialise(wanted, Level::lane, place, inner);
        for (std::size_t i : outputs) store_output(i, streaming, place, inner);
      },
      true, rows.body);
  block.emplace_back(std::move(rows));
}

// --- Reductions in the epilogue ------------------------------------------------------------------

ReductionPasses ProductScheduler::reductions_over(Reduces what, ReducedAxes axes) const {
  return {body_,      space_,
          placement_, std::int64_t{4} * strategy_.lanes,
          axes,       [this, what](NodeId node) { return reductions_.of(node) == what; }};
}

/// Returns outputs that follow the reductions of kind `what`, or no reduction if `what` is empty.
/// If `reduced`, these are the outputs with one element for each result of the reductions, else the
/// other outputs. An output that broadcasts the result of a row along the row is one of the others.
ProductScheduler::Outputs ProductScheduler::outputs_of(std::optional<Reduces> what,
                                                       bool reduced) const {
  Outputs outputs;
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    const NodeId node = placement_.value(body_.outputs()[i].node);
    const bool alone = placement_.level(node) != Level::lane && over_rows_.is_row_output(i);
    const bool is_reduced = what == Reduces::columns || alone;
    if (reductions_.of(node) == what && is_reduced == reduced) outputs.push_back(i);
  }
  return outputs;
}

/// Lets later uses of the product load it from the block in local memory.
void ProductScheduler::reload_totals() {
  reloaded_ = Reloaded{sides_.dot, [this](IndexId place, Block& block) {
                         const IndexId row = positions_[static_cast<std::size_t>(rows_axis())];
                         return load_local(totals_, total_place(row, place), block);
                       }};
}

/// Appends a loop over the rows that reduces each row and then stores the outputs of the row.
void ProductScheduler::add_reduced_rows(Block& block) {
  Loop rows = serial_loop(rows_of_unit_);
  set_unit(over_rows_, {number(0), rows.variable});
  choose_values_to_keep();
  for (const Pass& pass : over_rows_.passes()) add_pass(pass, rows.body);
  Outputs whole = outputs_of(Reduces::rows, false);
  const Outputs others = outputs_of(std::nullopt, false);
  whole.insert(whole.end(), others.begin(), others.end());
  add_row_outputs(outputs_of(Reduces::rows, true), whole, rows.body);
  drop_kept_values();
  block.emplace_back(std::move(rows));
}

/// An output may be the same memory as an input. So reductions over columns and over the whole
/// block load their operands before the first output is stored.
void ProductScheduler::add_reductions(Block& block) {
  const Pass columns = over_columns_.column_pass();
  const bool reduces_columns = !columns.reductions.empty();
  Locals sums;
  if (reduces_columns) {
    set_unit(over_columns_, {number(0)}, {}, Level::row);
    sums = new_locals(columns, space_.column_block);
    add_column_sums(columns, columns_, sums, block);
  }
  set_unit(over_all_, {number(0)}, {}, Level::row);
  for (const Pass& pass : over_all_.passes()) add_pass(pass, block);
  if (over_rows_.passes().empty())
    add_outputs(outputs_of(std::nullopt, false), block);
  else
    add_reduced_rows(block);
  if (reduces_columns) {
    set_unit(over_columns_, {number(0)}, {}, Level::row);
    add_column_outputs(columns, sums, columns_, outputs_of(Reduces::columns, true), block);
  }
  set_unit(over_all_, {number(0)}, {}, Level::row);
  add_row_outputs(outputs_of(Reduces::all, true), {}, block);
}

LoopNest ProductScheduler::build() {
  set_row({});
  const auto shared = [this](NodeId node) { return placement_.level(node) == Level::nest; };
  define(shared, {}, nest_.body);
  define_identities(nest_.body);
  zero_ = new_value(dtype_);
  nest_.body.emplace_back(Compute{zero_, Op::constant, 0, {}, 0});

  Loop units = parallel_loop();
  for (int axis = kSummedAxis + 1; axis < rows_axis(); ++axis) {
    batch_.push_back(add_digit(units, indices_.extent(axis)));
  }
  const IndexId row_blocks = indices_.div(
      indices_.add(indices_.extent(rows_axis()), number(kProductRows - 1)), number(kProductRows));
  rows_of_unit_ = part(add_digit(units, row_blocks), rows_axis(), kProductRows);
  const IndexId column_blocks =
      indices_.blocks(indices_.extent(columns_axis()), space_.column_block);
  columns_ = part(add_digit(units, column_blocks), columns_axis(), space_.column_block);

  const std::int64_t pad = strategy_.vector_bytes / info(dtype_).bytes;
  staged_step_ = product_.depth + pad;
  std::int64_t staged = product_.rows * staged_step_;
  if (product_.rows_contiguous) {
    staged_step_ = product_.rows;
    staged = product_.depth * staged_step_;
  }
  staged_ = new_local(dtype_, staged);
  if (product_.packed) packed_ = new_local(dtype_, product_.depth * space_.column_block);
  if (!product_.in_registers) totals_ = new_local(dtype_, kProductRows * space_.column_block);

  if (product_.rows_contiguous) clear_staged(units.body);
  const Span all{number(0), indices_.extent(kSummedAxis)};
  if (product_.several_depths) {
    clear_totals(units.body);
    const IndexId blocks = indices_.blocks(all.to, product_.depth);
    Loop depths = serial_loop({number(0), blocks});
    add_depth(part(depths.variable, kSummedAxis, product_.depth), depths.body);
    units.body.emplace_back(std::move(depths));
  } else {
    add_depth(all, units.body);
  }
  reload_totals();
  if (reductions_.any())
    add_reductions(units.body);
  else if (!product_.in_registers)
    add_outputs(outputs_of(std::nullopt, false), units.body);
  nest_.body.emplace_back(std::move(units));
  return take();
}

/// Returns the placement for staging the row operand: its lanes lie along M or K.
Placement staging_placement(const Graph& body, const LoopSpace& space, const ProductSides& sides,
                            const ProductStrategy& product, Placement placement) {
  const int rows_axis = space.rank() - 2;
  const int lane_axis = product.rows_contiguous ? rows_axis : 0;
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    if (!sides.rows[i] || placement.levels[i] == Level::nest) continue;
    const Node& node = body.node({i});
    Level level = Level::row;
    for (NodeId operand : node.inputs()) {
      level = std::max(level, placement.levels[placement.value(operand).index]);
    }
    const bool walked = node.op == Op::input || node.op == Op::iota;
    if (walked && stride_class(space, placement.walks[i], lane_axis) != LaneStride::uniform) {
      level = Level::lane;
    }
    placement.levels[i] = level;
  }
  return placement;
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
  Placement rows = staging_placement(body, space, sides, product, placement);
  return ProductScheduler(body, space, std::move(placement), std::move(rows), std::move(strategy),
                          std::move(sides), product)
      .build();
}

}  // namespace sinter::detail
