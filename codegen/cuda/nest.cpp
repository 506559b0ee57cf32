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

CudaNestBuilder::CudaNestBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                                 CudaStrategy strategy)
    : StatementBuilder(body, space, std::move(placement)),
      strategy_(std::move(strategy)),
      place_(static_cast<std::size_t>(space.rank()), indices_.constant(0)) {
  nest_.index_bits = fits_narrow(space_) ? 32 : 64;
}

// --- Places and addresses ------------------------------------------------------------------------

std::vector<int> CudaNestBuilder::axes(int first, int end) const {
  std::vector<int> result;
  for (int axis = first; axis < end; ++axis) result.push_back(axis);
  return result;
}

void CudaNestBuilder::set_place(Loop& loop, const std::vector<int>& axes) {
  for (const int axis : axes) {
    IndexId& place = place_[static_cast<std::size_t>(axis)];
    place = axes.size() == 1 ? loop.variable : indices_.new_variable();
    if (axes.size() > 1) loop.digits.push_back({place, indices_.extent(axis)});
  }
}

IndexId CudaNestBuilder::add_digit(Loop& loop, IndexId radix) {
  loop.digits.push_back({indices_.new_variable(), radix});
  return loop.digits.back().variable;
}

IndexId CudaNestBuilder::offset(std::size_t argument) {
  IndexId offset = indices_.constant(0);
  for (int axis = 0; axis < space_.rank(); ++axis) {
    const IndexId at = place_[static_cast<std::size_t>(axis)];
    offset = indices_.add(offset, indices_.mul(at, stride(argument, axis)));
  }
  return offset;
}

IndexId CudaNestBuilder::length(const std::vector<int>& axes) {
  IndexId length = indices_.constant(1);
  for (const int axis : axes) length = indices_.mul(length, indices_.extent(axis));
  return length;
}

IndexId CudaNestBuilder::all_aligned() {
  IndexId all = indices_.constant(1);
  for (std::size_t argument = 0; argument < strategy_.vectors.size(); ++argument) {
    const std::int64_t bytes =
        std::int64_t{strategy_.lanes} * info(nest_.arguments[argument].dtype).bytes;
    if (!strategy_.vectors[argument] || bytes == 1) continue;
    const IndexId one =
        indices_.aligned(static_cast<std::uint8_t>(argument), indices_.constant(0), bytes);
    all = indices_.mul(all, one);
  }
  return all;
}

// --- Statements ----------------------------------------------------------------------------------

/// How the lanes of a vector lie in an argument. Neighbouring lanes that are not one full, aligned
/// vector are `strided`, by 1 or -1.
LaneStride CudaNestBuilder::access(std::size_t argument, LaneStride stride, ThreadForm form) const {
  if (form.scalar) return LaneStride::uniform;
  const bool single = stride == LaneStride::contiguous && form.lanes > 1 &&
                      (form.masked || !strategy_.vectors[argument]);
  return single || stride == LaneStride::reversed ? LaneStride::strided : stride;
}

Load CudaNestBuilder::load(NodeId node, ThreadForm form) {
  const auto argument = static_cast<std::uint8_t>(body_.node(node).payload);
  Load load{new_value(node), argument, LaneStride::uniform, offset(argument), {}};
  if (placement_.level(node) != Level::lane) return load;
  load.lanes = access(argument, stride_class(space_, argument, inner_axis()), form);
  if (load.lanes == LaneStride::strided) load.lane_stride = stride(argument, inner_axis());
  return load;
}

Count CudaNestBuilder::count(NodeId node, ThreadForm form) {
  const std::size_t walk = placement_.walks[node.index];
  Count count{new_value(node), LaneStride::uniform, offset(walk)};
  if (placement_.level(node) != Level::lane || form.scalar) return count;
  count.lanes = stride_class(space_, walk, inner_axis());
  return count;
}

void CudaNestBuilder::define(const std::function<bool(NodeId)>& wanted, ThreadForm form,
                             Block& block) {
  for (NodeId node : placement_.order) {
    if (!wanted(node)) continue;
    if (body_.node(node).op == Op::input)
      block.emplace_back(load(node, form));
    else if (body_.node(node).op == Op::iota)
      block.emplace_back(count(node, form));
    else
      block.emplace_back(compute(node));
  }
}

void CudaNestBuilder::store_output(std::size_t output, ThreadForm form, Block& block) {
  const std::uint8_t argument = output_argument(output);
  Store store{.value = values_[placement_.value(body_.outputs()[output].node).index],
              .argument = argument,
              .lanes = access(argument, store_stride(space_, argument), form),
              .offset = offset(argument),
              .lane_stride = {}};
  if (store.lanes == LaneStride::strided) store.lane_stride = stride(argument, inner_axis());
  const int bytes = form.lanes * info(nest_.arguments[argument].dtype).bytes;
  store.streaming = strategy_.streaming && store.lanes == LaneStride::contiguous &&
                    form.lanes > 1 && bytes >= kStreamedBytes;
  block.emplace_back(store);
}

std::uint8_t CudaNestBuilder::new_local(DType dtype, std::int64_t elements) {
  nest_.arguments.push_back({dtype, false, static_cast<std::uint32_t>(elements)});
  return static_cast<std::uint8_t>(nest_.arguments.size() - 1);
}

// --- Loops ---------------------------------------------------------------------------------------

Loop CudaNestBuilder::thread_loop(ThreadForm form, int threads, IndexId from, IndexId to) {
  Loop loop = new_loop(LoopKind::thread, from, to);
  loop.masked = form.masked;
  loop.once = form.once;
  loop.lanes = static_cast<std::uint16_t>(form.lanes);
  loop.unroll = static_cast<std::uint16_t>(form.unroll);
  loop.threads = static_cast<std::uint16_t>(threads);
  return loop;
}

}  // namespace sinter::detail
