// Kernels with reductions, in the order that ir/reduction.h fixes.
//
// Over rows (the group that is reduced holds the last axis): one row after the other. Reductions
// that wait for others of the same row, as the sum of a softmax waits for its maximum, come in
// later passes over it; the last pass stores what has the length of the row. What takes long to
// compute and is wanted in several passes is kept in local memory. A pass accumulates W
// lanes in registers, chunk by chunk. What is left of a chunk behind its last whole step goes
// through local memory, filled up with the identity. A row of no more than W is one masked step.
//
// Where only chunks are reduced, each is a row, or block of columns, of its own.
//
// Over columns (axes behind the group): blocks of columns, one lane a column; the accumulators, one
// for each level of chunks, stay in registers on the way down.
#include "schedule_reduction.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include <sinter/ir/assert.h>
#include <sinter/ir/reduction.h>

#include "nest_builder.h"
#include "reduction_passes.h"

namespace sinter::detail {
namespace {

using Pass = ReductionPass;
using Values = std::vector<ValueId>;
using Locals = std::vector<std::uint8_t>;

/// A value is kept in memory if it would take this many operations to compute it again.
constexpr int kKeptOperations = 8;
/// Of its row.
constexpr std::int64_t kKeptBytes = std::int64_t{16} << 10;

class ReductionScheduler : NestBuilder {
 public:
  ReductionScheduler(const Graph& body, const LoopSpace& space, Placement placement,
                     CpuStrategy strategy)
      : NestBuilder(body, space, std::move(placement), std::move(strategy)),
        reductions_(body_, space_, placement_, std::int64_t{4} * strategy_.lanes),
        outer_(reductions_.outer()),
        defined_(body.nodes().size()),
        kept_(body.nodes().size()),
        known_(body.nodes().size()),
        kept_in_(body.nodes().size()) {}
  [[nodiscard]] LoopNest build();

 private:
  /// Gives a value for each reduction of a pass.
  using Operands = std::function<Values(IndexId place, Block& block)>;

  // What is computed.
  void define_shared(const std::vector<bool>& cone, Level level, Block& block);
  void define_again(const std::vector<bool>& cone, Level level, IndexId place, Block& block);
  void choose_kept();
  void begin_keeping(const std::vector<bool>& cone);
  void keep(IndexId place, Block& block);
  void end_keeping();
  [[nodiscard]] Locals new_locals(const Pass& pass, std::int64_t elements);
  [[nodiscard]] Span reduced_range();

  // Over rows.
  void add_rows(Block& block);
  void add_pass(const Pass& pass, Block& block);
  [[nodiscard]] Values reduce(const Pass& pass, int level, Span range, Block& block);
  [[nodiscard]] Values reduce_chunk(const Pass& pass, Span range, Block& block);
  [[nodiscard]] bool is_short(const Pass& pass) const;
  [[nodiscard]] Values reduce_short(const Pass& pass, Span range, Block& block);
  [[nodiscard]] Operands from_row(const Pass& pass, const std::vector<bool>& cone);
  [[nodiscard]] Loop lanes_loop(const Pass& pass, Span range);
  [[nodiscard]] Values accumulate(const Pass& pass, Loop loop, const Values& first,
                                  const Operands& operands, Block& block);
  void fill_identity(const Pass& pass, const Locals& locals, Span range, Block& block);
  void add_row_parts(Span range, const std::vector<bool>& cone, const ElementBody& body,
                     bool stores_outputs, Block& block);
  [[nodiscard]] Operands from_locals(const Locals& locals);
  void add_row_outputs(Block& block);

  // Over columns.
  void add_columns(Block& block);
  [[nodiscard]] std::vector<IndexId> with_group(const std::vector<IndexId>& group) const;
  [[nodiscard]] Values reduce_columns(const Pass& pass, int level, Span rows, IndexId place,
                                      Block& block);
  void add_column_loop(const Pass& pass, Loop loop, Block& block);
  void add_column_loops(const Pass& pass, Span columns, Block& block);

  const ReductionPasses reductions_;
  const int outer_;
  std::vector<IndexId> unit_;          // positions along the axes before the group
  std::vector<IndexId> behind_;        // and along those behind it but the last
  std::vector<bool> defined_;          // [node] it has a value that later blocks of the unit see
  std::vector<bool> kept_;             // [node] its row is, for passes to come
  std::vector<bool> known_;            // [node] ... and lies in its local argument
  std::vector<std::uint8_t> kept_in_;  // [node] this one
  std::vector<NodeId> keeping_;        // nodes that the pass at hand keeps
  IndexId row_start_;                  // of the row of the group that places count in
};

// --- What is computed ----------------------------------------------------------------------------

/// Values for all blocks of the unit to come.
void ReductionScheduler::define_shared(const std::vector<bool>& cone, Level level, Block& block) {
  const auto wanted = [&](NodeId node) {
    if (!cone[node.index] || placement_.level(node) != level || defined_[node.index] ||
        reductions_.is_reduction(node)) {
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
    return cone[node.index] && placement_.level(node) == level && !reductions_.is_reduction(node) &&
           !known_[node.index];
  };
  for (std::size_t i = 0; level == Level::lane && i < cone.size(); ++i) {
    if (cone[i] && known_[i]) values_[i] = load_local(kept_in_[i], place, block);
  }
  define(wanted, place, block);
}

// --- Rows that are kept for later passes ---------------------------------------------------------

/// A value that takes long to compute, as the exponential of a softmax does, is kept for the passes
/// behind, where its row fits the first level of the cache beside what is read.
void ReductionScheduler::choose_kept() {
  const std::int64_t extent = reductions_.reduced_extent();
  if (space_.reduced > 1 || space_.inner > 0 || space_.chunk > 0) return;
  kept_ = reductions_.worth_keeping(kKeptOperations);
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const std::int64_t bytes = info(body_.nodes()[i].dtype).bytes;
    kept_[i] = kept_[i] && bytes >= 4 && extent * bytes <= kKeptBytes;
  }
}

void ReductionScheduler::begin_keeping(const std::vector<bool>& cone) {
  const auto room = std::bit_ceil(static_cast<std::uint64_t>(reductions_.reduced_extent()));
  for (std::uint32_t i = 0; i < cone.size(); ++i) {
    if (!cone[i] || !kept_[i] || known_[i]) continue;
    kept_in_[i] = new_local(body_.node({i}).dtype, static_cast<std::int64_t>(room));
    keeping_.push_back({i});
  }
}

void ReductionScheduler::keep(IndexId place, Block& block) {
  for (NodeId node : keeping_) {
    store_local(kept_in_[node.index], place, values_[node.index], block);
  }
}

void ReductionScheduler::end_keeping() {
  for (NodeId node : keeping_) known_[node.index] = true;
  keeping_.clear();
}

Locals ReductionScheduler::new_locals(const Pass& pass, std::int64_t elements) {
  Locals locals;
  for (NodeId reduction : pass.reductions) {
    locals.push_back(new_local(body_.node(reduction).dtype, elements));
  }
  return locals;
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

ReductionScheduler::Operands ReductionScheduler::from_row(const Pass& pass,
                                                          const std::vector<bool>& cone) {
  return [this, &pass, &cone](IndexId place, Block& block) {
    define_again(cone, Level::lane, place, block);
    keep(place, block);
    return operand_values(pass);
  };
}

/// Whole steps of W lanes.
Loop ReductionScheduler::lanes_loop(const Pass& pass, Span range) {
  return vector_loop(range, strategy_.lanes, static_cast<int>(pass.lanes / strategy_.lanes));
}

/// Returns the accumulated lanes.
Values ReductionScheduler::accumulate(const Pass& pass, Loop loop, const Values& first,
                                      const Operands& operands, Block& block) {
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
  Loop loop = lanes_loop(pass, range);
  for (std::size_t i = 0; i < locals.size(); ++i) {
    store_local(locals[i], loop.variable, identity(pass.reductions[i]), loop.body);
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

/// Whether one masked step of at most W lanes takes in the row.
bool ReductionScheduler::is_short(const Pass& pass) const {
  return space_.reduced == 1 && strategy_.masks && reductions_.reduced_extent() <= pass.lanes;
}

/// With no more vectors than the row has: lanes that are left out would hold identities, which
/// change nothing.
Values ReductionScheduler::reduce_short(const Pass& pass, Span range, Block& block) {
  const std::vector<bool> wanted = reductions_.cone(pass, known_);
  std::int64_t lanes = strategy_.lanes;
  while (lanes < reductions_.reduced_extent()) lanes *= 2;
  Loop loop = vector_loop(range, strategy_.lanes, static_cast<int>(lanes / strategy_.lanes));
  loop.masked = true;
  loop.once = true;
  set_row(unit_);
  const Values accumulated =
      accumulate(pass, std::move(loop), identities(pass), from_row(pass, wanted), block);
  return fold(pass, accumulated, block);
}

/// What is behind the last whole step, or all of a group of several axes, lies in local memory
/// first, filled up to whole steps.
Values ReductionScheduler::reduce_chunk(const Pass& pass, Span range, Block& block) {
  if (is_short(pass)) return reduce_short(pass, range, block);
  const std::vector<bool> wanted = reductions_.cone(pass, known_);
  const IndexId zero = indices_.constant(0);
  const IndexId lanes = indices_.constant(pass.lanes);
  Values accumulated = identities(pass);
  IndexId at = range.from;
  if (space_.reduced == 1) {
    const IndexId length = indices_.sub(range.to, range.from);
    at = indices_.add(range.from, indices_.round_down(length, pass.lanes));
    set_row(unit_);
    accumulated = accumulate(pass, lanes_loop(pass, {range.from, at}), accumulated,
                             from_row(pass, wanted), block);
  }
  const std::int64_t room = space_.reduced == 1 ? pass.lanes : pass.chunk();
  const Locals locals = new_locals(pass, room);
  const IndexId length = indices_.sub(range.to, at);
  const IndexId filled = indices_.mul(indices_.blocks(length, pass.lanes), lanes);
  fill_identity(pass, locals, {indices_.max(indices_.sub(filled, lanes), zero), filled}, block);
  const auto fill = [&](IndexId place, bool, Block& inner) {
    define_again(wanted, Level::lane, place, inner);
    const Values x = operand_values(pass);
    const IndexId position = indices_.sub(indices_.add(row_start_, place), at);
    for (std::size_t i = 0; i < x.size(); ++i) store_local(locals[i], position, x[i], inner);
    keep(place, inner);
  };
  add_row_parts({at, range.to}, wanted, fill, false, block);
  accumulated =
      accumulate(pass, lanes_loop(pass, {zero, filled}), accumulated, from_locals(locals), block);
  return fold(pass, accumulated, block);
}

/// The elements of a range of at most chunk ^ (level + 1) as one.
Values ReductionScheduler::reduce(const Pass& pass, int level, Span range, Block& block) {
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
  const Values lanes_of_all = accumulate(pass, lanes_loop(pass, {zero, filled}), identities(pass),
                                         from_locals(results), block);
  return fold(pass, lanes_of_all, block);
}

void ReductionScheduler::add_pass(const Pass& pass, Block& block) {
  if (reductions_.reduced_extent() == 0) {  // there is nothing to read, not even once a row
    for (NodeId reduction : pass.reductions) {
      values_[reduction.index] = identity(reduction);
      defined_[reduction.index] = true;
    }
    return;
  }
  set_row(unit_);
  const std::vector<bool> wanted = reductions_.cone(pass, known_);
  define_shared(wanted, Level::row, block);
  begin_keeping(wanted);
  const Values results = reduce(pass, reductions_.levels(pass.chunk()), reduced_range(), block);
  for (std::size_t i = 0; i < results.size(); ++i) {
    values_[pass.reductions[i].index] = results[i];
    defined_[pass.reductions[i].index] = true;
  }
  end_keeping();
}

void ReductionScheduler::add_row_outputs(Block& block) {
  set_row(unit_);
  std::vector<NodeId> all = reductions_.outputs(true);
  const std::vector<NodeId> long_ones =
      reductions_.reduced_extent() == 0 ? std::vector<NodeId>() : reductions_.outputs(false);
  all.insert(all.end(), long_ones.begin(), long_ones.end());
  define_shared(reductions_.cone(all, known_), Level::row, block);
  const std::vector<bool> wanted = reductions_.cone(long_ones, known_);
  const auto body = [&](IndexId place, bool streaming, Block& inner) {
    define_again(wanted, Level::lane, place, inner);
    for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
      if (!reductions_.is_row_output(i)) store_output(i, streaming, place, inner);
    }
  };
  if (!long_ones.empty()) add_row_parts(reduced_range(), wanted, body, true, block);
  set_row(unit_);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (!reductions_.is_row_output(i)) continue;
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
  choose_kept();
  for (const Pass& pass : reductions_.passes()) add_pass(pass, rows.body);
  add_row_outputs(rows.body);
  block.emplace_back(std::move(rows));
}

// --- Over columns --------------------------------------------------------------------------------

/// Positions of the unit with these in the group.
std::vector<IndexId> ReductionScheduler::with_group(const std::vector<IndexId>& group) const {
  std::vector<IndexId> positions = unit_;
  positions.insert(positions.end(), group.begin(), group.end());
  positions.insert(positions.end(), behind_.begin(), behind_.end());
  return positions;
}

/// A range of at most chunk ^ (level + 1) rows as one, for the columns from `place` on.
Values ReductionScheduler::reduce_columns(const Pass& pass, int level, Span rows, IndexId place,
                                          Block& block) {
  std::int64_t size = 1;
  for (int i = 0; i < level; ++i) size *= kChunkSteps;
  const IndexId step = indices_.constant(size);
  const IndexId count = indices_.blocks(indices_.sub(rows.to, rows.from), size);
  Loop loop = serial_loop(level == 0 ? rows : Span{indices_.constant(0), count});
  std::vector<IndexId> group;
  for (int axis = outer_; level == 0 && axis < outer_ + space_.reduced; ++axis) {
    const bool single = space_.reduced == 1;
    group.push_back(single ? loop.variable : add_digit(loop, indices_.extent(axis)));
  }
  const auto operands = [&](IndexId at, Block& inner) {
    if (reductions_.reduced_extent() == 0) return identities(pass);  // there is nothing to read
    if (level > 0) {
      const IndexId from = indices_.add(rows.from, indices_.mul(at, step));
      const IndexId to = indices_.min(rows.to, indices_.add(from, step));
      return reduce_columns(pass, level - 1, {from, to}, place, inner);
    }
    const std::vector<bool> wanted = reductions_.cone(pass);
    set_row(with_group(group));
    define_again(wanted, Level::group, {}, inner);
    define_again(wanted, Level::lane, place, inner);
    return operand_values(pass);
  };
  return accumulate(pass, std::move(loop), identities(pass), operands, block);
}

/// What a loop over columns does to those that it is at.
void ReductionScheduler::add_column_loop(const Pass& pass, Loop loop, Block& block) {
  const int top = reductions_.levels(kChunkSteps);
  const Values results = reduce_columns(pass, top, reduced_range(), loop.variable, loop.body);
  for (std::size_t i = 0; i < results.size(); ++i) {
    values_[pass.reductions[i].index] = results[i];
  }
  const std::vector<IndexId> zeros(static_cast<std::size_t>(space_.reduced), indices_.constant(0));
  set_row(with_group(zeros));
  define_again(reductions_.cone(reductions_.outputs(true)), Level::lane, loop.variable, loop.body);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    store_output(i, false, loop.variable, loop.body);
  }
  block.emplace_back(std::move(loop));
}

/// Whole steps; then what is left as one masked step, or by single vectors and single columns.
void ReductionScheduler::add_column_loops(const Pass& pass, Span columns, Block& block) {
  IndexId at = columns.from;
  const auto add_whole = [&](int lanes, int unroll) {
    const IndexId length = indices_.sub(columns.to, at);
    const std::int64_t step = std::int64_t{lanes} * unroll;
    const IndexId to = indices_.add(at, indices_.round_down(length, step));
    add_column_loop(pass, vector_loop({at, to}, lanes, unroll), block);
    at = to;
  };
  add_whole(strategy_.lanes, strategy_.unroll);
  if (strategy_.masks) {
    Loop rest = vector_loop({at, columns.to}, strategy_.lanes, strategy_.unroll);
    rest.masked = true;
    rest.once = true;
    return add_column_loop(pass, std::move(rest), block);
  }
  if (strategy_.unroll > 1) add_whole(strategy_.lanes, 1);
  if (strategy_.lanes > 1) add_whole(1, 1);
}

void ReductionScheduler::add_columns(Block& block) {
  // All reductions of the kernel wait for nothing: see `partition`.
  Pass pass{{}, 1};
  for (Pass& each : reductions_.passes()) {
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
  const Span columns =
      part(digit(indices_.blocks(length, kColumnBlock)), inner_axis(), kColumnBlock);
  const std::vector<IndexId> zeros(static_cast<std::size_t>(space_.reduced), indices_.constant(0));
  set_row(with_group(zeros));
  if (reductions_.reduced_extent() > 0)
    define_shared(reductions_.cone(pass), Level::row, units.body);
  define_shared(reductions_.cone(reductions_.outputs(true)), Level::row, units.body);
  add_column_loops(pass, columns, units.body);
  block.emplace_back(std::move(units));
}

LoopNest ReductionScheduler::build() {
  row_start_ = indices_.constant(0);
  set_row({});
  std::vector<NodeId> targets = reductions_.outputs(true);
  if (reductions_.reduced_extent() > 0) {
    const std::vector<NodeId> rest = reductions_.outputs(false);
    targets.insert(targets.end(), rest.begin(), rest.end());
    for (const Pass& pass : reductions_.passes()) {
      for (NodeId node : pass.reductions) targets.push_back(body_.node(node).operands[0]);
    }
  }
  define_shared(reductions_.cone(targets), Level::nest, nest_.body);
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
