// One row, or block of columns, of what is reduced. Where only chunks are reduced, each is a row,
// or block of columns, of its own.
#include "reduction_builder.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sinter::detail {

ReductionBuilder::ReductionBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                                   CpuStrategy strategy)
    : NestBuilder(body, space, std::move(placement), std::move(strategy)),
      identities_(body.nodes().size()),
      defined_(body.nodes().size()),
      row_start_(indices_.constant(0)) {}

void ReductionBuilder::set_unit(const ReducedAxes& axes, std::vector<IndexId> outer,
                                std::vector<IndexId> behind) {
  axes_ = axes;
  unit_ = std::move(outer);
  behind_ = std::move(behind);
}

// --- What is computed ----------------------------------------------------------------------------

/// Order-free reductions take what fills four vectors.
std::int64_t ReductionBuilder::pass_lanes(NodeId reduction) const {
  const Node& node = body_.node(reduction);
  return is_ordered(node.op, node.dtype) ? reduction_lanes(node.dtype)
                                         : std::int64_t{4} * strategy_.lanes;
}

/// Reductions that wait for none of each other share a pass, if they want as many lanes.
std::vector<ReductionBuilder::Pass> ReductionBuilder::passes(
    const std::function<bool(NodeId)>& wanted) const {
  std::vector<Pass> passes;
  std::vector<int> stages;
  for (std::uint32_t i = 0; i < body_.nodes().size(); ++i) {
    if (!placement_.is_needed({i}) || !is_reduction({i}) || !wanted({i})) continue;
    const int stage = placement_.stages[i];
    const bool free = !is_ordered(body_.node({i}).op, body_.node({i}).dtype);
    const std::int64_t lanes = pass_lanes({i});
    std::size_t at = 0;
    while (at < passes.size() && (stages[at] != stage || (!free && passes[at].lanes != lanes))) {
      ++at;
    }
    if (at == passes.size()) {
      passes.push_back({{}, lanes});
      stages.push_back(stage);
    }
    passes[at].reductions.push_back({i});
  }
  // Passes of earlier stages first.
  std::vector<std::size_t> order(passes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::pair(stages[a], a) < std::pair(stages[b], b);
  });
  std::vector<Pass> sorted;
  for (std::size_t i : order) sorted.push_back(std::move(passes[i]));
  return sorted;
}

std::vector<bool> ReductionBuilder::cone(const std::vector<NodeId>& targets) const {
  std::vector<bool> wanted(body_.nodes().size());
  for (NodeId target : targets) wanted[placement_.value(target).index] = true;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    const NodeId node{static_cast<std::uint32_t>(i)};
    if (!wanted[i] || is_reduction(node) || body_.node(node).op == Op::dot) continue;
    for (NodeId operand : body_.node(node).inputs()) {
      wanted[placement_.value(operand).index] = true;
    }
  }
  return wanted;
}

std::vector<bool> ReductionBuilder::cone_of(const Pass& pass) const {
  std::vector<NodeId> targets;
  for (NodeId reduction : pass.reductions) targets.push_back(body_.node(reduction).operands[0]);
  return cone(targets);
}

std::vector<NodeId> ReductionBuilder::nodes_of(const Outputs& outputs) const {
  std::vector<NodeId> nodes;
  for (std::size_t i : outputs) nodes.push_back(body_.outputs()[i].node);
  return nodes;
}

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

void ReductionBuilder::define_again(const std::vector<bool>& cone, Level level, IndexId place,
                                    Block& block) {
  const auto wanted = [&](NodeId node) {
    return cone[node.index] && placement_.level(node) == level && !is_reduction(node);
  };
  define(wanted, place, block);
}

void ReductionBuilder::define_identities(Block& block) {
  for (std::uint32_t i = 0; i < body_.nodes().size(); ++i) {
    if (placement_.is_needed({i}) && is_reduction({i})) identities_[i] = identity({i}, block);
  }
}

ReductionBuilder::Values ReductionBuilder::operand_values(const Pass& pass) const {
  Values values;
  for (NodeId reduction : pass.reductions) {
    values.push_back(values_[placement_.value(body_.node(reduction).operands[0]).index]);
  }
  return values;
}

ReductionBuilder::Values ReductionBuilder::identities(const Pass& pass) const {
  Values values;
  for (NodeId reduction : pass.reductions) values.push_back(identities_[reduction.index]);
  return values;
}

ReductionBuilder::Locals ReductionBuilder::new_locals(const Pass& pass, std::int64_t elements) {
  Locals locals;
  for (NodeId reduction : pass.reductions) {
    locals.push_back(new_local(body_.node(reduction).dtype, elements));
  }
  return locals;
}

std::int64_t ReductionBuilder::reduced_extent() const {
  std::int64_t extent = 1;
  for (int axis = axes_.outer; axis < axes_.outer + axes_.reduced; ++axis)
    extent *= space_.extents[axis];
  return extent;
}

/// How often chunks are reduced again until one is left: the class of the group's length.
int ReductionBuilder::levels(std::int64_t chunk) const {
  int levels = 0;
  const std::int64_t length = space_.chunk > 0 ? space_.chunk : reduced_extent();
  for (std::int64_t rest = length; rest > chunk; rest = (rest + chunk - 1) / chunk) {
    ++levels;
  }
  return levels;
}

/// What the unit reduces to one: the group, or a chunk of it.
Span ReductionBuilder::reduced_range() {
  IndexId length = indices_.constant(1);
  for (int axis = axes_.outer; axis < axes_.outer + axes_.reduced; ++axis) {
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

/// Whole steps of W lanes; returns the accumulated lanes.
ReductionBuilder::Values ReductionBuilder::accumulate(const Pass& pass, Span range,
                                                      const Values& first, const Operands& operands,
                                                      Block& block) {
  Loop loop = vector_loop(range, strategy_.lanes, static_cast<int>(pass.lanes / strategy_.lanes));
  for (std::size_t i = 0; i < first.size(); ++i) {
    const DType dtype = body_.node(pass.reductions[i]).dtype;
    loop.carried.push_back({first[i], new_value(dtype), {}, new_value(dtype)});
  }
  const Values x = operands(loop.variable, loop.body);
  Values results;
  for (std::size_t i = 0; i < first.size(); ++i) {
    Carry& carry = loop.carried[i];
    carry.next = combine(pass.reductions[i], carry.value, x[i], loop.body);
    results.push_back(carry.result);
  }
  block.emplace_back(std::move(loop));
  return results;
}

void ReductionBuilder::fill_identity(const Pass& pass, const Locals& locals, Span range,
                                     Block& block) {
  Loop loop = vector_loop(range, strategy_.lanes, static_cast<int>(pass.lanes / strategy_.lanes));
  for (std::size_t i = 0; i < locals.size(); ++i) {
    store_local(locals[i], loop.variable, identities_[pass.reductions[i].index], loop.body);
  }
  block.emplace_back(std::move(loop));
}

/// The elements [from, to) of the group, row by row where it has several axes. `body` is called
/// with places along the last axis.
void ReductionBuilder::add_row_parts(Span range, const std::vector<bool>& cone,
                                     const ElementBody& body, bool stores_outputs, Block& block) {
  if (axes_.reduced == 1) {
    set_row(unit_);
    return add_elements(range, body, stores_outputs, block);
  }
  const IndexId one = indices_.constant(1);
  const IndexId length = indices_.extent(inner_axis());
  const IndexId divisor = indices_.max(length, one);
  const IndexId last = indices_.add(range.to, indices_.sub(divisor, one));
  Loop rows = serial_loop({indices_.div(range.from, divisor), indices_.div(last, divisor)});
  std::vector<IndexId> positions = unit_;
  if (axes_.reduced == 2) {
    positions.push_back(rows.variable);
  } else {
    for (int axis = axes_.outer; axis < inner_axis(); ++axis) {
      positions.push_back(add_digit(rows, indices_.extent(axis)));
    }
  }
  set_row(positions);
  define_again(cone, axes_.group, {}, rows.body);
  const IndexId first = indices_.mul(rows.variable, length);
  row_start_ = first;
  const IndexId zero = indices_.constant(0);
  const Span columns{indices_.max(indices_.sub(range.from, first), zero),
                     indices_.min(indices_.sub(range.to, first), length)};
  add_elements(columns, body, stores_outputs, rows.body);
  row_start_ = zero;
  block.emplace_back(std::move(rows));
}

ReductionBuilder::Values ReductionBuilder::fold(const Pass& pass, const Values& accumulated,
                                                Block& block) {
  Values results;
  for (std::size_t i = 0; i < accumulated.size(); ++i) {
    const Node& node = body_.node(pass.reductions[i]);
    results.push_back(new_value(node.dtype));
    block.emplace_back(Fold{results.back(), combiner(node.op), accumulated[i]});
  }
  return results;
}

/// What is behind the last whole step, or all of a group of several axes, lies in local memory
/// first, filled up to whole steps.
ReductionBuilder::Values ReductionBuilder::reduce_chunk(const Pass& pass, Span range,
                                                        Block& block) {
  const std::vector<bool> wanted = cone_of(pass);
  const IndexId zero = indices_.constant(0);
  const IndexId lanes = indices_.constant(pass.lanes);
  Values accumulated = identities(pass);
  IndexId at = range.from;
  if (axes_.reduced == 1) {
    const IndexId length = indices_.sub(range.to, range.from);
    at = indices_.add(range.from, indices_.round_down(length, pass.lanes));
    set_row(unit_);
    const auto operands = [&](IndexId place, Block& inner) {
      define_again(wanted, Level::lane, place, inner);
      return operand_values(pass);
    };
    accumulated = accumulate(pass, {range.from, at}, accumulated, operands, block);
  }
  const std::int64_t room = axes_.reduced == 1 ? pass.lanes : pass.chunk();
  const Locals locals = new_locals(pass, room);
  const IndexId length = indices_.sub(range.to, at);
  const IndexId filled = indices_.mul(indices_.blocks(length, pass.lanes), lanes);
  fill_identity(pass, locals, {indices_.max(indices_.sub(filled, lanes), zero), filled}, block);
  const auto keep = [&](IndexId place, bool, Block& inner) {
    define_again(wanted, Level::lane, place, inner);
    const Values x = operand_values(pass);
    const IndexId position = indices_.sub(indices_.add(row_start_, place), at);
    for (std::size_t i = 0; i < x.size(); ++i) store_local(locals[i], position, x[i], inner);
  };
  add_row_parts({at, range.to}, wanted, keep, false, block);
  accumulated = accumulate(pass, {zero, filled}, accumulated, from_locals(locals), block);
  return fold(pass, accumulated, block);
}

/// The elements of a range of at most chunk ^ (level + 1) as one.
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
  return fold(pass, accumulate(pass, {zero, filled}, identities(pass), from_locals(results), block),
              block);
}

void ReductionBuilder::add_pass(const Pass& pass, Block& block) {
  if (reduced_extent() == 0) {  // there is nothing to read, not even once a row
    for (NodeId reduction : pass.reductions) {
      values_[reduction.index] = identities_[reduction.index];
      defined_[reduction.index] = true;
    }
    return;
  }
  set_row(unit_);
  if (axes_.group != Level::row) define_shared(cone_of(pass), Level::row, block);
  const Values results = reduce(pass, levels(pass.chunk()), reduced_range(), block);
  for (std::size_t i = 0; i < results.size(); ++i) {
    values_[pass.reductions[i].index] = results[i];
    defined_[pass.reductions[i].index] = true;
  }
}

void ReductionBuilder::add_row_outputs(const Outputs& left, const Outputs& rows, Block& block) {
  set_row(unit_);
  const std::vector<NodeId> long_ones =
      reduced_extent() == 0 ? std::vector<NodeId>() : nodes_of(rows);
  std::vector<NodeId> all = nodes_of(left);
  all.insert(all.end(), long_ones.begin(), long_ones.end());
  define_shared(cone(all), Level::row, block);
  const std::vector<bool> wanted = cone(long_ones);
  const auto body = [&](IndexId place, bool streaming, Block& inner) {
    define_again(wanted, Level::lane, place, inner);
    for (std::size_t i : rows) store_output(i, streaming, place, inner);
  };
  if (!long_ones.empty()) add_row_parts(reduced_range(), wanted, body, true, block);
  set_row(unit_);
  for (std::size_t i : left) {
    const NodeId node = placement_.value(body_.outputs()[i].node);
    block.emplace_back(Store{.value = values_[node.index],
                             .argument = output_argument(i),
                             .lanes = LaneStride::uniform,
                             .offset = rows_[output_argument(i)],
                             .lane_stride = {}});
  }
}

// --- Over columns --------------------------------------------------------------------------------

void ReductionBuilder::init_columns(const Pass& pass, const Locals& locals, Block& block) {
  const auto body = [&](IndexId place, bool, Block& inner) {
    const IndexId position = indices_.sub(place, columns_.from);
    for (std::size_t i = 0; i < locals.size(); ++i) {
      store_local(locals[i], position, identities_[pass.reductions[i].index], inner);
    }
  };
  add_elements(columns_, body, false, block);
}

/// Accumulates a range of at most chunk ^ (level + 1) rows.
void ReductionBuilder::reduce_columns(const Pass& pass, int level, Span rows, Block& block) {
  const Locals& into = accumulators_[static_cast<std::size_t>(level)];
  init_columns(pass, into, block);
  std::int64_t size = 1;
  for (int i = 0; i < level; ++i) size *= kChunkSteps;
  const IndexId step = indices_.constant(size);
  const IndexId count = indices_.blocks(indices_.sub(rows.to, rows.from), size);
  const bool single_axis = axes_.reduced == 1;
  Loop loop = serial_loop(level == 0 ? rows : Span{indices_.constant(0), count});
  const std::vector<bool> wanted = cone_of(pass);
  Operands operands;
  if (level > 0) {
    const IndexId from = indices_.add(rows.from, indices_.mul(loop.variable, step));
    const IndexId to = indices_.min(rows.to, indices_.add(from, step));
    reduce_columns(pass, level - 1, {from, to}, loop.body);
    const Locals& chunk = accumulators_[static_cast<std::size_t>(level) - 1];
    operands = [this, &chunk](IndexId place, Block& inner) {
      return from_locals(chunk)(indices_.sub(place, columns_.from), inner);
    };
  } else {
    std::vector<IndexId> positions = unit_;
    for (int axis = axes_.outer; axis < axes_.outer + axes_.reduced; ++axis) {
      positions.push_back(single_axis ? loop.variable : add_digit(loop, indices_.extent(axis)));
    }
    positions.insert(positions.end(), behind_.begin(), behind_.end());
    set_row(positions);
    define_again(wanted, axes_.group, {}, loop.body);
    operands = [this, &wanted, &pass](IndexId place, Block& inner) {
      define_again(wanted, Level::lane, place, inner);
      return operand_values(pass);
    };
  }
  const auto body = [&](IndexId place, bool, Block& inner) {
    const IndexId position = indices_.sub(place, columns_.from);
    const Values x = operands(place, inner);
    for (std::size_t i = 0; i < into.size(); ++i) {
      const ValueId before = load_local(into[i], position, inner);
      store_local(into[i], position, combine(pass.reductions[i], before, x[i], inner), inner);
    }
  };
  add_elements(columns_, body, false, loop.body);
  block.emplace_back(std::move(loop));
}

/// In the first row of the group: what does not change along that.
void ReductionBuilder::set_first_row() {
  std::vector<IndexId> positions = unit_;
  for (int i = 0; i < axes_.reduced; ++i) positions.push_back(indices_.constant(0));
  positions.insert(positions.end(), behind_.begin(), behind_.end());
  set_row(positions);
}

ReductionBuilder::Locals ReductionBuilder::add_column_pass(const Pass& pass, Span columns,
                                                           Block& block) {
  columns_ = columns;
  set_first_row();
  const bool empty = reduced_extent() == 0;
  if (!empty && axes_.group != Level::row) define_shared(cone_of(pass), Level::row, block);
  const int top = levels(kChunkSteps);
  accumulators_.clear();
  for (int level = 0; level <= top; ++level) {
    accumulators_.push_back(new_locals(pass, kColumnBlock));
  }
  if (empty)
    init_columns(pass, accumulators_.back(), block);
  else
    reduce_columns(pass, top, reduced_range(), block);
  return accumulators_.back();
}

void ReductionBuilder::add_column_outputs(const Pass& pass, const Locals& results, Span columns,
                                          const Outputs& outputs, Block& block) {
  set_first_row();
  const std::vector<bool> wanted = cone(nodes_of(outputs));
  define_shared(wanted, Level::row, block);
  const auto body = [&](IndexId place, bool streaming, Block& inner) {
    const IndexId position = indices_.sub(place, columns.from);
    for (std::size_t i = 0; i < pass.reductions.size(); ++i) {
      values_[pass.reductions[i].index] = load_local(results[i], position, inner);
    }
    define_again(wanted, Level::lane, place, inner);
    for (std::size_t i : outputs) store_output(i, streaming, place, inner);
  };
  add_elements(columns, body, true, block);
}

}  // namespace sinter::detail
