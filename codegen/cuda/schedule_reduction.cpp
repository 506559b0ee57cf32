// The loops of kernels with reductions for a GPU, in the order that ir/reduction.h fixes.
//
// Over rows (the reduced group contains the last axis), the threads of a team (half a warp) share
// the W lanes of a chunk. One team reduces a row of one chunk, without barriers. A block reduces a
// longer row: its teams share the chunks, and their results go to shared memory. Then every team
// reduces these results itself, so that all threads know the result of the row. Reductions that
// depend on others of the same row come in later passes. After the last pass, threads store the
// outputs that have the length of the row.
//
// Over columns (axes follow the group), a thread goes down a column, with one accumulator for each
// level of chunks.
//
// In a kernel that only reduces to chunks, each chunk is a row, or a part of a column, of its own.
#include "cuda/schedule_reduction.h"

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <sinter/ir/assert.h>

#include "cuda/nest.h"
#include "schedule/reduction_passes.h"

namespace sinter::detail {
namespace {

using Pass = ReductionPass;
using Values = std::vector<ValueId>;
using Locals = std::vector<std::uint8_t>;

/// A range of elements of a group, or of the results of its chunks.
struct Part {
  IndexId from, to;
};

class CudaReductionScheduler : CudaNestBuilder {
 public:
  CudaReductionScheduler(const Graph& body, const LoopSpace& space, Placement placement,
                         CudaStrategy strategy)
      : CudaNestBuilder(body, space, std::move(placement), std::move(strategy)),
        reductions_(body_, space_, placement_),
        defined_(body.nodes().size()) {}
  [[nodiscard]] LoopNest build();

 private:
  /// Defines what a pass reduces in the body of `loop`, and returns these values.
  using Operands = std::function<Values(Loop& loop, ThreadForm form)>;

  // Values.
  void define_shared(const std::vector<bool>& cone, Level level, Block& block);
  void rematerialise(const std::vector<bool>& cone, ThreadForm form, Block& block);
  void set_results(const Pass& pass, const Values& results);
  [[nodiscard]] std::vector<int> outer_axes() const { return axes(0, reductions_.outer()); }
  [[nodiscard]] std::vector<int> group_axes() const {
    return axes(reductions_.outer(), reductions_.outer() + space_.reduced);
  }
  [[nodiscard]] Part reduced_part();
  [[nodiscard]] bool is_empty() const { return reductions_.reduced_extent() == 0; }

  // Over rows.
  void add_rows(Block& block);
  void add_row(Block& block);
  void add_pass(const Pass& pass, Block& block);
  void add_row_outputs(Block& block);
  void add_row_part(ThreadForm form, Part part, const std::vector<bool>& cone, Block& block);
  [[nodiscard]] bool team_reduces_row() const { return strategy_.rows > 1; }
  [[nodiscard]] Values reduce(const Pass& pass, int level, Part part, Block& block);
  [[nodiscard]] Values reduce_chunk(const Pass& pass, Part part, Block& block);
  [[nodiscard]] Values reduce_results(const Pass& pass, const Locals& results, IndexId count,
                                      Block& block);
  [[nodiscard]] Values accumulated(const Pass& pass, ThreadForm form, Part part,
                                   const Values& first, const Operands& operands, Block& block);
  [[nodiscard]] ThreadForm form_of(const Pass& pass, bool masked) const;

  // Shared memory.
  [[nodiscard]] std::vector<Pass> passes_that_fit();
  [[nodiscard]] int row_levels(const Pass& pass) const;
  [[nodiscard]] std::int64_t results(const Pass& pass, int level) const;
  [[nodiscard]] std::int64_t shared_bytes(const Pass& pass) const;
  [[nodiscard]] Locals new_locals(const Pass& pass, int level);

  // Over columns.
  void add_columns(Block& block);
  [[nodiscard]] Values reduce_column(const Pass& pass, int level, Part rows, Block& block);
  void add_column_outputs(ThreadForm form, Block& block);

  const ReductionPasses reductions_;
  std::vector<bool> defined_;   // [node] true if defined where all later statements see it
  bool reuses_shared_ = false;  // true if passes use the same shared memory, one after another
  /// Arguments in shared memory by dtype, level and number of elements.
  std::map<std::tuple<DType, int, std::int64_t>, std::uint8_t> shared_;
};

// --- Values --------------------------------------------------------------------------------------

/// Defines the values of `level` in `cone` that have no definition yet; later statements use them.
void CudaReductionScheduler::define_shared(const std::vector<bool>& cone, Level level,
                                           Block& block) {
  const auto wanted = [&](NodeId node) {
    const bool missing = cone[node.index] && placement_.level(node) == level &&
                         !defined_[node.index] && !reductions_.is_reduction(node);
    defined_[node.index] = defined_[node.index] || missing;
    return missing;
  };
  define(wanted, {.scalar = true}, block);
}

/// Defines the values in `cone` that change with the place in the group, for `block` alone: every
/// walk over the group computes them anew.
void CudaReductionScheduler::rematerialise(const std::vector<bool>& cone, ThreadForm form,
                                           Block& block) {
  const auto wanted = [&](NodeId node) {
    return cone[node.index] && placement_.level(node) >= Level::group &&
           !reductions_.is_reduction(node);
  };
  define(wanted, form, block);
}

void CudaReductionScheduler::set_results(const Pass& pass, const Values& results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    values_[pass.reductions[i].index] = results[i];
    defined_[pass.reductions[i].index] = true;
  }
}

/// The elements that are reduced to one: the group, or, in a kernel that reduces to chunks, the
/// chunk whose number is the place along the axis before the group.
Part CudaReductionScheduler::reduced_part() {
  const IndexId all = length(group_axes());
  if (space_.chunk == 0) return {indices_.constant(0), all};
  const IndexId size = indices_.constant(space_.chunk);
  const IndexId from = indices_.mul(place(reductions_.outer() - 1), size);
  return {from, indices_.min(all, indices_.add(from, size))};
}

// --- Shared memory -------------------------------------------------------------------------------

/// Number of levels of chunk results in shared memory: 0 for a row that a team reduces. A row that
/// a block reduces has at least one level, even if it is a single chunk.
int CudaReductionScheduler::row_levels(const Pass& pass) const {
  return team_reduces_row() ? 0 : std::max(1, reductions_.levels(pass.chunk()));
}

/// Elements of shared memory for the chunk results of one level. A power of two: the nest depends
/// on the class of a length, not on the length.
std::int64_t CudaReductionScheduler::results(const Pass& pass, int level) const {
  std::int64_t rest = reductions_.reduced_to_one();
  for (int i = 0; i < level; ++i) rest = (rest + pass.chunk() - 1) / pass.chunk();
  return static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::min(rest, pass.chunk()))));
}

/// Bytes of shared memory for the chunk results of all levels of a pass.
std::int64_t CudaReductionScheduler::shared_bytes(const Pass& pass) const {
  std::int64_t bytes = 0;
  for (NodeId reduction : pass.reductions) {
    for (int level = 1; level <= row_levels(pass); ++level) {
      bytes += results(pass, level) * info(body_.node(reduction).dtype).bytes;
    }
  }
  return bytes;
}

/// The passes. If their results together exceed the shared memory of a block, each reduction is a
/// pass of its own, and all passes reuse the same memory.
std::vector<Pass> CudaReductionScheduler::passes_that_fit() {
  std::vector<Pass> passes = reductions_.passes();
  std::int64_t bytes = 0;
  for (const Pass& pass : passes) bytes += shared_bytes(pass);
  if (bytes <= strategy_.shared_bytes) return passes;
  reuses_shared_ = true;
  std::vector<Pass> single;
  for (const Pass& pass : passes) {
    for (NodeId reduction : pass.reductions) single.push_back({{reduction}, pass.lanes});
  }
  return single;
}

Locals CudaReductionScheduler::new_locals(const Pass& pass, int level) {
  const std::int64_t elements = results(pass, level);
  Locals locals;
  for (NodeId reduction : pass.reductions) {
    const DType dtype = body_.node(reduction).dtype;
    const auto next = static_cast<std::uint8_t>(nest_.arguments.size());
    const auto [found, is_new] = shared_.try_emplace({dtype, level, elements}, next);
    if (is_new || !reuses_shared_) {
      nest_.arguments.push_back({dtype, false, static_cast<std::uint32_t>(elements)});
      found->second = next;
    }
    locals.push_back(found->second);
  }
  return locals;
}

// --- Over rows -----------------------------------------------------------------------------------

ThreadForm CudaReductionScheduler::form_of(const Pass& pass, bool masked) const {
  return {.lanes = strategy_.lanes,
          .unroll = static_cast<int>(pass.lanes / (std::int64_t{kTeam} * strategy_.lanes)),
          .masked = masked};
}

/// Appends a loop that accumulates the elements of `part` onto the lanes in `first`; returns the
/// lanes.
Values CudaReductionScheduler::accumulated(const Pass& pass, ThreadForm form, Part part,
                                           const Values& first, const Operands& operands,
                                           Block& block) {
  Loop loop = thread_loop(form, kTeam, part.from, part.to);
  loop.ahead = static_cast<std::uint16_t>(form.masked ? 1 : strategy_.ahead);
  carry(pass, first, loop);
  const Values x = operands(loop, form);
  Values results = accumulate(pass, x, loop);
  block.emplace_back(std::move(loop));
  return results;
}

/// Reduces a part of at most one chunk: full steps of W elements by vectors, if all are aligned,
/// then the tail.
Values CudaReductionScheduler::reduce_chunk(const Pass& pass, Part part, Block& block) {
  const std::vector<bool> wanted = reductions_.cone(pass);
  const Operands operands = [&](Loop& loop, ThreadForm form) {
    set_place(loop, group_axes());
    rematerialise(wanted, form, loop.body);
    return operand_values(pass);
  };
  const IndexId length = indices_.sub(part.to, part.from);
  const IndexId whole = indices_.mul(indices_.round_down(length, pass.lanes), all_aligned());
  const IndexId at = indices_.add(part.from, whole);
  Values lanes =
      accumulated(pass, form_of(pass, false), {part.from, at}, identities(pass), operands, block);
  lanes = accumulated(pass, form_of(pass, true), {at, part.to}, lanes, operands, block);
  return fold(pass, lanes, block);
}

/// Reduces `count` chunk results to one. Every team of the block does the same work, so that all
/// threads know the result.
Values CudaReductionScheduler::reduce_results(const Pass& pass, const Locals& results,
                                              IndexId count, Block& block) {
  const Operands operands = [&](Loop& loop, ThreadForm form) {
    Values values;
    for (std::uint8_t local : results) {
      values.push_back(new_value(nest_.arguments[local].dtype));
      Load load{values.back(), local, LaneStride::contiguous, loop.variable, {}};
      if (form.lanes > 1) load.lanes = LaneStride::strided;
      if (form.lanes > 1) load.lane_stride = indices_.constant(1);
      loop.body.emplace_back(load);
    }
    return values;
  };
  const Part all{indices_.constant(0), count};
  return fold(pass, accumulated(pass, form_of(pass, true), all, identities(pass), operands, block),
              block);
}

/// Reduces a part of at most chunk ^ (level + 1) elements to one.
Values CudaReductionScheduler::reduce(const Pass& pass, int level, Part part, Block& block) {
  if (level == 0) return reduce_chunk(pass, part, block);
  std::int64_t size = 1;
  for (int i = 0; i < level; ++i) size *= pass.chunk();
  const IndexId step = indices_.constant(size);
  const IndexId count = indices_.blocks(indices_.sub(part.to, part.from), size);
  const Locals results = new_locals(pass, level);
  Loop parts =
      new_loop(level == 1 ? LoopKind::team : LoopKind::serial, indices_.constant(0), count);
  if (level == 1) parts.threads = kTeam;
  const IndexId from = indices_.add(part.from, indices_.mul(parts.variable, step));
  const IndexId to = indices_.min(part.to, indices_.add(from, step));
  const Values values = reduce(pass, level - 1, {from, to}, parts.body);
  for (std::size_t i = 0; i < values.size(); ++i) {
    parts.body.emplace_back(Store{.value = values[i],
                                  .argument = results[i],
                                  .lanes = LaneStride::uniform,
                                  .offset = parts.variable,
                                  .lane_stride = {}});
  }
  // The next part overwrites the results of this one in shared memory.
  if (level > 1) parts.body.emplace_back(Barrier{});
  block.emplace_back(std::move(parts));
  block.emplace_back(Barrier{});
  return reduce_results(pass, results, count, block);
}

void CudaReductionScheduler::add_pass(const Pass& pass, Block& block) {
  if (is_empty()) return set_results(pass, identities(pass));
  define_shared(reductions_.cone(pass), Level::row, block);
  set_results(pass, reduce(pass, row_levels(pass), reduced_part(), block));
  if (reuses_shared_) block.emplace_back(Barrier{});
}

/// Appends a loop over `part` of a row that stores the outputs of the row's length.
void CudaReductionScheduler::add_row_part(ThreadForm form, Part part, const std::vector<bool>& cone,
                                          Block& block) {
  const int threads = team_reduces_row() ? kTeam : strategy_.threads;
  Loop loop = thread_loop(form, threads, part.from, part.to);
  set_place(loop, group_axes());
  rematerialise(cone, form, loop.body);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (!reductions_.is_row_output(i)) store_output(i, form, loop.body);
  }
  block.emplace_back(std::move(loop));
}

void CudaReductionScheduler::add_row_outputs(Block& block) {
  std::vector<NodeId> all = reductions_.outputs(true);
  const std::vector<NodeId> long_ones =
      is_empty() ? std::vector<NodeId>() : reductions_.outputs(false);
  all.insert(all.end(), long_ones.begin(), long_ones.end());
  define_shared(reductions_.cone(all), Level::row, block);
  if (!long_ones.empty()) {
    const std::vector<bool> wanted = reductions_.cone(long_ones);
    const IndexId end = length(group_axes());
    IndexId at = indices_.constant(0);
    if (strategy_.lanes > 1) {
      const int threads = team_reduces_row() ? kTeam : strategy_.threads;
      at = indices_.mul(indices_.round_down(end, std::int64_t{threads} * strategy_.lanes),
                        all_aligned());
      add_row_part({.lanes = strategy_.lanes}, {indices_.constant(0), at}, wanted, block);
    }
    add_row_part({.masked = true}, {at, end}, wanted, block);
  }
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (reductions_.is_row_output(i)) store_output(i, {.scalar = true}, block);
  }
}

void CudaReductionScheduler::add_row(Block& block) {
  for (const Pass& pass : passes_that_fit()) add_pass(pass, block);
  add_row_outputs(block);
}

void CudaReductionScheduler::add_rows(Block& block) {
  const IndexId count = length(outer_axes());
  Loop rows = new_loop(LoopKind::block, indices_.constant(0), count);
  rows.threads = static_cast<std::uint16_t>(strategy_.threads);
  rows.tile = strategy_.rows;
  if (team_reduces_row()) {
    const IndexId next = indices_.add(rows.variable, indices_.constant(rows.tile));
    Loop teams = new_loop(LoopKind::team, rows.variable, indices_.min(count, next));
    teams.once = true;
    teams.threads = kTeam;
    set_place(teams, outer_axes());
    add_row(teams.body);
    rows.body.emplace_back(std::move(teams));
  } else {
    set_place(rows, outer_axes());
    add_row(rows.body);
  }
  block.emplace_back(std::move(rows));
}

// --- Over columns --------------------------------------------------------------------------------

/// Reduces at most kChunkSteps ^ (level + 1) rows of a column to one.
Values CudaReductionScheduler::reduce_column(const Pass& pass, int level, Part rows, Block& block) {
  std::int64_t size = 1;
  for (int i = 0; i < level; ++i) size *= kChunkSteps;
  const IndexId step = indices_.constant(size);
  Part part = rows;
  if (level > 0)
    part = {indices_.constant(0), indices_.blocks(indices_.sub(rows.to, rows.from), size)};
  Loop loop = new_loop(LoopKind::serial, part.from, part.to);
  carry(pass, identities(pass), loop);
  Values x;
  if (level > 0) {
    const IndexId from = indices_.add(rows.from, indices_.mul(loop.variable, step));
    const IndexId to = indices_.min(rows.to, indices_.add(from, step));
    x = reduce_column(pass, level - 1, {from, to}, loop.body);
  } else {
    loop.ahead = static_cast<std::uint16_t>(strategy_.ahead);
    set_place(loop, group_axes());
    rematerialise(reductions_.cone(pass), {.scalar = true}, loop.body);
    x = operand_values(pass);
  }
  Values results = accumulate(pass, x, loop);
  block.emplace_back(std::move(loop));
  return results;
}

void CudaReductionScheduler::add_column_outputs(ThreadForm form, Block& block) {
  const std::vector<bool> wanted = reductions_.cone(reductions_.outputs(true));
  define_shared(wanted, Level::row, block);
  rematerialise(wanted, form, block);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) store_output(i, form, block);
}

void CudaReductionScheduler::add_columns(Block& block) {
  // Over columns no reduction depends on another (`partition` cuts kernels so): one pass does all.
  Pass all{{}, 1};
  for (const Pass& pass : reductions_.passes()) {
    all.reductions.insert(all.reductions.end(), pass.reductions.begin(), pass.reductions.end());
  }
  std::vector<int> walked = outer_axes();
  for (const int axis : axes(space_.rank() - space_.inner, space_.rank())) walked.push_back(axis);
  const IndexId count = length(walked);
  Loop blocks = new_loop(LoopKind::block, indices_.constant(0), count);
  blocks.threads = static_cast<std::uint16_t>(strategy_.threads);
  blocks.tile = strategy_.threads;
  const ThreadForm form{.masked = true, .once = true};
  const IndexId next = indices_.add(blocks.variable, indices_.constant(blocks.tile));
  Loop columns = thread_loop(form, strategy_.threads, blocks.variable, indices_.min(count, next));
  set_place(columns, walked);
  if (is_empty()) {
    set_results(all, identities(all));
  } else {
    define_shared(reductions_.cone(all), Level::row, columns.body);
    const int levels = reductions_.levels(kChunkSteps);
    set_results(all, reduce_column(all, levels, reduced_part(), columns.body));
  }
  add_column_outputs(form, columns.body);
  blocks.body.emplace_back(std::move(columns));
  block.emplace_back(std::move(blocks));
}

LoopNest CudaReductionScheduler::build() {
  define_shared(reductions_.whole_cone(), Level::nest, nest_.body);
  define_identities(nest_.body);
  if (space_.inner == 0)
    add_rows(nest_.body);
  else
    add_columns(nest_.body);
  return take();
}

}  // namespace

LoopNest schedule_cuda_reduction(const Graph& body, const LoopSpace& space, Placement placement,
                                 const GpuTarget& target) {
  CudaStrategy strategy = choose_cuda_reduction_strategy(body, space, placement, target);
  return CudaReductionScheduler(body, space, std::move(placement), std::move(strategy)).build();
}

}  // namespace sinter::detail
