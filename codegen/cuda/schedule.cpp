// schedule_cuda: the loops of elementwise kernels for a GPU. A block of threads computes a tile of
// elements. Each thread computes a few vectors of it. Reductions are scheduled in
// schedule_reduction.cpp, products in schedule_product.cpp.
//
// All elements are one range, whatever the rank. A thread finds its place along the axes by
// division, so short rows leave no thread idle. A tile is cut into consecutive parts, one loop
// each; a part may be empty:
//   main    the whole tile by vectors, if the tile is full and every vector is aligned
//   middle  full steps of single elements, several of them in flight
//   tail    the remaining elements, each with a test
#include <limits>
#include <utility>
#include <vector>

#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "cuda/nest.h"
#include "cuda/schedule_product.h"
#include "cuda/schedule_reduction.h"

namespace sinter {
namespace {

using detail::CudaNest;
using detail::IndexTable;
using detail::Level;
using detail::Placement;
using detail::Span;
using detail::ThreadForm;

/// Elements that a block of threads computes.
std::int64_t tile_of(const detail::CudaStrategy& strategy) {
  return std::int64_t{strategy.threads} * strategy.lanes * strategy.unroll;
}

/// Appends one loop over a part of a tile. The loop defines values of all levels but `nest`: its
/// range crosses rows, so values that change with the row change with the vector.
void add_loop(CudaNest& nest, ThreadForm form, Span range, Block& block) {
  Loop loop = nest.thread_loop(form, nest.strategy.threads, range);
  const detail::Places at = nest.along(loop, detail::axes(0, nest.space.rank()), nest.origin());
  const auto wanted = [&](NodeId node) { return nest.placement.level(node) != Level::nest; };
  nest.define(at, wanted, form, loop.body);
  nest.store_outputs(at, form, loop.body);
  block.emplace_back(std::move(loop));
}

/// Appends the loops over the tile that begins at `from`, of a kernel of `count` elements.
void add_tile(CudaNest& nest, IndexId from, IndexId count, Block& block) {
  IndexTable& indices = nest.indices;
  const detail::CudaStrategy& strategy = nest.strategy;
  const std::int64_t tile = tile_of(strategy);
  const ThreadForm main{.lanes = strategy.lanes, .unroll = strategy.unroll, .once = true};
  const ThreadForm middle{.unroll = strategy.singles};
  const IndexId end = indices.min(count, indices.add(from, nest.number(tile)));
  IndexId at = from;
  const auto whole_steps = [&](std::int64_t step) {
    return indices.round_down(indices.sub(end, at), step);
  };
  const auto add = [&](ThreadForm form, IndexId to) {
    add_loop(nest, form, {at, to}, block);
    at = to;
  };
  add(main, indices.add(at, indices.mul(whole_steps(tile), nest.all_aligned())));
  if (middle.unroll > 1) {
    add(middle, indices.add(at, whole_steps(std::int64_t{strategy.threads} * middle.unroll)));
  }
  add({.masked = true}, end);
}

LoopNest schedule_elementwise(CudaNest nest) {
  const auto wanted = [&](NodeId node) { return nest.placement.level(node) == Level::nest; };
  nest.define(nest.origin(), wanted, {}, nest.result.body);
  const IndexId count = nest.length(detail::axes(0, nest.space.rank()));
  Loop tiles = nest.block_loop(count, tile_of(nest.strategy));
  add_tile(nest, tiles.variable, count, tiles.body);
  nest.result.body.emplace_back(std::move(tiles));
  return nest.take();
}

}  // namespace

LoopNest schedule_cuda(const Graph& body, const LoopSpace& space, const GpuTarget& target) try {
  const detail::FloatEnvironment environment;
  Placement placement = detail::place(body, space);
  if (space.product) {
    return detail::schedule_cuda_product(body, space, std::move(placement), target);
  }
  if (space.reduced > 0) {
    return detail::schedule_cuda_reduction(body, space, std::move(placement), target);
  }
  detail::CudaStrategy strategy = detail::choose_cuda_strategy(body, space, placement, target);
  return schedule_elementwise({body, space, std::move(placement), std::move(strategy)});
} catch (...) {
  detail::rethrow_as_error();
}

PlanLimits GpuTarget::plan_limits() const {
  check(model);
  // No limit: neighbouring threads read neighbouring columns, however far apart the rows lie.
  constexpr std::int64_t kAnyColumns = std::numeric_limits<std::int64_t>::max();
  return {.cache_bytes = model.near_bytes,
          .row_bytes = model.row_bytes,
          // At one result of a reduction a block, two blocks for each multiprocessor.
          .units = 2 * model.multiprocessors,
          .chunked_bytes = model.chunked_bytes,
          .column_bytes = kAnyColumns,
          .costs = model.costs};
}

}  // namespace sinter
