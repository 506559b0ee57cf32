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

#include "cuda/nest.h"
#include "schedule/reductions.h"

namespace sinter::detail {
namespace {

class CudaReductionScheduler {
 public:
  explicit CudaReductionScheduler(CudaNest nest)
      : nest_(std::move(nest)), reductions_(nest_.body, nest_.space, nest_.placement) {}
  [[nodiscard]] LoopNest build() &&;

 private:
  // Values.
  void define_shared(const Places& at, const std::vector<bool>& cone, Level level, Block& block);
  void rematerialise(const Places& at, const std::vector<bool>& cone, ThreadForm form,
                     Block& block);
  [[nodiscard]] std::vector<int> outer_axes() const { return axes(0, reductions_.outer()); }
  [[nodiscard]] std::vector<int> group_axes() const {
    return axes(reductions_.outer(), reductions_.outer() + nest_.space.reduced);
  }
  [[nodiscard]] Span reduced_part(const Places& at);
  [[nodiscard]] bool is_empty() const { return reductions_.reduced_extent() == 0; }

  // Over rows. `row` has the places of a row, along the axes before the group.
  void add_rows(Block& block);
  void add_row(const Places& row, Block& block);
  void add_pass(const Places& row, const ReductionPass& pass, Block& block);
  void add_row_outputs(const Places& row, Block& block);
  void add_row_part(const Places& row, ThreadForm form, Span part, const std::vector<bool>& cone,
                    Block& block);
  [[nodiscard]] bool team_reduces_row() const { return nest_.strategy.rows > 1; }
  /// Number of threads that share a row.
  [[nodiscard]] int row_threads() const {
    return team_reduces_row() ? kTeam : nest_.strategy.threads;
  }
  [[nodiscard]] Values reduce_chunk(const Places& row, const ReductionPass& pass, Span part,
                                    Block& block);
  [[nodiscard]] Values reduce_results(const ReductionPass& pass, const Locals& results,
                                      IndexId count, Block& block);
  [[nodiscard]] ThreadForm form_of(const ReductionPass& pass, bool masked) const;
  [[nodiscard]] Loop lanes_loop(ThreadForm form, Span part);
  [[nodiscard]] Loop team_loop(Span range);

  // Shared memory.
  [[nodiscard]] std::vector<ReductionPass> passes_that_fit();
  [[nodiscard]] int row_levels(const ReductionPass& pass) const;
  [[nodiscard]] std::int64_t results(const ReductionPass& pass, int level) const;
  [[nodiscard]] std::int64_t shared_bytes(const ReductionPass& pass) const;
  [[nodiscard]] Locals shared_results(const ReductionPass& pass, int level);

  // Over columns.
  void add_columns(Block& block);
  void add_column_outputs(const Places& at, ThreadForm form, Block& block);

  CudaNest nest_;
  const ReductionPasses reductions_;
  /// True if passes of one reduction each use the same shared memory, one after another.
  bool reuses_shared_ = false;
  /// Arguments in reused shared memory, by dtype, level and number of elements.
  std::map<std::tuple<DType, int, std::int64_t>, std::uint8_t> shared_;
};

// --- Values --------------------------------------------------------------------------------------

/// Defines the values of `level` in `cone` that have no definition yet; later statements use them.
void CudaReductionScheduler::define_shared(const Places& at, const std::vector<bool>& cone,
                                           Level level, Block& block) {
  nest_.define(at, missing(nest_, cone, level), {.scalar = true}, block);
  set_defined(nest_, cone, level);
}

/// Defines the values in `cone` that change with the place in the group, for `block` alone: every
/// walk over the group computes them anew.
void CudaReductionScheduler::rematerialise(const Places& at, const std::vector<bool>& cone,
                                           ThreadForm form, Block& block) {
  const auto wanted = [&](NodeId node) {
    return cone[node.index] && nest_.placement.level(node) >= Level::group &&
           !reductions_.is_reduction(node);
  };
  nest_.define(at, wanted, form, block);
}

/// The elements that are reduced to one: the group, or, in a kernel that reduces to chunks, the
/// chunk whose number is the place along the axis before the group.
Span CudaReductionScheduler::reduced_part(const Places& at) {
  const auto before = static_cast<std::size_t>(reductions_.outer());
  return reduced_span(nest_, reductions_, before == 0 ? IndexId{} : at[before - 1]);
}

// --- Shared memory -------------------------------------------------------------------------------

/// Number of levels of chunk results in shared memory: 0 for a row that a team reduces. A row that
/// a block reduces has at least one level, even if it is a single chunk.
int CudaReductionScheduler::row_levels(const ReductionPass& pass) const {
  return team_reduces_row() ? 0 : std::max(1, reductions_.levels(pass.chunk()));
}

/// Elements of shared memory for the chunk results of one level. A power of two: the nest depends
/// on the class of a length, not on the length.
std::int64_t CudaReductionScheduler::results(const ReductionPass& pass, int level) const {
  std::int64_t rest = reductions_.reduced_to_one();
  for (int i = 0; i < level; ++i) rest = (rest + pass.chunk() - 1) / pass.chunk();
  return static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::min(rest, pass.chunk()))));
}

/// Bytes of shared memory for the chunk results of all levels of a pass.
std::int64_t CudaReductionScheduler::shared_bytes(const ReductionPass& pass) const {
  std::int64_t bytes = 0;
  for (NodeId reduction : pass.reductions) {
    for (int level = 1; level <= row_levels(pass); ++level) {
      bytes += results(pass, level) * info(nest_.body.node(reduction).dtype).bytes;
    }
  }
  return bytes;
}

/// The passes. If their results together exceed the shared memory of a block, each reduction is a
/// pass of its own, and all passes reuse the same memory.
std::vector<ReductionPass> CudaReductionScheduler::passes_that_fit() {
  std::vector<ReductionPass> passes = reductions_.passes();
  std::int64_t bytes = 0;
  for (const ReductionPass& pass : passes) bytes += shared_bytes(pass);
  if (bytes <= nest_.strategy.shared_bytes) return passes;
  reuses_shared_ = true;
  std::vector<ReductionPass> single;
  for (const ReductionPass& pass : passes) {
    for (NodeId reduction : pass.reductions) single.push_back({{reduction}, pass.lanes});
  }
  return single;
}

/// Returns arguments in shared memory for the chunk results of a level.
Locals CudaReductionScheduler::shared_results(const ReductionPass& pass, int level) {
  const std::int64_t elements = results(pass, level);
  if (!reuses_shared_) return new_locals(nest_, pass, elements);
  const DType dtype = nest_.body.node(pass.reductions[0]).dtype;  // the only one
  const auto [found, is_new] = shared_.try_emplace({dtype, level, elements});
  if (is_new) found->second = nest_.new_local(dtype, elements);
  return {found->second};
}

// --- Over rows -----------------------------------------------------------------------------------

ThreadForm CudaReductionScheduler::form_of(const ReductionPass& pass, bool masked) const {
  const int lanes = nest_.strategy.lanes;
  return {.lanes = lanes,
          .unroll = static_cast<int>(pass.lanes / (std::int64_t{kTeam} * lanes)),
          .masked = masked};
}

/// Returns a loop in which a team accumulates the elements of `part`.
Loop CudaReductionScheduler::lanes_loop(ThreadForm form, Span part) {
  Loop loop = nest_.thread_loop(form, kTeam, part);
  loop.ahead = static_cast<std::uint16_t>(form.masked ? 1 : nest_.strategy.ahead);
  return loop;
}

/// Returns a loop whose steps the teams of a block share.
Loop CudaReductionScheduler::team_loop(Span range) {
  Loop loop = nest_.new_loop(LoopKind::team, range);
  loop.threads = kTeam;
  return loop;
}

/// Reduces a part of at most one chunk: full steps of W elements by vectors, if all are aligned,
/// then the tail.
Values CudaReductionScheduler::reduce_chunk(const Places& row, const ReductionPass& pass, Span part,
                                            Block& block) {
  IndexTable& indices = nest_.indices;
  const std::vector<bool> wanted = reductions_.cone(pass);
  const auto accumulate = [&](bool masked, Span range, const Values& first) {
    const ThreadForm form = form_of(pass, masked);
    const auto operands = [&](Loop& loop) {
      rematerialise(nest_.along(loop, group_axes(), row), wanted, form, loop.body);
      return operand_values(nest_, pass);
    };
    return accumulated(nest_, pass, lanes_loop(form, range), first, operands, block);
  };
  const IndexId length = indices.sub(part.to, part.from);
  const IndexId whole = indices.mul(indices.round_down(length, pass.lanes), nest_.all_aligned());
  const IndexId at = indices.add(part.from, whole);
  const Values lanes = accumulate(false, {part.from, at}, identities(nest_, pass));
  return fold(nest_, pass, accumulate(true, {at, part.to}, lanes), block);
}

/// Reduces `count` chunk results to one. Every team of the block does the same work, so that all
/// threads know the result.
Values CudaReductionScheduler::reduce_results(const ReductionPass& pass, const Locals& results,
                                              IndexId count, Block& block) {
  const ThreadForm form = form_of(pass, true);
  const auto operands = [&](Loop& loop) {
    Values values;
    for (std::uint8_t local : results) {
      values.push_back(nest_.new_value(nest_.result.arguments[local].dtype));
      Load load{values.back(), local, LaneStride::contiguous, loop.variable, {}};
      if (form.lanes > 1) load.lanes = LaneStride::strided;
      if (form.lanes > 1) load.lane_stride = nest_.number(1);
      loop.body.emplace_back(load);
    }
    return values;
  };
  Loop loop = lanes_loop(form, {nest_.number(0), count});
  const Values lanes =
      accumulated(nest_, pass, std::move(loop), identities(nest_, pass), operands, block);
  return fold(nest_, pass, lanes, block);
}

void CudaReductionScheduler::add_pass(const Places& row, const ReductionPass& pass, Block& block) {
  if (is_empty()) return set_results(nest_, pass, identities(nest_, pass));
  define_shared(row, reductions_.cone(pass), Level::row, block);
  const RowReduction on_gpu{
      .reduce_chunk = [&](Span part, Block& inner) { return reduce_chunk(row, pass, part, inner); },
      .new_results = [&](int level, IndexId, Block&) { return shared_results(pass, level); },
      .chunk_loop =
          [&](int level, IndexId count) {
            const Span chunks{nest_.number(0), count};
            if (level > 1) return nest_.new_loop(LoopKind::serial, chunks);
            return team_loop(chunks);
          },
      .reduce_results = [&](const Locals& results, IndexId count,
                            Block& inner) { return reduce_results(pass, results, count, inner); },
      .barriers = true};
  set_results(nest_, pass,
              reduce_row(nest_, pass, row_levels(pass), reduced_part(row), on_gpu, block));
  if (reuses_shared_) block.emplace_back(Barrier{});
}

/// Appends a loop over `part` of a row that stores the outputs of the row's length.
void CudaReductionScheduler::add_row_part(const Places& row, ThreadForm form, Span part,
                                          const std::vector<bool>& cone, Block& block) {
  Loop loop = nest_.thread_loop(form, row_threads(), part);
  const Places at = nest_.along(loop, group_axes(), row);
  rematerialise(at, cone, form, loop.body);
  for (std::size_t i = 0; i < nest_.body.outputs().size(); ++i) {
    if (!reductions_.is_row_output(i)) nest_.store_output(at, i, form, loop.body);
  }
  block.emplace_back(std::move(loop));
}

void CudaReductionScheduler::add_row_outputs(const Places& row, Block& block) {
  std::vector<NodeId> all = reductions_.outputs(true);
  const std::vector<NodeId> long_ones =
      is_empty() ? std::vector<NodeId>() : reductions_.outputs(false);
  all.insert(all.end(), long_ones.begin(), long_ones.end());
  define_shared(row, reductions_.cone(all), Level::row, block);
  if (!long_ones.empty()) {
    const std::vector<bool> wanted = reductions_.cone(long_ones);
    const int lanes = nest_.strategy.lanes;
    const IndexId end = nest_.length(group_axes());
    IndexId at = nest_.number(0);
    if (lanes > 1) {
      at = nest_.indices.mul(nest_.indices.round_down(end, std::int64_t{row_threads()} * lanes),
                             nest_.all_aligned());
      add_row_part(row, {.lanes = lanes}, {nest_.number(0), at}, wanted, block);
    }
    add_row_part(row, {.masked = true}, {at, end}, wanted, block);
  }
  for (std::size_t i = 0; i < nest_.body.outputs().size(); ++i) {
    if (reductions_.is_row_output(i)) nest_.store_output(row, i, {.scalar = true}, block);
  }
}

void CudaReductionScheduler::add_row(const Places& row, Block& block) {
  for (const ReductionPass& pass : passes_that_fit()) add_pass(row, pass, block);
  add_row_outputs(row, block);
}

void CudaReductionScheduler::add_rows(Block& block) {
  const IndexId count = nest_.length(outer_axes());
  Loop rows = nest_.block_loop(count, nest_.strategy.rows);
  if (team_reduces_row()) {
    const IndexId next = nest_.indices.add(rows.variable, nest_.number(rows.tile));
    Loop teams = team_loop({rows.variable, nest_.indices.min(count, next)});
    teams.once = true;
    add_row(nest_.along(teams, outer_axes(), nest_.origin()), teams.body);
    rows.body.emplace_back(std::move(teams));
  } else {
    add_row(nest_.along(rows, outer_axes(), nest_.origin()), rows.body);
  }
  block.emplace_back(std::move(rows));
}

// --- Over columns --------------------------------------------------------------------------------

void CudaReductionScheduler::add_column_outputs(const Places& at, ThreadForm form, Block& block) {
  const std::vector<bool> wanted = reductions_.cone(reductions_.outputs(true));
  define_shared(at, wanted, Level::row, block);
  rematerialise(at, wanted, form, block);
  nest_.store_outputs(at, form, block);
}

void CudaReductionScheduler::add_columns(Block& block) {
  // Over columns no reduction depends on another (`partition` cuts kernels so): one pass does all.
  ReductionPass all{{}, 1};
  for (const ReductionPass& pass : reductions_.passes()) {
    all.reductions.insert(all.reductions.end(), pass.reductions.begin(), pass.reductions.end());
  }
  std::vector<int> walked = outer_axes();
  const int rank = nest_.space.rank();
  for (const int axis : axes(rank - nest_.space.inner, rank)) walked.push_back(axis);
  const IndexId count = nest_.length(walked);
  Loop blocks = nest_.block_loop(count, nest_.strategy.threads);
  const ThreadForm form{.masked = true, .once = true};
  const IndexId next = nest_.indices.add(blocks.variable, nest_.number(blocks.tile));
  Loop columns = nest_.thread_loop(form, nest_.strategy.threads,
                                   {blocks.variable, nest_.indices.min(count, next)});
  const Places at = nest_.along(columns, walked, nest_.origin());
  const auto operands = [&](Loop& loop) {
    loop.ahead = static_cast<std::uint16_t>(nest_.strategy.ahead);
    const Places row = nest_.along(loop, group_axes(), at);
    rematerialise(row, reductions_.cone(all), {.scalar = true}, loop.body);
    return operand_values(nest_, all);
  };
  if (is_empty()) {
    set_results(nest_, all, identities(nest_, all));
  } else {
    define_shared(at, reductions_.cone(all), Level::row, columns.body);
    const int levels = reductions_.levels(kChunkSteps);
    set_results(nest_, all,
                reduce_columns(nest_, all, levels, reduced_part(at), operands, columns.body));
  }
  add_column_outputs(at, form, columns.body);
  blocks.body.emplace_back(std::move(columns));
  block.emplace_back(std::move(blocks));
}

LoopNest CudaReductionScheduler::build() && {
  Block& block = nest_.result.body;
  define_shared(nest_.origin(), reductions_.whole_cone(), Level::nest, block);
  define_identities(nest_, block);
  if (nest_.space.inner == 0)
    add_rows(block);
  else
    add_columns(block);
  return nest_.take();
}

}  // namespace

LoopNest schedule_cuda_reduction(const Graph& body, const LoopSpace& space, Placement placement,
                                 const GpuTarget& target) {
  CudaStrategy strategy = choose_cuda_reduction_strategy(body, space, placement, target);
  return CudaReductionScheduler({body, space, std::move(placement), std::move(strategy)}).build();
}

}  // namespace sinter::detail
