// Kernels with reductions, in the order that ir/reduction.h fixes.
//
// Over rows (the group that is reduced holds the last axis): one row after the other. Reductions
// that wait for others of the same row, as the sum of a softmax waits for its maximum, come in
// later passes over it; the last pass stores what has the length of the row. A pass accumulates W
// lanes in registers, chunk by chunk. What is left of a chunk behind its last whole step goes
// through local memory, filled up with the identity.
//
// Where only chunks are reduced, each is a row, or block of columns, of its own.
//
// Over columns (axes behind the group): blocks of columns, one lane a column; accumulators, one for
// each level of chunks, lie in local memory.
#include "schedule_reduction.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>
#include <sinter/ir/reduction.h>

#include "nest_builder.h"

namespace sinter::detail {
namespace {

/// Reductions that one walk over the rows computes.
struct Pass {
  std::vector<NodeId> reductions;
  std::int64_t lanes = 1;  ///< W
  [[nodiscard]] std::int64_t chunk() const { return kChunkSteps * lanes; }
};

class ReductionScheduler : NestBuilder {
 public:
  ReductionScheduler(const Graph& body, const LoopSpace& space, Placement placement,
                     CpuStrategy strategy)
      : NestBuilder(body, space, std::move(placement), std::move(strategy)),
        outer_(space.rank() - space.reduced - space.inner),
        identities_(body.nodes().size()),
        defined_(body.nodes().size()) {}
  [[nodiscard]] LoopNest build();

 private:
  using Values = std::vector<ValueId>;
  using Locals = std::vector<std::uint8_t>;
  /// Gives a value for each reduction of a pass.
  using Operands = std::function<Values(IndexId place, Block& block)>;

  // What is computed.
  [[nodiscard]] std::vector<Pass> passes() const;
  [[nodiscard]] std::int64_t pass_lanes(NodeId reduction) const;
  [[nodiscard]] std::vector<bool> cone(const std::vector<NodeId>& targets) const;
  [[nodiscard]] std::vector<bool> cone_of(const Pass& pass) const;
  [[nodiscard]] std::vector<NodeId> outputs(bool of_rows) const;
  [[nodiscard]] bool is_row_output(std::size_t output) const;
  [[nodiscard]] bool is_reduction(NodeId node) const {
    return info(body_.node(node).op).kind == OpKind::reduction;
  }
  void define_shared(const std::vector<bool>& cone, Level level, Block& block);
  void define_again(const std::vector<bool>& cone, Level level, IndexId place, Block& block);
  void define_identities(Block& block);
  [[nodiscard]] Values operand_values(const Pass& pass) const;
  [[nodiscard]] ValueId combine(NodeId reduction, ValueId a, ValueId b, Block& block);
  [[nodiscard]] Values identities(const Pass& pass) const;
  [[nodiscard]] Locals new_locals(const Pass& pass, std::int64_t elements);
  [[nodiscard]] int levels(std::int64_t chunk) const;
  [[nodiscard]] std::int64_t reduced_extent() const;
  [[nodiscard]] Span reduced_range();

  // Over rows.
  void add_rows(Block& block);
  void add_pass(const Pass& pass, Block& block);
  [[nodiscard]] Values reduce(const Pass& pass, int level, Span range, Block& block);
  [[nodiscard]] Values reduce_chunk(const Pass& pass, Span range, Block& block);
  [[nodiscard]] Values fold(const Pass& pass, const Values& accumulated, Block& block);
  [[nodiscard]] Values accumulate(const Pass& pass, Span range, const Values& first,
                                  const Operands& operands, Block& block);
  void fill_identity(const Pass& pass, const Locals& locals, Span range, Block& block);
  void add_row_parts(Span range, const std::vector<bool>& cone, const ElementBody& body,
                     bool stores_outputs, Block& block);
  [[nodiscard]] Operands from_locals(const Locals& locals);
  void add_row_outputs(Block& block);

  // Over columns.
  void add_columns(Block& block);
  void reduce_columns(const Pass& pass, int level, Span rows, Block& block);
  void init_columns(const Pass& pass, const Locals& locals, Block& block);
  void add_column_outputs(const Pass& pass, Block& block);

  const int outer_;
  std::vector<IndexId> unit_;        // positions along the axes before the group
  std::vector<IndexId> behind_;      // and along those behind it but the last
  std::vector<ValueId> identities_;  // [node] of a reduction
  std::vector<bool> defined_;        // [node] it has a value that later blocks of the unit see
  IndexId row_start_;                // of the row of the group that places count in
  Span columns_;
  std::vector<Locals> accumulators_;  // [level][reduction]
};

// --- What is computed ----------------------------------------------------------------------------

/// Order-free reductions take what fills four vectors.
std::int64_t ReductionScheduler::pass_lanes(NodeId reduction) const {
  const Node& node = body_.node(reduction);
  return is_ordered(node.op, node.dtype) ? reduction_lanes(node.dtype)
                                         : std::int64_t{4} * strategy_.lanes;
}

/// Reductions that wait for none of each other share a pass, if they want as many lanes.
std::vector<Pass> ReductionScheduler::passes() const {
  std::vector<Pass> passes;
  std::vector<int> stages;
  for (std::uint32_t i = 0; i < body_.nodes().size(); ++i) {
    if (!placement_.is_needed({i}) || !is_reduction({i})) continue;
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

/// What is needed for `targets`, up to what reductions gave.
std::vector<bool> ReductionScheduler::cone(const std::vector<NodeId>& targets) const {
  std::vector<bool> wanted(body_.nodes().size());
  for (NodeId target : targets) wanted[placement_.value(target).index] = true;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    const NodeId node{static_cast<std::uint32_t>(i)};
    if (!wanted[i] || is_reduction(node)) continue;
    for (NodeId operand : body_.node(node).inputs()) {
      wanted[placement_.value(operand).index] = true;
    }
  }
  return wanted;
}

std::vector<bool> ReductionScheduler::cone_of(const Pass& pass) const {
  std::vector<NodeId> targets;
  for (NodeId reduction : pass.reductions) targets.push_back(body_.node(reduction).operands[0]);
  return cone(targets);
}

/// Whether an output has one element for each group that is reduced.
bool ReductionScheduler::is_row_output(std::size_t output) const {
  for (int axis = outer_; axis < outer_ + space_.reduced; ++axis) {
    if (stride_class(space_, output_argument(output), axis) != LaneStride::uniform) return false;
  }
  return true;
}

std::vector<NodeId> ReductionScheduler::outputs(bool of_rows) const {
  std::vector<NodeId> nodes;
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (is_row_output(i) == of_rows) nodes.push_back(body_.outputs()[i].node);
  }
  return nodes;
}

/// Values for all blocks of the unit to come.
void ReductionScheduler::define_shared(const std::vector<bool>& cone, Level level, Block& block) {
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

/// Values for this block alone.
void ReductionScheduler::define_again(const std::vector<bool>& cone, Level level, IndexId place,
                                      Block& block) {
  const auto wanted = [&](NodeId node) {
    return cone[node.index] && placement_.level(node) == level && !is_reduction(node);
  };
  define(wanted, place, block);
}

void ReductionScheduler::define_identities(Block& block) {
  for (std::uint32_t i = 0; i < body_.nodes().size(); ++i) {
    if (!placement_.is_needed({i}) || !is_reduction({i})) continue;
    const Node& node = body_.node({i});
    const std::uint64_t bits = identity_bits(node.op, node.dtype);
    const auto constant = [&](double value) {
      const ValueId id = new_value(node.dtype);
      block.emplace_back(Compute{id, Op::constant, 0, {}, std::bit_cast<std::uint64_t>(value)});
      return id;
    };
    const double value = element_value(bits, node.dtype);
    if (element_bits(value, node.dtype) == bits && value != 0x1p63) {
      identities_[i] = constant(value);
      continue;
    }
    // The highest i64, which no f64 holds, is all bits of the lowest turned over.
    const ValueId lowest = constant(-0x1p63);
    identities_[i] = new_value(node.dtype);
    block.emplace_back(Compute{identities_[i], Op::bit_not, 1, {lowest}, 0});
  }
}

ReductionScheduler::Values ReductionScheduler::operand_values(const Pass& pass) const {
  Values values;
  for (NodeId reduction : pass.reductions) {
    values.push_back(values_[placement_.value(body_.node(reduction).operands[0]).index]);
  }
  return values;
}

ValueId ReductionScheduler::combine(NodeId reduction, ValueId a, ValueId b, Block& block) {
  const Node& node = body_.node(reduction);
  const ValueId result = new_value(node.dtype);
  block.emplace_back(Compute{result, combiner(node.op), 2, {a, b}, 0});
  return result;
}

ReductionScheduler::Values ReductionScheduler::identities(const Pass& pass) const {
  Values values;
  for (NodeId reduction : pass.reductions) values.push_back(identities_[reduction.index]);
  return values;
}

ReductionScheduler::Locals ReductionScheduler::new_locals(const Pass& pass, std::int64_t elements) {
  Locals locals;
  for (NodeId reduction : pass.reductions) {
    locals.push_back(new_local(body_.node(reduction).dtype, elements));
  }
  return locals;
}

std::int64_t ReductionScheduler::reduced_extent() const {
  std::int64_t extent = 1;
  for (int axis = outer_; axis < outer_ + space_.reduced; ++axis) extent *= space_.extents[axis];
  return extent;
}

/// How often chunks are reduced again until one is left: the class of the group's length.
int ReductionScheduler::levels(std::int64_t chunk) const {
  int levels = 0;
  const std::int64_t length = space_.chunk > 0 ? space_.chunk : reduced_extent();
  for (std::int64_t rest = length; rest > chunk; rest = (rest + chunk - 1) / chunk) {
    ++levels;
  }
  return levels;
}

/// What the unit reduces to one: the group, or a chunk of it.
Span ReductionScheduler::reduced_range() {
  IndexId length = indices_.constant(1);
  for (int axis = outer_; axis < outer_ + space_.reduced; ++axis) {
    length = indices_.mul(length, indices_.extent(axis));
  }
  if (space_.chunk == 0) return {indices_.constant(0), length};
  const IndexId size = indices_.constant(space_.chunk);
  const IndexId from = indices_.mul(unit_.back(), size);
  return {from, indices_.min(length, indices_.add(from, size))};
}

// --- Over rows -----------------------------------------------------------------------------------

ReductionScheduler::Operands ReductionScheduler::from_locals(const Locals& locals) {
  return [this, &locals](IndexId place, Block& block) {
    Values values;
    for (std::uint8_t local : locals) values.push_back(load_local(local, place, block));
    return values;
  };
}

/// Whole steps of W lanes; returns the accumulated lanes.
ReductionScheduler::Values ReductionScheduler::accumulate(const Pass& pass, Span range,
                                                          const Values& first,
                                                          const Operands& operands, Block& block) {
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

void ReductionScheduler::fill_identity(const Pass& pass, const Locals& locals, Span range,
                                       Block& block) {
  Loop loop = vector_loop(range, strategy_.lanes, static_cast<int>(pass.lanes / strategy_.lanes));
  for (std::size_t i = 0; i < locals.size(); ++i) {
    store_local(locals[i], loop.variable, identities_[pass.reductions[i].index], loop.body);
  }
  block.emplace_back(std::move(loop));
}

/// The elements [from, to) of the group, row by row where it has several axes. `body` is called
/// with places along the last axis.
void ReductionScheduler::add_row_parts(Span range, const std::vector<bool>& cone,
                                       const ElementBody& body, bool stores_outputs, Block& block) {
  if (space_.reduced == 1) {
    set_row(unit_);
    return add_elements(range, body, stores_outputs, block);
  }
  const IndexId one = indices_.constant(1);
  const IndexId length = indices_.extent(inner_axis());
  const IndexId divisor = indices_.max(length, one);
  const IndexId last = indices_.add(range.to, indices_.sub(divisor, one));
  Loop rows = serial_loop({indices_.div(range.from, divisor), indices_.div(last, divisor)});
  std::vector<IndexId> positions = unit_;
  if (space_.reduced == 2) {
    positions.push_back(rows.variable);
  } else {
    for (int axis = outer_; axis < inner_axis(); ++axis) {
      positions.push_back(add_digit(rows, indices_.extent(axis)));
    }
  }
  set_row(positions);
  define_again(cone, Level::group, {}, rows.body);
  const IndexId first = indices_.mul(rows.variable, length);
  row_start_ = first;
  const IndexId zero = indices_.constant(0);
  const Span columns{indices_.max(indices_.sub(range.from, first), zero),
                     indices_.min(indices_.sub(range.to, first), length)};
  add_elements(columns, body, stores_outputs, rows.body);
  row_start_ = zero;
  block.emplace_back(std::move(rows));
}

ReductionScheduler::Values ReductionScheduler::fold(const Pass& pass, const Values& accumulated,
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
ReductionScheduler::Values ReductionScheduler::reduce_chunk(const Pass& pass, Span range,
                                                            Block& block) {
  const std::vector<bool> wanted = cone_of(pass);
  const IndexId zero = indices_.constant(0);
  const IndexId lanes = indices_.constant(pass.lanes);
  Values accumulated = identities(pass);
  IndexId at = range.from;
  if (space_.reduced == 1) {
    const IndexId length = indices_.sub(range.to, range.from);
    at = indices_.add(range.from, indices_.round_down(length, pass.lanes));
    set_row(unit_);
    const auto operands = [&](IndexId place, Block& inner) {
      define_again(wanted, Level::lane, place, inner);
      return operand_values(pass);
    };
    accumulated = accumulate(pass, {range.from, at}, accumulated, operands, block);
  }
  const std::int64_t room = space_.reduced == 1 ? pass.lanes : pass.chunk();
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
ReductionScheduler::Values ReductionScheduler::reduce(const Pass& pass, int level, Span range,
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

void ReductionScheduler::add_pass(const Pass& pass, Block& block) {
  if (reduced_extent() == 0) {  // there is nothing to read, not even once a row
    for (NodeId reduction : pass.reductions) {
      values_[reduction.index] = identities_[reduction.index];
      defined_[reduction.index] = true;
    }
    return;
  }
  set_row(unit_);
  define_shared(cone_of(pass), Level::row, block);
  const Values results = reduce(pass, levels(pass.chunk()), reduced_range(), block);
  for (std::size_t i = 0; i < results.size(); ++i) {
    values_[pass.reductions[i].index] = results[i];
    defined_[pass.reductions[i].index] = true;
  }
}

void ReductionScheduler::add_row_outputs(Block& block) {
  set_row(unit_);
  std::vector<NodeId> all = outputs(true);
  const std::vector<NodeId> long_ones =
      reduced_extent() == 0 ? std::vector<NodeId>() : outputs(false);
  all.insert(all.end(), long_ones.begin(), long_ones.end());
  define_shared(cone(all), Level::row, block);
  const std::vector<bool> wanted = cone(long_ones);
  const auto body = [&](IndexId place, bool streaming, Block& inner) {
    define_again(wanted, Level::lane, place, inner);
    for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
      if (!is_row_output(i)) store_output(i, streaming, place, inner);
    }
  };
  if (!long_ones.empty()) add_row_parts(reduced_range(), wanted, body, true, block);
  set_row(unit_);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (!is_row_output(i)) continue;
    const NodeId node = placement_.value(body_.outputs()[i].node);
    block.emplace_back(Store{.value = values_[node.index],
                             .argument = output_argument(i),
                             .lanes = LaneStride::uniform,
                             .offset = rows_[output_argument(i)],
                             .lane_stride = {}});
  }
}

void ReductionScheduler::add_rows(Block& block) {
  Loop rows = parallel_loop();
  if (outer_ == 1) unit_ = {rows.variable};
  if (outer_ > 1) {
    for (int axis = 0; axis < outer_; ++axis) {
      unit_.push_back(add_digit(rows, indices_.extent(axis)));
    }
  }
  for (const Pass& pass : passes()) add_pass(pass, rows.body);
  add_row_outputs(rows.body);
  block.emplace_back(std::move(rows));
}

// --- Over columns --------------------------------------------------------------------------------

void ReductionScheduler::init_columns(const Pass& pass, const Locals& locals, Block& block) {
  const auto body = [&](IndexId place, bool, Block& inner) {
    const IndexId position = indices_.sub(place, columns_.from);
    for (std::size_t i = 0; i < locals.size(); ++i) {
      store_local(locals[i], position, identities_[pass.reductions[i].index], inner);
    }
  };
  add_elements(columns_, body, false, block);
}

/// Accumulates a range of at most chunk ^ (level + 1) rows.
void ReductionScheduler::reduce_columns(const Pass& pass, int level, Span rows, Block& block) {
  const Locals& into = accumulators_[static_cast<std::size_t>(level)];
  init_columns(pass, into, block);
  std::int64_t size = 1;
  for (int i = 0; i < level; ++i) size *= kChunkSteps;
  const IndexId step = indices_.constant(size);
  const IndexId count = indices_.blocks(indices_.sub(rows.to, rows.from), size);
  const bool single_axis = space_.reduced == 1;
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
    for (int axis = outer_; axis < outer_ + space_.reduced; ++axis) {
      positions.push_back(single_axis ? loop.variable : add_digit(loop, indices_.extent(axis)));
    }
    positions.insert(positions.end(), behind_.begin(), behind_.end());
    set_row(positions);
    define_again(wanted, Level::group, {}, loop.body);
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

void ReductionScheduler::add_column_outputs(const Pass& pass, Block& block) {
  std::vector<IndexId> positions = unit_;
  for (int i = 0; i < space_.reduced; ++i) positions.push_back(indices_.constant(0));
  positions.insert(positions.end(), behind_.begin(), behind_.end());
  set_row(positions);
  const std::vector<bool> wanted = cone(outputs(true));
  define_shared(wanted, Level::row, block);
  const auto body = [&](IndexId place, bool streaming, Block& inner) {
    const IndexId position = indices_.sub(place, columns_.from);
    for (std::size_t i = 0; i < pass.reductions.size(); ++i) {
      const std::uint8_t local = accumulators_.back()[i];
      values_[pass.reductions[i].index] = load_local(local, position, inner);
    }
    define_again(wanted, Level::lane, place, inner);
    for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
      store_output(i, streaming, place, inner);
    }
  };
  add_elements(columns_, body, true, block);
}

void ReductionScheduler::add_columns(Block& block) {
  // All reductions of the kernel wait for nothing: see `partition`.
  Pass pass{{}, 1};
  for (Pass& each : passes()) {
    pass.reductions.insert(pass.reductions.end(), each.reductions.begin(), each.reductions.end());
  }
  Loop units = parallel_loop();
  const int walked = outer_ + space_.inner;
  const auto digit = [&](IndexId radix) {
    return walked == 1 ? units.variable : add_digit(units, radix);
  };
  for (int axis = 0; axis < outer_; ++axis) unit_.push_back(digit(indices_.extent(axis)));
  for (int axis = outer_ + space_.reduced; axis < inner_axis(); ++axis) {
    behind_.push_back(digit(indices_.extent(axis)));
  }
  const IndexId length = indices_.extent(inner_axis());
  columns_ = part(digit(indices_.blocks(length, kColumnBlock)), inner_axis(), kColumnBlock);
  std::vector<IndexId> positions = unit_;
  for (int i = 0; i < space_.reduced; ++i) positions.push_back(indices_.constant(0));
  positions.insert(positions.end(), behind_.begin(), behind_.end());
  set_row(positions);
  const bool empty = reduced_extent() == 0;
  if (!empty) define_shared(cone_of(pass), Level::row, units.body);
  const int top = levels(kChunkSteps);
  for (int level = 0; level <= top; ++level) {
    accumulators_.push_back(new_locals(pass, kColumnBlock));
  }
  if (empty)
    init_columns(pass, accumulators_.back(), units.body);
  else
    reduce_columns(pass, top, reduced_range(), units.body);
  add_column_outputs(pass, units.body);
  block.emplace_back(std::move(units));
}

LoopNest ReductionScheduler::build() {
  row_start_ = indices_.constant(0);
  set_row({});
  std::vector<NodeId> targets = outputs(true);
  if (reduced_extent() > 0) {
    const std::vector<NodeId> rest = outputs(false);
    targets.insert(targets.end(), rest.begin(), rest.end());
    for (const Pass& pass : passes()) {
      for (NodeId node : pass.reductions) targets.push_back(body_.node(node).operands[0]);
    }
  }
  define_shared(cone(targets), Level::nest, nest_.body);
  define_identities(nest_.body);
  if (space_.inner == 0)
    add_rows(nest_.body);
  else
    add_columns(nest_.body);
  return take();
}

}  // namespace

LoopNest schedule_reduction(const Graph& body, const LoopSpace& space, Placement placement,
                            CpuStrategy strategy) {
  return ReductionScheduler(body, space, std::move(placement), std::move(strategy)).build();
}

}  // namespace sinter::detail
