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

using detail::CudaStrategy;
using detail::Level;
using detail::Placement;
using detail::ThreadForm;

class ElementwiseScheduler : detail::CudaNestBuilder {
 public:
  ElementwiseScheduler(const Graph& body, const LoopSpace& space, Placement placement,
                       CudaStrategy strategy)
      : CudaNestBuilder(body, space, std::move(placement), std::move(strategy)) {}
  [[nodiscard]] LoopNest build();

 private:
  [[nodiscard]] IndexId add_loop(ThreadForm form, IndexId from, IndexId to, Block& block);
  void add_tile(IndexId from, Block& block);
  [[nodiscard]] std::int64_t tile() const {
    return std::int64_t{strategy_.threads} * strategy_.lanes * strategy_.unroll;
  }
};

/// Appends one loop over [from, to) to `block`; returns `to`. The loop defines values of all levels
/// but `nest`: its range crosses rows, so values that change with the row change with the vector.
IndexId ElementwiseScheduler::add_loop(ThreadForm form, IndexId from, IndexId to, Block& block) {
  Loop loop = thread_loop(form, strategy_.threads, from, to);
  set_place(loop, axes(0, space_.rank()));
  define([this](NodeId node) { return placement_.level(node) != Level::nest; }, form, loop.body);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) store_output(i, form, loop.body);
  block.emplace_back(std::move(loop));
  return to;
}

/// Appends the loops over the tile that begins at `from`.
void ElementwiseScheduler::add_tile(IndexId from, Block& block) {
  const ThreadForm main{.lanes = strategy_.lanes, .unroll = strategy_.unroll, .once = true};
  const ThreadForm middle{.unroll = strategy_.singles};
  const IndexId count = length(axes(0, space_.rank()));
  const IndexId end = indices_.min(count, indices_.add(from, indices_.constant(tile())));
  const auto whole_steps = [&](IndexId at, std::int64_t step) {
    return indices_.round_down(indices_.sub(end, at), step);
  };
  const IndexId by_vectors = indices_.mul(whole_steps(from, tile()), all_aligned());
  IndexId at = add_loop(main, from, indices_.add(from, by_vectors), block);
  if (middle.unroll > 1) {
    const IndexId singles = whole_steps(at, std::int64_t{strategy_.threads} * middle.unroll);
    at = add_loop(middle, at, indices_.add(at, singles), block);
  }
  static_cast<void>(add_loop({.masked = true}, at, end, block));
}

LoopNest ElementwiseScheduler::build() {
  define([this](NodeId node) { return placement_.level(node) == Level::nest; }, {}, nest_.body);
  Loop tiles = new_loop(LoopKind::block, indices_.constant(0), length(axes(0, space_.rank())));
  tiles.threads = static_cast<std::uint16_t>(strategy_.threads);
  tiles.tile = tile();
  add_tile(tiles.variable, tiles.body);
  nest_.body.emplace_back(std::move(tiles));
  return take();
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
  CudaStrategy strategy = detail::choose_cuda_strategy(body, space, placement, target);
  return ElementwiseScheduler(body, space, std::move(placement), std::move(strategy)).build();
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
