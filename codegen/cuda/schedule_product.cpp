// The loops of kernels with a product for a GPU. Products accumulate k ascending, the order that
// ir/product.h fixes.
//
// A block computes a tile of the result. K is cut into depths. For each depth, the threads copy the
// rows and columns of the operands to shared memory, wait at a barrier, and continue their
// accumulators, which stay in registers from one depth to the next. Out-of-range rows, columns and
// k are clamped to the last one, so tiles are always full; accumulation stops at the true K. The
// epilogue computes on the accumulators in registers: by vectors if the tile lies within the
// result, else element by element.
#include "cuda/schedule_product.h"

#include <utility>
#include <vector>

#include <sinter/ir/assert.h>

#include "cuda/nest.h"

namespace sinter::detail {
namespace {

class CudaProductScheduler : CudaNestBuilder {
 public:
  CudaProductScheduler(const Graph& body, const LoopSpace& space, Placement placement,
                       CudaStrategy strategy, ProductSides sides, CudaProductStrategy product)
      : CudaNestBuilder(body, space, std::move(placement), std::move(strategy)),
        sides_(std::move(sides)),
        product_(product),
        dtype_(body.node(sides_.dot).dtype) {}
  [[nodiscard]] LoopNest build();

 private:
  /// One operand of the product, and a depth of it in shared memory: one row of `size` elements for
  /// each k.
  struct Side {
    NodeId operand;
    const std::vector<bool>* nodes;  ///< [node] true if the operand is computed from it
    int axis;                        ///< M or N: the operand's axis in the result
    std::int64_t size;               ///< elements of the tile along `axis`
    IndexId first;                   ///< first place of the tile along `axis`
    bool by_depth;                   ///< true if neighbouring threads read neighbouring k
    std::uint8_t local;              ///< the argument in shared memory
    std::int64_t step;               ///< elements from a row of `local` to the next
  };
  [[nodiscard]] Side side(bool of_rows, IndexId first);
  void stage(const Side& side, IndexId depth, Block& block);
  [[nodiscard]] IndexId clamp_place(IndexId place, int axis);

  /// Row and column of a thread's element in its tile.
  struct Place {
    IndexId row, column;
  };
  [[nodiscard]] Place add_place(Loop& loop);
  [[nodiscard]] Loop tile_loop(ThreadForm form, IndexId to);
  [[nodiscard]] ValueId add_depth(ValueId first, IndexId depth, Block& block);
  [[nodiscard]] ValueId add_sums(Block& block);
  [[nodiscard]] IndexId whole_tile();
  [[nodiscard]] ValueId add_outputs(ThreadForm form, IndexId to, ValueId sums, Block& block);
  [[nodiscard]] Loop tiles();

  const ProductSides sides_;
  const CudaProductStrategy product_;
  const DType dtype_;
  Side rows_{}, columns_{};
  ValueId zero_;
};

// --- The operands --------------------------------------------------------------------------------

CudaProductScheduler::Side CudaProductScheduler::side(bool of_rows, IndexId first) {
  const std::int64_t size = of_rows ? product_.tile_rows() : product_.tile_columns();
  const std::int64_t step = size + product_.padding_bytes / info(dtype_).bytes;
  return {.operand = of_rows ? sides_.row_operand : sides_.column_operand,
          .nodes = of_rows ? &sides_.rows : &sides_.columns,
          .axis = of_rows ? rows_axis() : columns_axis(),
          .size = size,
          .first = first,
          .by_depth = of_rows ? product_.rows_by_depth : product_.columns_by_depth,
          .local = new_local(dtype_, product_.depth * step),
          .step = step};
}

/// `place`, clamped to the last place along `axis`.
IndexId CudaProductScheduler::clamp_place(IndexId place, int axis) {
  return indices_.min(place, indices_.sub(indices_.extent(axis), number(1)));
}

/// Appends a loop that computes one operand for the depth that begins at `depth`, and stores it to
/// shared memory. Neighbouring threads read neighbouring elements of global memory.
void CudaProductScheduler::stage(const Side& side, IndexId depth, Block& block) {
  const std::int64_t count = side.size * product_.depth;
  ThreadForm form{.scalar = true};
  while (form.unroll < product_.staged_in_flight && 2 * form.unroll * strategy_.threads <= count) {
    form.unroll *= 2;
  }
  form.once = count <= std::int64_t{form.unroll} * strategy_.threads;
  form.masked = count < strategy_.threads;
  Loop loop = thread_loop(form, strategy_.threads, number(0), number(count));
  IndexId place, summed;
  if (side.by_depth) place = add_digit(loop, number(side.size));
  summed = add_digit(loop, number(product_.depth));
  if (!side.by_depth) place = add_digit(loop, number(side.size));
  set_place(side.axis, clamp_place(indices_.add(side.first, place), side.axis));
  set_place(kSummedAxis, clamp_place(indices_.add(depth, summed), kSummedAxis));
  define(
      [&](NodeId node) {
        return (*side.nodes)[node.index] && placement_.level(node) != Level::nest;
      },
      form, loop.body);
  loop.body.emplace_back(
      Store{.value = values_[side.operand.index],
            .argument = side.local,
            .lanes = LaneStride::contiguous,
            .offset = indices_.add(indices_.mul(summed, number(side.step)), place),
            .lane_stride = {}});
  block.emplace_back(std::move(loop));
}

// --- Accumulation --------------------------------------------------------------------------------

/// Adds digits to `loop`, a loop over the tile, for the place of an element. The vectors in flight
/// of a thread are its rows, one below the other.
CudaProductScheduler::Place CudaProductScheduler::add_place(Loop& loop) {
  IndexId row = number(0);
  if (product_.rows > 1) row = add_digit(loop, number(product_.rows));
  const IndexId group = add_digit(loop, number(product_.down));
  const IndexId column = add_digit(loop, number(product_.tile_columns()));
  return {indices_.add(indices_.mul(group, number(product_.rows)), row), column};
}

/// A thread loop over elements [0, to) of the tile.
Loop CudaProductScheduler::tile_loop(ThreadForm form, IndexId to) {
  form.lanes = product_.lanes;
  form.unroll = product_.rows;
  form.once = true;
  return thread_loop(form, strategy_.threads, number(0), to);
}

/// Appends the loops that add the depth that begins at `depth` to the sums `first`. Returns the new
/// sums.
ValueId CudaProductScheduler::add_depth(ValueId first, IndexId depth, Block& block) {
  stage(rows_, depth, block);
  stage(columns_, depth, block);
  block.emplace_back(Barrier{});
  Loop tile = tile_loop({}, number(product_.tile_rows() * product_.tile_columns()));
  const Place at = add_place(tile);
  const IndexId left = indices_.sub(indices_.extent(kSummedAxis), depth);
  Loop summed = new_loop(LoopKind::serial, number(0), indices_.min(left, number(product_.depth)));
  summed.ahead = static_cast<std::uint16_t>(product_.ahead);
  tile.carried.push_back({first, new_value(dtype_), {}, new_value(dtype_)});
  summed.carried.push_back({tile.carried[0].value, new_value(dtype_), {}, new_value(dtype_)});
  const auto load = [&](const Side& side, IndexId place, LaneStride lanes) {
    const IndexId row = indices_.mul(summed.variable, number(side.step));
    const ValueId value = new_value(dtype_);
    summed.body.emplace_back(Load{value, side.local, lanes, indices_.add(row, place), {}});
    return value;
  };
  const ValueId down = load(rows_, at.row, LaneStride::uniform);
  const ValueId across = load(columns_, at.column, LaneStride::contiguous);
  Carry& sum = summed.carried[0];
  sum.next = new_value(dtype_);
  summed.body.emplace_back(Compute{sum.next, Op::fma, 3, {down, across, sum.value}, 0});
  const ValueId result = tile.carried[0].result;
  tile.carried[0].next = sum.result;
  tile.body.emplace_back(std::move(summed));
  block.emplace_back(std::move(tile));
  return result;
}

/// Appends the loop over all depths of K; returns the sums.
ValueId CudaProductScheduler::add_sums(Block& block) {
  const IndexId count = indices_.blocks(indices_.extent(kSummedAxis), product_.depth);
  Loop depths = new_loop(LoopKind::serial, number(0), count);
  depths.carried.push_back({zero_, new_value(dtype_), {}, new_value(dtype_)});
  const IndexId depth = indices_.mul(depths.variable, number(product_.depth));
  depths.carried[0].next = add_depth(depths.carried[0].value, depth, depths.body);
  // The next depth overwrites this one in shared memory.
  depths.body.emplace_back(Barrier{});
  const ValueId sums = depths.carried[0].result;
  block.emplace_back(std::move(depths));
  return sums;
}

// --- Epilogue ------------------------------------------------------------------------------------

/// Number of elements in the tile if it lies within the result and all vectors are aligned, else 0.
IndexId CudaProductScheduler::whole_tile() {
  IndexId elements = all_aligned();
  for (const Side* side : {&rows_, &columns_}) {
    const IndexId left = indices_.sub(indices_.extent(side->axis), side->first);
    elements = indices_.mul(
        elements, indices_.round_down(indices_.min(left, number(side->size)), side->size));
  }
  return elements;
}

/// Appends the epilogue over elements [0, to) of the tile, and the stores of the outputs. Returns
/// the sums for the next loop over the tile, which carries them on.
ValueId CudaProductScheduler::add_outputs(ThreadForm form, IndexId to, ValueId sums, Block& block) {
  Loop loop = tile_loop(form, to);
  form = {.lanes = product_.lanes, .unroll = product_.rows, .masked = form.masked};
  const Place at = add_place(loop);
  const IndexId row = indices_.add(rows_.first, at.row);
  const IndexId column = indices_.add(columns_.first, at.column);
  if (form.masked) {
    loop.limits = {{row, indices_.extent(rows_axis())},
                   {column, indices_.extent(columns_axis()), true}};
  }
  set_place(rows_axis(), row);
  set_place(columns_axis(), column);
  const ValueId own = new_value(dtype_);
  loop.carried.push_back({sums, own, own, new_value(dtype_)});
  values_[sides_.dot.index] = own;
  define(
      [&](NodeId node) {
        return sides_.after[node.index] && node != sides_.dot &&
               placement_.level(node) != Level::nest;
      },
      form, loop.body);
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) store_output(i, form, loop.body);
  const ValueId result = loop.carried[0].result;
  block.emplace_back(std::move(loop));
  return result;
}

/// The block loop over tiles: one block for each. Consecutive blocks go along a row of tiles.
Loop CudaProductScheduler::tiles() {
  const IndexId row_tiles = indices_.blocks(indices_.extent(rows_axis()), product_.tile_rows());
  const IndexId column_tiles =
      indices_.blocks(indices_.extent(columns_axis()), product_.tile_columns());
  const std::vector<int> matrices = axes(kSummedAxis + 1, rows_axis());
  const IndexId count = indices_.mul(length(matrices), indices_.mul(row_tiles, column_tiles));
  Loop tiles = new_loop(LoopKind::block, number(0), count);
  tiles.threads = static_cast<std::uint16_t>(strategy_.threads);
  for (const int axis : matrices) set_place(axis, add_digit(tiles, indices_.extent(axis)));
  const IndexId row = add_digit(tiles, row_tiles);
  const IndexId column = add_digit(tiles, column_tiles);
  rows_ = side(true, indices_.mul(row, number(product_.tile_rows())));
  columns_ = side(false, indices_.mul(column, number(product_.tile_columns())));
  return tiles;
}

LoopNest CudaProductScheduler::build() {
  nest_.tile_rows = product_.tile_rows();
  nest_.tile_columns = product_.tile_columns();
  define([this](NodeId node) { return placement_.level(node) == Level::nest; }, {.scalar = true},
         nest_.body);
  zero_ = new_value(dtype_);
  nest_.body.emplace_back(Compute{zero_, Op::constant, 0, {}, 0});
  Loop blocks = tiles();
  ValueId sums = add_sums(blocks.body);
  const IndexId all = number(product_.tile_rows() * product_.tile_columns());
  IndexId rest = all;
  if (product_.lanes > 1) {
    const IndexId whole = whole_tile();
    sums = add_outputs({}, whole, sums, blocks.body);
    rest = indices_.sub(all, whole);
  }
  static_cast<void>(add_outputs({.masked = true}, rest, sums, blocks.body));
  nest_.body.emplace_back(std::move(blocks));
  return take();
}

}  // namespace

LoopNest schedule_cuda_product(const Graph& body, const LoopSpace& space, Placement placement,
                               const GpuTarget& target) {
  ProductSides sides = product_sides(body, space, placement);
  const CudaProductStrategy product = choose_cuda_product_strategy(body, space, sides, target);
  CudaStrategy strategy = choose_epilogue_strategy(body, space, placement, sides, product, target);
  return CudaProductScheduler(body, space, std::move(placement), std::move(strategy),
                              std::move(sides), product)
      .build();
}

}  // namespace sinter::detail
