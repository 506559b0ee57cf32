// The loops within one unit of work: a row that is reduced, or a block of columns. Where the
// reductions stop at chunks, each chunk is a row, or a block of columns, of its own.
#include "cpu/reductions.h"

#include <bit>
#include <utility>

#include <sinter/ir/reduction.h>

namespace sinter::detail {
namespace {

/// One pass over the row of a unit.
struct RowPass {
  const Unit& unit;
  const ReductionPass& pass;
  const KeptRows& kept;
  std::vector<bool> wanted;     ///< [node] true if the operands of the pass need it
  std::vector<NodeId> keeping;  ///< values whose rows this pass stores
};

/// A part of a row that lies in one row of the space.
struct RowPart {
  Cursor at;
  IndexId start;  ///< position in the group of its place 0
};

}  // namespace

std::vector<NodeId> nodes_of(const Graph& body, const OutputList& outputs) {
  std::vector<NodeId> nodes;
  for (std::size_t i : outputs) nodes.push_back(body.outputs()[i].node);
  return nodes;
}

// --- Definitions ---------------------------------------------------------------------------------

void define_shared(CpuNest& nest, const Cursor& at, const std::vector<bool>& cone, Level level,
                   Block& block) {
  nest.define(at, missing(nest, cone, level), {}, block);
  set_defined(nest, cone, level);
}

void rematerialise(CpuNest& nest, const Cursor& at, const std::vector<bool>& cone, Level level,
                   IndexId place, Block& block, const KeptRows& kept) {
  for (std::size_t i = 0; level == Level::lane && i < cone.size(); ++i) {
    if (cone[i] && kept.is_known(i)) nest.values[i] = nest.load_local(kept.locals[i], place, block);
  }
  const auto wanted = [&](NodeId node) {
    return cone[node.index] && at.level(node) == level && !kept.is_known(node.index) &&
           info(nest.body.node(node).op).kind != OpKind::reduction;
  };
  nest.define(at, wanted, place, block);
}

// --- Rows that are kept for later passes ---------------------------------------------------------

KeptRows choose_kept_rows(const CpuNest& nest, const Unit& unit) {
  if (unit.axes().reduced > 1 || unit.axes().inner > 0 || nest.space.chunk > 0) return {};
  const std::size_t nodes = nest.body.nodes().size();
  KeptRows kept{.chosen = unit.over.worth_keeping(nest.strategy.kept_operations),
                .known = std::vector<bool>(nodes),
                .locals = std::vector<std::uint8_t>(nodes)};
  const std::int64_t extent = unit.over.reduced_extent();
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::int64_t bytes = info(nest.body.nodes()[i].dtype).bytes;
    kept.chosen[i] = kept.chosen[i] && bytes >= 4 && extent * bytes <= nest.strategy.kept_bytes;
  }
  return kept;
}

namespace {

/// Makes room for the rows that a pass with this cone keeps, and returns their values.
std::vector<NodeId> begin_keeping(CpuNest& nest, const Unit& unit, const std::vector<bool>& cone,
                                  KeptRows& kept) {
  const auto room = std::bit_ceil(static_cast<std::uint64_t>(unit.over.reduced_extent()));
  std::vector<NodeId> keeping;
  for (std::uint32_t i = 0; i < kept.chosen.size(); ++i) {
    if (!cone[i] || !kept.chosen[i] || kept.known[i]) continue;
    const DType dtype = nest.body.node({i}).dtype;
    kept.locals[i] = nest.new_local(dtype, static_cast<std::int64_t>(room));
    keeping.push_back({i});
  }
  return keeping;
}

/// Stores the values at `place` that a pass keeps.
void keep(const CpuNest& nest, const RowPass& row, IndexId place, Block& block) {
  for (NodeId node : row.keeping) {
    CpuNest::store_local(row.kept.locals[node.index], place, nest.values[node.index], block);
  }
}

// --- Over rows -----------------------------------------------------------------------------------

/// Returns a loop whose steps are W elements.
Loop lanes_loop(CpuNest& nest, const ReductionPass& pass, Span range) {
  const int lanes = nest.strategy.lanes;
  return nest.vector_loop(range, lanes, static_cast<int>(pass.lanes / lanes));
}

/// Accumulates the values in `locals` of `range` onto `first`, and folds the lanes.
Values reduce_locals(CpuNest& nest, const ReductionPass& pass, const Locals& locals, Span range,
                     const Values& first, Block& block) {
  const auto operands = [&](Loop& loop) {
    Values values;
    for (std::uint8_t local : locals) {
      values.push_back(nest.load_local(local, loop.variable, loop.body));
    }
    return values;
  };
  return fold(nest, pass,
              accumulated(nest, pass, lanes_loop(nest, pass, range), first, operands, block),
              block);
}

/// Returns the places of `count` elements in local memory, padded to whole steps of W.
Span whole_steps(CpuNest& nest, const ReductionPass& pass, IndexId count) {
  const IndexId steps = nest.indices.blocks(count, pass.lanes);
  return {nest.number(0), nest.indices.mul(steps, nest.number(pass.lanes))};
}

/// Fills the last step of these places with identities. The elements are stored over them.
void fill_last_step(CpuNest& nest, const ReductionPass& pass, const Locals& locals, Span places,
                    Block& block) {
  const IndexId last = nest.indices.sub(places.to, nest.number(pass.lanes));
  Loop loop = lanes_loop(nest, pass, {nest.indices.max(last, places.from), places.to});
  for (std::size_t i = 0; i < locals.size(); ++i) {
    const ValueId identity = nest.identities[pass.reductions[i].index];
    CpuNest::store_local(locals[i], loop.variable, identity, loop.body);
  }
  block.emplace_back(std::move(loop));
}

/// Appends the statements for the element at `place` of a part of a row.
using RowBody =
    std::function<void(const RowPart& part, IndexId place, bool streaming, Block& block)>;

/// Appends loops over the elements `range` of the group; if the group has several axes, row by row.
/// `body` gets places along the last axis.
void add_row_parts(CpuNest& nest, const Unit& unit, Span range, const std::vector<bool>& cone,
                   const RowBody& body, bool stores_outputs, Block& block) {
  IndexTable& indices = nest.indices;
  const IndexId zero = nest.number(0);
  const auto add_part = [&](const RowPart& part, Span places, Block& inner) {
    const auto element = [&](IndexId place, bool streaming, Block& innermost) {
      body(part, place, streaming, innermost);
    };
    if (stores_outputs)
      nest.add_output_elements(part.at, places, element, inner);
    else
      nest.add_elements(places, element, inner);
  };
  if (unit.axes().reduced == 1) return add_part({nest.row(unit.outer), zero}, range, block);

  const IndexId one = nest.number(1);
  const IndexId length = indices.extent(nest.inner_axis());
  const IndexId divisor = indices.max(length, one);
  const IndexId last = indices.add(range.to, indices.sub(divisor, one));
  Loop rows = nest.serial_loop({indices.div(range.from, divisor), indices.div(last, divisor)});
  std::vector<IndexId> positions = unit.outer;
  for (int axis = unit.axes().outer; axis < nest.inner_axis(); ++axis) {
    const bool single = unit.axes().reduced == 2;
    positions.push_back(single ? rows.variable : nest.add_digit(rows, indices.extent(axis)));
  }
  const IndexId first = indices.mul(rows.variable, length);
  const RowPart part{nest.row(std::move(positions)), first};
  rematerialise(nest, part.at, cone, unit.group, {}, rows.body);
  add_part(part,
           {indices.max(indices.sub(range.from, first), zero),
            indices.min(indices.sub(range.to, first), length)},
           rows.body);
  block.emplace_back(std::move(rows));
}

/// True if one masked step of at most W lanes covers the row.
bool is_short(const CpuNest& nest, const RowPass& row) {
  return row.unit.axes().reduced == 1 && nest.strategy.masks &&
         row.unit.over.reduced_extent() <= row.pass.lanes;
}

/// Returns the operands of steps along a row of one axis.
LoopOperands steps_of(CpuNest& nest, const RowPass& row) {
  return [&nest, &row, at = nest.row(row.unit.outer)](Loop& loop) {
    rematerialise(nest, at, row.wanted, Level::lane, loop.variable, loop.body, row.kept);
    keep(nest, row, loop.variable, loop.body);
    return operand_values(nest, row.pass);
  };
}

/// Reduces the row in one masked step of no more vectors than it fills. The other lanes of W would
/// hold the identity, which changes nothing.
Values reduce_short(CpuNest& nest, const RowPass& row, Span range, Block& block) {
  std::int64_t lanes = nest.strategy.lanes;
  while (lanes < row.unit.over.reduced_extent()) lanes *= 2;
  Loop loop =
      nest.vector_loop(range, nest.strategy.lanes, static_cast<int>(lanes / nest.strategy.lanes));
  loop.masked = true;
  loop.once = true;
  const Values accumulators = accumulated(nest, row.pass, std::move(loop),
                                          identities(nest, row.pass), steps_of(nest, row), block);
  return fold(nest, row.pass, accumulators, block);
}

/// Reduces at most a chunk. The elements after the last whole step, or all elements if the group
/// has several axes, are first stored to local memory, padded with the identity to whole steps.
Values reduce_chunk(CpuNest& nest, const RowPass& row, Span range, Block& block) {
  if (is_short(nest, row)) return reduce_short(nest, row, range, block);
  IndexTable& indices = nest.indices;
  const ReductionPass& pass = row.pass;
  const bool single_axis = row.unit.axes().reduced == 1;
  Values accumulators = identities(nest, pass);
  IndexId at = range.from;
  if (single_axis) {
    const IndexId length = indices.sub(range.to, range.from);
    at = indices.add(range.from, indices.round_down(length, pass.lanes));
    accumulators = accumulated(nest, pass, lanes_loop(nest, pass, {range.from, at}), accumulators,
                               steps_of(nest, row), block);
  }
  const Locals locals = new_locals(nest, pass, single_axis ? pass.lanes : pass.chunk());
  const Span filled = whole_steps(nest, pass, indices.sub(range.to, at));
  fill_last_step(nest, pass, locals, filled, block);
  const auto fill = [&](const RowPart& part, IndexId place, bool, Block& inner) {
    rematerialise(nest, part.at, row.wanted, Level::lane, place, inner, row.kept);
    const Values x = operand_values(nest, pass);
    const IndexId position = indices.sub(indices.add(part.start, place), at);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CpuNest::store_local(locals[i], position, x[i], inner);
    }
    keep(nest, row, place, inner);
  };
  add_row_parts(nest, row.unit, {at, range.to}, row.wanted, fill, false, block);
  return reduce_locals(nest, pass, locals, filled, accumulators, block);
}

/// Reduces the row of a pass, level by level.
Values reduce(CpuNest& nest, const RowPass& row, Block& block) {
  const ReductionPass& pass = row.pass;
  const RowReduction on_cpu{
      .reduce_chunk = [&](Span range,
                          Block& inner) { return reduce_chunk(nest, row, range, inner); },
      .new_results =
          [&](int, IndexId count, Block& inner) {
            Locals results = new_locals(nest, pass, pass.chunk());
            fill_last_step(nest, pass, results, whole_steps(nest, pass, count), inner);
            return results;
          },
      .chunk_loop = [&](int, IndexId count) { return nest.serial_loop({nest.number(0), count}); },
      .reduce_results =
          [&](const Locals& results, IndexId count, Block& inner) {
            return reduce_locals(nest, pass, results, whole_steps(nest, pass, count),
                                 identities(nest, pass), inner);
          }};
  return reduce_row(nest, pass, row.unit.over.levels(pass.chunk()),
                    reduced_span(nest, row.unit.over, row.unit.chunk()), on_cpu, block);
}

}  // namespace

void add_pass(CpuNest& nest, const Unit& unit, const ReductionPass& pass, KeptRows& kept,
              Block& block) {
  // An empty group loads nothing, not even values of the row.
  if (unit.over.reduced_extent() == 0) return set_results(nest, pass, identities(nest, pass));
  const std::vector<bool> wanted = unit.over.cone(pass, kept.known);
  if (unit.group != Level::row) {
    define_shared(nest, nest.row(unit.outer), wanted, Level::row, block);
  }
  const RowPass row{unit, pass, kept, wanted, begin_keeping(nest, unit, wanted, kept)};
  set_results(nest, pass, reduce(nest, row, block));
  for (NodeId node : row.keeping) kept.known[node.index] = true;
}

void add_row_outputs(CpuNest& nest, const Unit& unit, const KeptRows& kept,
                     const OutputList& reduced, const OutputList& rows, Block& block) {
  const std::vector<NodeId> row_nodes =
      unit.over.reduced_extent() == 0 ? std::vector<NodeId>() : nodes_of(nest.body, rows);
  std::vector<NodeId> all = nodes_of(nest.body, reduced);
  all.insert(all.end(), row_nodes.begin(), row_nodes.end());
  const Cursor at = nest.row(unit.outer);
  define_shared(nest, at, unit.over.cone(all, kept.known), Level::row, block);
  const std::vector<bool> wanted = unit.over.cone(row_nodes, kept.known);
  const auto body = [&](const RowPart& part, IndexId place, bool streaming, Block& inner) {
    rematerialise(nest, part.at, wanted, Level::lane, place, inner, kept);
    for (std::size_t i : rows) nest.store_output(part.at, i, streaming, place, inner);
  };
  const Span places = reduced_span(nest, unit.over, unit.chunk());
  if (!row_nodes.empty()) add_row_parts(nest, unit, places, wanted, body, true, block);
  for (std::size_t i : reduced) {
    const std::uint8_t argument = nest.output_argument(i);
    block.emplace_back(Store{.value = nest.value_of(nest.body.outputs()[i].node),
                             .argument = argument,
                             .lanes = LaneStride::uniform,
                             .offset = at.offsets[argument],
                             .lane_stride = {}});
  }
}

// --- Over columns --------------------------------------------------------------------------------

namespace {

/// Returns the row of the unit with these positions along the reduced axes.
Cursor row_of_group(CpuNest& nest, const Unit& unit, const std::vector<IndexId>& group) {
  std::vector<IndexId> positions = unit.outer;
  positions.insert(positions.end(), group.begin(), group.end());
  positions.insert(positions.end(), unit.inner.begin(), unit.inner.end());
  return nest.row(std::move(positions));
}

/// Returns the operands of a walk down the columns from `place` on.
LoopOperands column_operands(CpuNest& nest, const Unit& unit, const ReductionPass& pass,
                             IndexId place) {
  return [&nest, &unit, &pass, place](Loop& loop) {
    std::vector<IndexId> group;
    for (int axis = unit.axes().outer; axis < unit.axes().outer + unit.axes().reduced; ++axis) {
      const bool single = unit.axes().reduced == 1;
      group.push_back(single ? loop.variable : nest.add_digit(loop, nest.indices.extent(axis)));
    }
    if (unit.over.reduced_extent() == 0) return identities(nest, pass);  // loads nothing
    const std::vector<bool> wanted = unit.over.cone(pass);
    const Cursor at = row_of_group(nest, unit, group);
    rematerialise(nest, at, wanted, unit.group, {}, loop.body);
    rematerialise(nest, at, wanted, Level::lane, place, loop.body);
    return operand_values(nest, pass);
  };
}

/// Appends `loop` over columns, which reduces the columns of a step and then runs `body` for them.
void add_column_loop(CpuNest& nest, const Unit& unit, const ReductionPass& pass, Loop loop,
                     const ColumnBody& body, Block& block) {
  const int top = unit.over.levels(kChunkSteps);
  for (const ReductionPass& walk : pass.walks()) {
    set_results(nest, walk,
                reduce_columns(nest, walk, top, reduced_span(nest, unit.over, unit.chunk()),
                               column_operands(nest, unit, walk, loop.variable), loop.body));
  }
  body(loop.variable, loop.body);
  block.emplace_back(std::move(loop));
}

}  // namespace

Cursor first_row(CpuNest& nest, const Unit& unit) {
  const auto reduced = static_cast<std::size_t>(unit.axes().reduced);
  return row_of_group(nest, unit, std::vector<IndexId>(reduced, nest.number(0)));
}

/// Appends loops over whole steps, and for the rest a masked step, or single vectors and columns.
void add_column_loops(CpuNest& nest, const Unit& unit, const ReductionPass& pass, Span columns,
                      const ColumnBody& body, Block& block) {
  const CpuStrategy& strategy = nest.strategy;
  IndexId at = columns.from;
  const auto add_whole = [&](int lanes, int unroll) {
    const IndexId length = nest.indices.sub(columns.to, at);
    const std::int64_t step = std::int64_t{lanes} * unroll;
    const IndexId to = nest.indices.add(at, nest.indices.round_down(length, step));
    add_column_loop(nest, unit, pass, nest.vector_loop({at, to}, lanes, unroll), body, block);
    at = to;
  };
  add_whole(strategy.lanes, strategy.unroll);
  if (strategy.masks) {
    Loop rest = nest.vector_loop({at, columns.to}, strategy.lanes, strategy.unroll);
    rest.masked = true;
    rest.once = true;
    return add_column_loop(nest, unit, pass, std::move(rest), body, block);
  }
  if (strategy.unroll > 1) add_whole(strategy.lanes, 1);
  if (strategy.lanes > 1) add_whole(1, 1);
}

void add_column_sums(CpuNest& nest, const Unit& unit, const ReductionPass& pass, Span columns,
                     const Locals& sums, Block& block) {
  const auto body = [&](IndexId place, Block& inner) {
    const IndexId position = nest.indices.sub(place, columns.from);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const ValueId sum = nest.values[pass.reductions[i].index];
      CpuNest::store_local(sums[i], position, sum, inner);
    }
  };
  add_column_loops(nest, unit, pass, columns, body, block);
}

void add_column_outputs(CpuNest& nest, const Unit& unit, const ReductionPass& pass,
                        const Locals& sums, Span columns, const OutputList& outputs, Block& block) {
  const Cursor at = first_row(nest, unit);
  const std::vector<bool> wanted = unit.over.cone(nodes_of(nest.body, outputs));
  const auto element = [&](IndexId place, bool streaming, Block& inner) {
    const IndexId position = nest.indices.sub(place, columns.from);
    for (std::size_t i = 0; i < pass.reductions.size(); ++i) {
      nest.values[pass.reductions[i].index] = nest.load_local(sums[i], position, inner);
    }
    rematerialise(nest, at, wanted, Level::lane, place, inner);
    for (std::size_t i : outputs) nest.store_output(at, i, streaming, place, inner);
  };
  nest.add_output_elements(at, columns, element, block);
}

}  // namespace sinter::detail
