#include "cuda/nest.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <sinter/ir/assert.h>

namespace sinter::detail {
namespace {

/// Bytes of the smallest streaming store: one register.
constexpr int kStreamedBytes = 4;
/// Limit of offsets and counts for 32-bit indices: the next place of a thread, one or two tiles
/// further, still fits 31 bits.
constexpr double kNarrow = 1 << 30;

/// True if the number of elements, and every offset in either direction, is below kNarrow. K of a
/// product is counted apart from the elements of its result.
bool fits_narrow(const LoopSpace& space) {
  double elements = 1;
  for (const std::int64_t extent : space.extents) elements *= static_cast<double>(extent);
  if (space.product && space.extents[0] > 0) {
    const auto summed = static_cast<double>(space.extents[0]);
    elements = std::max(elements / summed, summed);
  }
  const auto rank = static_cast<std::size_t>(space.rank());
  for (std::size_t first = 0; first < space.strides.size(); first += rank) {
    double reached = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      reached += std::abs(static_cast<double>(space.strides[first + axis])) *
                 static_cast<double>(space.extents[axis]);
    }
    elements = std::max(elements, reached);
  }
  return elements < kNarrow;
}

}  // namespace

std::vector<int> axes(int first, int end) {
  std::vector<int> result;
  for (int axis = first; axis < end; ++axis) result.push_back(axis);
  return result;
}

CudaNest::CudaNest(const Graph& kernel, const LoopSpace& loops, Placement levels,
                   CudaStrategy chosen)
    : NestDraft(kernel, loops, std::move(levels)), strategy(std::move(chosen)) {
  result.index_bits = fits_narrow(space) ? 32 : 64;
}

// --- Places and addresses ------------------------------------------------------------------------

Places CudaNest::origin() { return Places(static_cast<std::size_t>(space.rank()), number(0)); }

Places CudaNest::along(Loop& loop, const std::vector<int>& axes, Places at) {
  for (const int axis : axes) {
    at[static_cast<std::size_t>(axis)] =
        axes.size() == 1 ? loop.variable : add_digit(loop, indices.extent(axis));
  }
  return at;
}

IndexId CudaNest::offset(const Places& at, std::size_t argument) {
  IndexId offset = number(0);
  for (int axis = 0; axis < space.rank(); ++axis) {
    const IndexId place = at[static_cast<std::size_t>(axis)];
    offset = indices.add(offset, indices.mul(place, stride(argument, axis)));
  }
  return offset;
}

IndexId CudaNest::length(const std::vector<int>& axes) {
  IndexId length = number(1);
  for (const int axis : axes) length = indices.mul(length, indices.extent(axis));
  return length;
}

IndexId CudaNest::all_aligned() {
  IndexId all = number(1);
  for (std::size_t argument = 0; argument < strategy.vectors.size(); ++argument) {
    const std::int64_t bytes =
        std::int64_t{strategy.lanes} * info(result.arguments[argument].dtype).bytes;
    if (!strategy.vectors[argument] || bytes == 1) continue;
    all = indices.mul(all, indices.aligned(static_cast<std::uint8_t>(argument), number(0), bytes));
  }
  return all;
}

// --- Statements ----------------------------------------------------------------------------------

/// How the lanes of a vector lie in an argument. Neighbouring lanes that are not one full, aligned
/// vector are `strided`, by 1 or -1.
LaneStride CudaNest::access(std::size_t argument, LaneStride stride, ThreadForm form) const {
  if (form.scalar) return LaneStride::uniform;
  const bool single = stride == LaneStride::contiguous && form.lanes > 1 &&
                      (form.masked || !strategy.vectors[argument]);
  return single || stride == LaneStride::reversed ? LaneStride::strided : stride;
}

Load CudaNest::load(const Places& at, NodeId node, ThreadForm form) {
  const auto argument = static_cast<std::uint8_t>(body.node(node).payload);
  Load load{new_value(node), argument, LaneStride::uniform, offset(at, argument), {}};
  if (placement.level(node) != Level::lane) return load;
  load.lanes = access(argument, stride_class(space, argument, inner_axis()), form);
  if (load.lanes == LaneStride::strided) load.lane_stride = stride(argument, inner_axis());
  return load;
}

Count CudaNest::count(const Places& at, NodeId node, ThreadForm form) {
  const std::size_t walk = placement.walks[node.index];
  Count count{new_value(node), LaneStride::uniform, offset(at, walk)};
  if (placement.level(node) != Level::lane || form.scalar) return count;
  count.lanes = stride_class(space, walk, inner_axis());
  return count;
}

void CudaNest::define(const Places& at, const Wanted& wanted, ThreadForm form, Block& block) {
  const auto read = [&](NodeId node) -> Statement {
    SINTER_ASSERT(body.node(node).op != Op::dot, "a product is computed by the tile loops");
    if (body.node(node).op == Op::input) return load(at, node, form);
    return count(at, node, form);
  };
  NestDraft::define(wanted, read, block);
}

void CudaNest::store_output(const Places& at, std::size_t output, ThreadForm form, Block& block) {
  const std::uint8_t argument = output_argument(output);
  Store store{.value = value_of(body.outputs()[output].node),
              .argument = argument,
              .lanes = access(argument, store_stride(space, argument), form),
              .offset = offset(at, argument),
              .lane_stride = {}};
  if (store.lanes == LaneStride::strided) store.lane_stride = stride(argument, inner_axis());
  const int bytes = form.lanes * info(result.arguments[argument].dtype).bytes;
  store.streaming = strategy.streaming && store.lanes == LaneStride::contiguous && form.lanes > 1 &&
                    bytes >= kStreamedBytes;
  block.emplace_back(store);
}

void CudaNest::store_outputs(const Places& at, ThreadForm form, Block& block) {
  for (std::size_t i = 0; i < body.outputs().size(); ++i) store_output(at, i, form, block);
}

// --- Loops ---------------------------------------------------------------------------------------

Loop CudaNest::block_loop(IndexId count, std::int64_t tile) {
  Loop loop = new_loop(LoopKind::block, {number(0), count});
  loop.threads = static_cast<std::uint16_t>(strategy.threads);
  loop.tile = tile;
  return loop;
}

Loop CudaNest::thread_loop(ThreadForm form, int threads, Span range) {
  Loop loop = new_loop(LoopKind::thread, range);
  loop.masked = form.masked;
  loop.once = form.once;
  loop.lanes = static_cast<std::uint16_t>(form.lanes);
  loop.unroll = static_cast<std::uint16_t>(form.unroll);
  loop.threads = static_cast<std::uint16_t>(threads);
  return loop;
}

}  // namespace sinter::detail
