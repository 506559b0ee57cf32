// The CUDA scheduler: a tile of elements to a block of threads, and a few vectors of each argument
// to a thread.
//
// All elements are one range, whatever the rank: a thread finds its place in the axes by division,
// so that short rows keep no thread idle. Every tile is cut into consecutive parts, one loop each:
//   main    the whole tile by vectors, where it is whole and every vector is aligned
//   middle  whole steps of single elements, several of them in flight
//   tail    what is left
#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <sinter/codegen/cuda.h>
#include <sinter/ir/assert.h>
#include <sinter/ir/error.h>

#include "cuda_strategy.h"
#include "statement_builder.h"

namespace sinter {
namespace {

using detail::CudaStrategy;
using detail::Level;
using detail::Placement;

/// What a thread does per step.
struct ThreadForm {
  int lanes = 1;
  int unroll = 1;
  bool masked = false;
  bool once = false;
};

/// So that a thread's next place, a tile or two further, still has 31 bits.
constexpr double kNarrow = 1 << 30;

/// Whether all elements count and lie below that, in both directions.
bool fits_narrow(const LoopSpace& space) {
  double elements = 1;
  for (const std::int64_t extent : space.extents) elements *= static_cast<double>(extent);
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

class CudaNestBuilder : detail::StatementBuilder {
 public:
  CudaNestBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                  CudaStrategy strategy);
  [[nodiscard]] LoopNest build();

 private:
  // Addresses.
  [[nodiscard]] IndexId element_count();
  void set_place(Loop& loop);
  [[nodiscard]] IndexId offset(std::size_t argument);
  [[nodiscard]] IndexId all_aligned();

  // Statements.
  [[nodiscard]] Statement statement(NodeId node, int lanes);
  [[nodiscard]] Load load(NodeId node, int lanes);
  [[nodiscard]] Count count(NodeId node);
  [[nodiscard]] LaneStride access(std::size_t argument, LaneStride stride, int lanes) const;

  // Loops.
  [[nodiscard]] Loop new_loop(LoopKind kind, ThreadForm form, IndexId from, IndexId to);
  [[nodiscard]] IndexId add_loop(ThreadForm form, IndexId from, IndexId to, Block& block);
  void add_tile(IndexId from, Block& block);

  const CudaStrategy strategy_;
  std::vector<IndexId> place_;  // [axis] where the vector at hand lies
};

CudaNestBuilder::CudaNestBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                                 CudaStrategy strategy)
    : StatementBuilder(body, space, std::move(placement)),
      strategy_(std::move(strategy)),
      place_(static_cast<std::size_t>(space.rank()), indices_.constant(0)) {
  nest_.index_bits = fits_narrow(space_) ? 32 : 64;
}

// --- Addresses -----------------------------------------------------------------------------------

IndexId CudaNestBuilder::element_count() {
  IndexId count = indices_.constant(1);
  for (int axis = 0; axis < space_.rank(); ++axis) {
    count = indices_.mul(count, indices_.extent(axis));
  }
  return count;
}

/// From here on offsets are those of the vectors of `loop`.
void CudaNestBuilder::set_place(Loop& loop) {
  place_ = {loop.variable};
  if (space_.rank() == 1) return;
  place_.clear();
  for (int axis = 0; axis < space_.rank(); ++axis) {
    place_.push_back(indices_.new_variable());
    loop.digits.push_back({place_.back(), indices_.extent(axis)});
  }
}

IndexId CudaNestBuilder::offset(std::size_t argument) {
  IndexId offset = indices_.constant(0);
  for (int axis = 0; axis < space_.rank(); ++axis) {
    const IndexId at = place_[static_cast<std::size_t>(axis)];
    offset = indices_.add(offset, indices_.mul(at, stride(argument, axis)));
  }
  return offset;
}

/// 1 where every vector lies at a multiple of its bytes, else 0. Tiles and rows begin at multiples
/// of a vector, so the beginning of each buffer tells.
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

/// Lanes that lie next to each other without being a whole, aligned vector are `strided` by 1 or
/// -1.
LaneStride CudaNestBuilder::access(std::size_t argument, LaneStride stride, int lanes) const {
  const bool single = stride == LaneStride::contiguous && lanes > 1 && !strategy_.vectors[argument];
  return single || stride == LaneStride::reversed ? LaneStride::strided : stride;
}

Load CudaNestBuilder::load(NodeId node, int lanes) {
  const auto argument = static_cast<std::uint8_t>(body_.node(node).payload);
  Load load{new_value(node), argument, LaneStride::uniform, offset(argument), {}};
  if (placement_.level(node) != Level::lane) return load;
  load.lanes = access(argument, detail::stride_class(space_, argument, inner_axis()), lanes);
  if (load.lanes == LaneStride::strided) load.lane_stride = stride(argument, inner_axis());
  return load;
}

Count CudaNestBuilder::count(NodeId node) {
  const std::size_t walk = placement_.walks[node.index];
  Count count{new_value(node), LaneStride::uniform, offset(walk)};
  if (placement_.level(node) != Level::lane) return count;
  count.lanes = detail::stride_class(space_, walk, inner_axis());
  return count;
}

Statement CudaNestBuilder::statement(NodeId node, int lanes) {
  if (body_.node(node).op == Op::input) return load(node, lanes);
  if (body_.node(node).op == Op::iota) return count(node);
  return compute(node);
}

// --- Loops ---------------------------------------------------------------------------------------

Loop CudaNestBuilder::new_loop(LoopKind kind, ThreadForm form, IndexId from, IndexId to) {
  return {.kind = kind,
          .masked = form.masked,
          .once = form.once,
          .lanes = static_cast<std::uint16_t>(form.lanes),
          .unroll = static_cast<std::uint16_t>(form.unroll),
          .threads = static_cast<std::uint16_t>(strategy_.threads),
          .variable = indices_.new_variable(),
          .from = from,
          .to = to,
          .digits = {},
          .carried = {},
          .body = {}};
}

/// One loop over [from, to); returns `to`. What changes with the row changes with the vector here.
IndexId CudaNestBuilder::add_loop(ThreadForm form, IndexId from, IndexId to, Block& block) {
  Loop loop = new_loop(LoopKind::thread, form, from, to);
  set_place(loop);
  for (NodeId node : placement_.order) {
    if (placement_.level(node) == Level::nest) continue;
    loop.body.push_back(statement(node, form.lanes));
  }
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    const std::size_t argument = body_.inputs().size() + i;
    Store store{.value = values_[placement_.value(body_.outputs()[i].node).index],
                .argument = output_argument(i),
                .lanes = access(argument, detail::store_stride(space_, argument), form.lanes),
                .offset = offset(argument),
                .lane_stride = {}};
    if (store.lanes == LaneStride::strided) store.lane_stride = stride(argument, inner_axis());
    loop.body.emplace_back(store);
  }
  block.emplace_back(std::move(loop));
  return to;
}

/// The tile at `from`.
void CudaNestBuilder::add_tile(IndexId from, Block& block) {
  const ThreadForm main{.lanes = strategy_.lanes, .unroll = strategy_.unroll, .once = true};
  const ThreadForm middle{.unroll = strategy_.singles};
  const std::int64_t tile = std::int64_t{strategy_.threads} * main.lanes * main.unroll;
  const IndexId end = indices_.min(element_count(), indices_.add(from, indices_.constant(tile)));
  const auto whole_steps = [&](IndexId at, std::int64_t step) {
    return indices_.round_down(indices_.sub(end, at), step);
  };
  const IndexId by_vectors = indices_.mul(whole_steps(from, tile), all_aligned());
  IndexId at = add_loop(main, from, indices_.add(from, by_vectors), block);
  if (middle.unroll > 1) {
    const IndexId singles = whole_steps(at, std::int64_t{strategy_.threads} * middle.unroll);
    at = add_loop(middle, at, indices_.add(at, singles), block);
  }
  static_cast<void>(add_loop({.masked = true}, at, end, block));
}

LoopNest CudaNestBuilder::build() {
  for (NodeId node : placement_.order) {
    if (placement_.level(node) == Level::nest) nest_.body.push_back(statement(node, 1));
  }
  Loop tiles = new_loop(LoopKind::block, {.lanes = strategy_.lanes, .unroll = strategy_.unroll},
                        indices_.constant(0), element_count());
  add_tile(tiles.variable, tiles.body);
  nest_.body.emplace_back(std::move(tiles));
  return take();
}

void refuse_reductions(const Graph& body) {
  for (const Node& node : body.nodes()) {
    const OpKind kind = info(node.op).kind;
    if (kind != OpKind::reduction && kind != OpKind::product) continue;
    fail(ErrorCode::unsupported, fmt::format("{} of {}{}: reductions and products are not served "
                                             "on a GPU yet; compile this graph for the "
                                             "CPU",
                                             to_string(node.op), to_string(node.dtype),
                                             to_string(body.shape(node.operands[0]))));
  }
}

}  // namespace

LoopNest schedule_cuda(const Graph& body, const LoopSpace& space, const GpuTarget& target) {
  refuse_reductions(body);
  Placement placement = detail::place(body, space);
  CudaStrategy strategy = detail::choose_cuda_strategy(body, space, placement, target);
  return CudaNestBuilder(body, space, std::move(placement), std::move(strategy)).build();
}

PlanLimits GpuTarget::plan_limits() const { return {.arguments = 24, .operations = 192}; }

}  // namespace sinter
