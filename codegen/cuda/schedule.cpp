// The CUDA scheduler: a tile of elements to a block of threads, and a few vectors of each argument
// to a thread. What reduces is scheduled in schedule_reduction.cpp, a product in
// schedule_product.cpp.
//
// All elements are one range, whatever the rank: a thread finds its place in the axes by division,
// so that short rows keep no thread idle. Every tile is cut into consecutive parts, one loop each:
//   main    the whole tile by vectors, where it is whole and every vector is aligned
//   middle  whole steps of single elements, several of them in flight
//   tail    what is left
#include <limits>
#include <utility>
#include <vector>

#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "cuda/nest_builder.h"
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

/// One loop over [from, to); returns `to`. What changes with the row changes with the vector here.
IndexId ElementwiseScheduler::add_loop(ThreadForm form, IndexId from, IndexId to, Block& block) {
  Loop loop = thread_loop(form, strategy_.threads, from, to);
  set_place(loop, axes(0, space_.rank()));
  define([this](NodeId node) { return placement_.level(node) != Level::nest; }, form, loop.body);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) store_output(i, form, loop.body);
  block.emplace_back(std::move(loop));
  return to;
}

/// The tile at `from`.
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
  // Rows and columns enough for two blocks a multiprocessor.
  constexpr std::int64_t kUnits = 264;
  // Threads side by side read rows, wherever those lie.
  constexpr std::int64_t kAnyColumns = std::numeric_limits<std::int64_t>::max();
  return {.arguments = 24, .operations = 192, .units = kUnits, .column_bytes = kAnyColumns};
}

}  // namespace sinter
