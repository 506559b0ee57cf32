// The loops within one unit of work: a row that is reduced, or a block of columns. Where the
// reductions stop at chunks, each chunk is a row, or a block of columns, of its own.
#include "cpu/reductions.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include <sinter/ir/reduction.h>

namespace sinter::detail {

ReductionBuilder::ReductionBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                                   CpuStrategy strategy)
    : NestBuilder(body, space, std::move(placement), std::move(strategy)),
      defined_(body.nodes().size()),
      kept_(body.nodes().size()),
      known_(body.nodes().size()),
      kept_in_(body.nodes().size()),
      row_start_(indices_.constant(0)) {}

void ReductionBuilder::set_unit(const ReductionPasses& reductions, std::vector<IndexId> outer,
                                std::vector<IndexId> inner, Level group) {
  over_ = &reductions;
  unit_ = std::move(outer);
  inner_positions_ = std::move(inner);
  group_level_ = group;
}

// --- Definitions ---------------------------------------------------------------------------------

void ReductionBuilder::define_shared(const std::vector<bool>& cone, Level level, Block& block) {
  const auto wanted = [&](NodeId node) {
    if (!cone[node.index] || placement_.level(node) != level || defined_[node.index] ||
        is_reduction(node)) {
      return false;
    }
    defined_[node.index] = true;
    return true;
  };
  define(wanted, {}, block);
}

void ReductionBuilder::rematerialise(const std::vector<bool>& cone, Level level, IndexId place,
                                     Block& block) {
  const auto wanted = [&](NodeId node) {
    return cone[node.index] && placement_.level(node) == level && !is_reduction(node) &&
           !known_[node.index];
  };
  for (std::size_t i = 0; level == Level::lane && i < cone.size(); ++i) {
    if (cone[i] && known_[i]) values_[i] = load_local(kept_in_[i], place, block);
  }
  define(wanted, place, block);
}

// --- Rows that are kept for later passes ---------------------------------------------------------

void ReductionBuilder::choose_values_to_keep() {
  const std::int64_t extent = over_->reduced_extent();
  if (axes().reduced > 1 || axes().inner > 0 || space_.chunk > 0) return;
  kept_ = over_->worth_keeping(strategy_.kept_operations);
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const std::int64_t bytes = info(body_.nodes()[i].dtype).bytes;
    kept_[i] = kept_[i] && bytes >= 4 && extent * bytes <= strategy_.kept_bytes;
  }
}

void ReductionBuilder::drop_kept_values() {
  kept_.assign(kept_.size(), false);
  known_.assign(known_.size(), false);
}

void ReductionBuilder::begin_keeping(const std::vector<bool>& cone) {
  const auto room = std::bit_ceil(static_cast<std::uint64_t>(over_->reduced_extent()));
  for (std::uint32_t i = 0; i < cone.size(); ++i) {
    if (!cone[i] || !kept_[i] || known_[i]) continue;
    kept_in_[i] = new_local(body_.node({i}).dtype, static_cast<std::int64_t>(room));
    keeping_.push_back({i});
  }
}

void ReductionBuilder::keep(IndexId place, Block& block) {
  for (NodeId node : keeping_) {
    store_local(kept_in_[node.index], place, values_[node.index], block);
  }
}

void ReductionBuilder::end_keeping() {
  for (NodeId node : keeping_) known_[node.index] = true;
  keeping_.clear();
}

std::vector<NodeId> ReductionBuilder::nodes_of(const Outputs& outputs) const {
  std::vector<NodeId> nodes;
  for (std::size_t i : outputs) nodes.push_back(body_.outputs()[i].node);
  return nodes;
}

ReductionBuilder::Locals ReductionBuilder::new_locals(const Pass& pass, std::int64_t elements) {
  Locals locals;
  for (NodeId reduction : pass.reductions) {
    locals.push_back(new_local(body_.node(reduction).dtype, elements));
  }
  return locals;
}

/// Returns the elements that the unit reduces to one: the group, or a chunk of it.
Span ReductionBuilder::reduced_range() {
  IndexId length = indices_.constant(1);
  for (int axis = axes().outer; axis < axes().outer + axes().reduced; ++axis) {
    length = indices_.mul(length, indices_.extent(axis));
  }
  if (space_.chunk == 0) return {indices_.constant(0), length};
  const IndexId size = indices_.constant(space_.chunk);
  const IndexId from = indices_.mul(unit_.back(), size);
  return {from, indices_.min(length, indices_.add(from, size))};
}

// --- Over rows -----------------------------------------------------------------------------------

ReductionBuilder::Operands ReductionBuilder::from_locals(const Locals& locals) {
  return [this, &locals](IndexId place, Block& block) {
    Values values;
    for (std::uint8_t local : locals) values.push_back(load_local(local, place, block));
    return values;
  };
}

ReductionBuilder::Operands ReductionBuilder::from_row(const Pass& pass,
                                                      const std::vector<bool>& cone) {
  return [this, &pass, &cone](IndexId place, Block& block) {
    rematerialise(cone, Level::lane, place, block);
    keep(place, block);
    return operand_values(pass);
  };
}

/// Returns a loop whose steps are W elements.
Loop ReductionBuilder::lanes_loop(const Pass& pass, Span range) {
  return vector_loop(range, strategy_.lanes, static_cast<int>(pass.lanes / strategy_.lanes));
}

/// Appends `loop`, which accumulates `operands`, and returns the accumulators lane by lane.
ReductionBuilder::Values ReductionBuilder::accumulated(const Pass& pass, Loop loop,
                                                       const Values& first,
                                                       const Operands& operands, Block& block) {
  carry(pass, first, loop);
  const Values x = operands(loop.variable, loop.body);
  Values results = accumulate(pass, x, loop);
  block.emplace_back(std::move(loop));
  return results;
}

void ReductionBuilder::fill_identity(const Pass& pass, const Locals& locals, Span range,
                                     Block& block) {
  Loop loop = lanes_loop(pass, range);
  for (std::size_t i = 0; i < locals.size(); ++i) {
    store_local(locals[i], loop.variable, identity(pass.reductions[i]), loop.body);
  }
  block.emplace_back(std::move(loop));
}

/// Appends loops over the elements `range` of the group; if the group has several axes, row by row.
/// `body` gets places along the last axis.
void ReductionBuilder::add_row_parts(Span range, const std::vector<bool>& cone,
                                     const ElementBody& body, bool stores_outputs, Block& block) {
  if (axes().reduced == 1) {
    set_row(unit_);
    return add_elements(range, body, stores_outputs, block);
  }
  const IndexId one = indices_.constant(1);
  const IndexId length = indices_.extent(inner_axis());
  const IndexId divisor = indices_.max(length, one);
  const IndexId last = indices_.add(range.to, indices_.sub(divisor, one));
  Loop rows = serial_loop({indices_.div(range.from, divisor), indices_.div(last, divisor)});
  std::vector<IndexId> positions = unit_;
  if (axes().reduced == 2) {
    positions.push_back(rows.variable);
  } else {
    for (int axis = axes().outer; axis < inner_axis(); ++axis) {
      positions.push_back(add_digit(rows, indices_.extent(axis)));
    }
  }
  set_row(positions);
  rematerialise(cone, group_level_, {}, rows.body);
  const IndexId first = indices_.mul(rows.variable, length);
  row_start_ = first;
  const IndexId zero = indices_.constant(0);
  const Span columns{indices_.max(indices_.sub(range.from, first), zero),
                     indices_.min(indices_.sub(range.to, first), length)};
  add_elements(columns, body, stores_outputs, rows.body);
  row_start_ = zero;
  block.emplace_back(std::move(rows));
}

/// True if one masked step of at most W lanes covers the row.
bool ReductionBuilder::is_short(const Pass& pass) const {
  return axes().reduced == 1 && strategy_.masks && over_->reduced_extent() <= pass.lanes;
}

/// Reduces the row in one masked step of no more vectors than it fills. The other lanes of W would
/// hold the identity, which changes nothing.
ReductionBuilder::Values ReductionBuilder::reduce_short(const Pass& pass, Span range,
                                                        Block& block) {
  const std::vector<bool> wanted = over_->cone(pass, known_);
  std::int64_t lanes = strategy_.lanes;
  while (lanes < over_->reduced_extent()) lanes *= 2;
  Loop loop = vector_loop(range, strategy_.lanes, static_cast<int>(lanes / strategy_.lanes));
  loop.masked = true;
  loop.once = true;
  set_row(unit_);
  const Values accumulators =
      accumulated(pass, std::move(loop), identities(pass), from_row(pass, wanted), block);
  return fold(pass, accumulators, block);
}

/// Reduces at most a chunk. The elements after the last whole step, or all elements if the group
/// has several axes, are first stored to local memory, padded with the identity to whole steps.
ReductionBuilder::Values ReductionBuilder::reduce_chunk(const Pass& pass, Span range,
                                                        Block& block) {
  if (is_short(pass)) return reduce_short(pass, range, block);
  const std::vector<bool> wanted = over_->cone(pass, known_);
  const IndexId zero = indices_.constant(0);
  const IndexId lanes = indices_.constant(pass.lanes);
  Values accumulators = identities(pass);
  IndexId at = range.from;
  if (axes().reduced == 1) {
    const IndexId length = indices_.sub(range.to, range.from);
    at = indices_.add(range.from, indices_.round_down(length, pass.lanes));
    set_row(unit_);
    accumulators = accumulated(pass, lanes_loop(pass, {range.from, at}), accumulators,
                               from_row(pass, wanted), block);
  }
  const std::int64_t room = axes().reduced == 1 ? pass.lanes : pass.chunk();
  const Locals locals = new_locals(pass, room);
  const IndexId length = indices_.sub(range.to, at);
  const IndexId filled = indices_.mul(indices_.blocks(length, pass.lanes), lanes);
  fill_identity(pass, locals, {indices_.max(indices_.sub(filled, lanes), zero), filled}, block);
  const auto fill = [&](IndexId place, bool, Block& inner) {
    rematerialise(wanted, Level::lane, place, inner);
    const Values x = operand_values(pass);
    const IndexId position = indices_.sub(indices_.add(row_start_, place), at);
    for (std::size_t i = 0; i < x.size(); ++i) store_local(locals[i], position, x[i], inner);
    keep(place, inner);
  };
  add_row_parts({at, range.to}, wanted, fill, false, block);
  accumulators =
      accumulated(pass, lanes_loop(pass, {zero, filled}), accumulators, from_locals(locals), block);
  return fold(pass, accumulators, block);
}

/// Reduces a range of at most chunk ^ (level + 1) elements to one.
ReductionBuilder::Values ReductionBuilder::reduce(const Pass& pass, int level, Span range,
                                                  Block& block) {
  if (level == 0) return reduce_chunk(pass, range, block);
  std::int64_t size = 1;
  for (int i = 0; i < level; ++i) size *= pass.chunk();
  const IndexId zero = indices_.constant(0);
  const IndexId lanes = indices_.constant(pass.lanes);
  const IndexId count = indices_.blocks(indices_.sub(range.to, range.from), size);
  const IndexId filled = indices_.mul(indices_.blocks(count, pass.lanes), lanes);
  const Locals results = new_locals(pass, pass.chunk());
  fill_identity(pass, results, {indices_.max(indices_.sub(filled, lanes), zero), filled}, block);
  Loop chunks = serial_loop({zero, count});
  const IndexId from =
      indices_.add(range.from, indices_.mul(chunks.variable, indices_.constant(size)));
  const IndexId to = indices_.min(range.to, indices_.add(from, indices_.constant(size)));
  const Values values = reduce(pass, level - 1, {from, to}, chunks.body);
  for (std::size_t i = 0; i < values.size(); ++i) {
    chunks.body.emplace_back(Store{.value = values[i],
                                   .argument = results[i],
                                   .lanes = LaneStride::uniform,
                                   .offset = chunks.variable,
                                   .lane_stride = {}});
  }
  block.emplace_back(std::move(chunks));
  const Values accumulators = accumulated(pass, lanes_loop(pass, {zero, filled}), identities(pass),
                                          from_locals(results), block);
  return fold(pass, accumulators, block);
}

void ReductionBuilder::add_pass(const Pass& pass, Block& block) {
  if (over_->reduced_extent() == 0) {  // an empty group loads nothing, not even values of the row
    for (NodeId reduction : pass.reductions) {
      values_[reduction.index] = identity(reduction);
      defined_[reduction.index] = true;
    }
    return;
  }
  set_row(unit_);
  const std::vector<bool> wanted = over_->cone(pass, known_);
  if (group_level_ != Level::row) define_shared(wanted, Level::row, block);
  begin_keeping(wanted);
  const Values results = reduce(pass, over_->levels(pass.chunk()), reduced_range(), block);
  for (std::size_t i = 0; i < results.size(); ++i) {
    values_[pass.reductions[i].index] = results[i];
    defined_[pass.reductions[i].index] = true;
  }
  end_keeping();
}

void ReductionBuilder::add_row_outputs(const Outputs& reduced, const Outputs& rows, Block& block) {
  set_row(unit_);
  const std::vector<NodeId> row_nodes =
      over_->reduced_extent() == 0 ? std::vector<NodeId>() : nodes_of(rows);
  std::vector<NodeId> all = nodes_of(reduced);
  all.insert(all.end(), row_nodes.begin(), row_nodes.end());
  define_shared(over_->cone(all, known_), Level::row, block);
  const std::vector<bool> wanted = over_->cone(row_nodes, known_);
  const auto body = [&](IndexId place, bool streaming, Block& inner) {
    rematerialise(wanted, Level::lane, place, inner);
    for (std::size_t i : rows) store_output(i, streaming, place, inner);
  };
  if (!row_nodes.empty()) add_row_parts(reduced_range(), wanted, body, true, block);
  set_row(unit_);
  for (std::size_t i : reduced) {
    const NodeId node = placement_.value(body_.outputs()[i].node);
    block.emplace_back(Store{.value = values_[node.index],
                             .argument = output_argument(i),
                             .lanes = LaneStride::uniform,
                             .offset = rows_[output_argument(i)],
                             .lane_stride = {}});
  }
}

// --- Over columns --------------------------------------------------------------------------------

/// Returns the positions of the unit, with `group` along the reduced axes.
std::vector<IndexId> ReductionBuilder::with_group(const std::vector<IndexId>& group) const {
  std::vector<IndexId> positions = unit_;
  positions.insert(positions.end(), group.begin(), group.end());
  positions.insert(positions.end(), inner_positions_.begin(), inner_positions_.end());
  return positions;
}

/// Reduces at most kChunkSteps ^ (level + 1) rows to one, for the columns from `place` on.
ReductionBuilder::Values ReductionBuilder::reduce_columns(const Pass& pass, int level, Span rows,
                                                          IndexId place, Block& block) {
  std::int64_t size = 1;
  for (int i = 0; i < level; ++i) size *= kChunkSteps;
  const IndexId step = indices_.constant(size);
  const IndexId count = indices_.blocks(indices_.sub(rows.to, rows.from), size);
  Loop loop = serial_loop(level == 0 ? rows : Span{indices_.constant(0), count});
  std::vector<IndexId> group;
  for (int axis = axes().outer; level == 0 && axis < axes().outer + axes().reduced; ++axis) {
    const bool single = axes().reduced == 1;
    group.push_back(single ? loop.variable : add_digit(loop, indices_.extent(axis)));
  }
  const auto operands = [&](IndexId at, Block& inner) {
    if (over_->reduced_extent() == 0) return identities(pass);  // loads nothing
    if (level > 0) {
      const IndexId from = indices_.add(rows.from, indices_.mul(at, step));
      const IndexId to = indices_.min(rows.to, indices_.add(from, step));
      return reduce_columns(pass, level - 1, {from, to}, place, inner);
    }
    const std::vector<bool> wanted = over_->cone(pass);
    set_row(with_group(group));
    rematerialise(wanted, group_level_, {}, inner);
    rematerialise(wanted, Level::lane, place, inner);
    return operand_values(pass);
  };
  return accumulated(pass, std::move(loop), identities(pass), operands, block);
}

void ReductionBuilder::set_first_row() {
  const std::vector<IndexId> zeros(static_cast<std::size_t>(axes().reduced), indices_.constant(0));
  set_row(with_group(zeros));
}

/// Appends `loop` over columns, which reduces the columns of a step and then runs `body` for them.
void ReductionBuilder::add_column_loop(const Pass& pass, Loop loop, const ColumnBody& body,
                                       Block& block) {
  const int top = over_->levels(kChunkSteps);
  for (const Pass& walk : pass.walks()) {
    const Values results = reduce_columns(walk, top, reduced_range(), loop.variable, loop.body);
    for (std::size_t i = 0; i < results.size(); ++i) {
      values_[walk.reductions[i].index] = results[i];
    }
  }
  set_first_row();
  body(loop.variable, loop.body);
  block.emplace_back(std::move(loop));
}

/// Appends loops over whole steps, and for the rest a masked step, or single vectors and columns.
void ReductionBuilder::add_column_loops(const Pass& pass, Span columns, const ColumnBody& body,
                                        Block& block) {
  IndexId at = columns.from;
  const auto add_whole = [&](int lanes, int unroll) {
    const IndexId length = indices_.sub(columns.to, at);
    const std::int64_t step = std::int64_t{lanes} * unroll;
    const IndexId to = indices_.add(at, indices_.round_down(length, step));
    add_column_loop(pass, vector_loop({at, to}, lanes, unroll), body, block);
    at = to;
  };
  add_whole(strategy_.lanes, strategy_.unroll);
  if (strategy_.masks) {
    Loop rest = vector_loop({at, columns.to}, strategy_.lanes, strategy_.unroll);
    rest.masked = true;
    rest.once = true;
    return add_column_loop(pass, std::move(rest), body, block);
  }
  if (strategy_.unroll > 1) add_whole(strategy_.lanes, 1);
  if (strategy_.lanes > 1) add_whole(1, 1);
}

void ReductionBuilder::add_column_sums(const Pass& pass, Span columns, const Locals& sums,
                                       Block& block) {
  const auto body = [&](IndexId place, Block& inner) {
    const IndexId position = indices_.sub(place, columns.from);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      store_local(sums[i], position, values_[pass.reductions[i].index], inner);
    }
  };
  add_column_loops(pass, columns, body, block);
}

void ReductionBuilder::add_column_outputs(const Pass& pass, const Locals& sums, Span columns,
                                          const Outputs& outputs, Block& block) {
  set_first_row();
  const std::vector<bool> wanted = over_->cone(nodes_of(outputs));
  const auto body = [&](IndexId place, bool streaming, Block& inner) {
    const IndexId position = indices_.sub(place, columns.from);
    for (std::size_t i = 0; i < pass.reductions.size(); ++i) {
      values_[pass.reductions[i].index] = load_local(sums[i], position, inner);
    }
    rematerialise(wanted, Level::lane, place, inner);
    for (std::size_t i : outputs) store_output(i, streaming, place, inner);
  };
  add_elements(columns, body, true, block);
}

}  // namespace sinter::detail
