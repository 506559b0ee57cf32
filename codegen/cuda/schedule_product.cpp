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

#include "cuda/nest.h"

namespace sinter::detail {
namespace {

/// One operand of the product, and a depth of it in shared memory: one row of `size` elements for
/// each k.
struct StagedOperand {
  NodeId operand;
  const std::vector<bool>* nodes;  ///< [node] true if the operand is computed from it
  int axis;                        ///< M or N: the operand's axis in the result
  std::int64_t size;               ///< elements of the tile along `axis`
  IndexId first;                   ///< first place of the tile along `axis`
  bool by_depth;                   ///< true if neighbouring threads read neighbouring k
  std::uint8_t local;              ///< the argument in shared memory
  std::int64_t step;               ///< elements from a row of `local` to the next
};

/// A tile of the result.
struct ResultTile {
  Places matrix;  ///< places along the batch axes
  StagedOperand rows{}, columns{};
};

/// Row and column of a thread's element in its tile.
struct TileElement {
  IndexId row, column;
};

class CudaProductScheduler {
 public:
  CudaProductScheduler(CudaNest nest, ProductSides sides, CudaProductStrategy product)
      : nest_(std::move(nest)),
        sides_(std::move(sides)),
        product_(product),
        dtype_(nest_.body.node(sides_.dot).dtype) {}
  [[nodiscard]] LoopNest build() &&;

 private:
  [[nodiscard]] IndexId number(std::int64_t value) { return nest_.number(value); }
  [[nodiscard]] Carry new_carry(ValueId first) {
    return {first, nest_.new_value(dtype_), {}, nest_.new_value(dtype_)};
  }

  [[nodiscard]] StagedOperand side(bool of_rows, IndexId first);
  void stage(const Places& matrix, const StagedOperand& side, IndexId depth, Block& block);
  [[nodiscard]] IndexId clamp_place(IndexId place, int axis);

  [[nodiscard]] TileElement add_place(Loop& loop);
  [[nodiscard]] Loop tile_loop(ThreadForm form, IndexId to);
  [[nodiscard]] ValueId add_depth(const ResultTile& tile, ValueId first, IndexId depth,
                                  Block& block);
  [[nodiscard]] ValueId add_sums(const ResultTile& tile, ValueId zero, Block& block);
  [[nodiscard]] IndexId whole_tile(const ResultTile& tile);
  [[nodiscard]] ValueId add_outputs(const ResultTile& tile, ThreadForm form, IndexId to,
                                    ValueId sums, Block& block);
  [[nodiscard]] Loop tile_blocks(ResultTile& tile);

  CudaNest nest_;
  const ProductSides sides_;
  const CudaProductStrategy product_;
  const DType dtype_;
};

// --- The operands --------------------------------------------------------------------------------

StagedOperand CudaProductScheduler::side(bool of_rows, IndexId first) {
  const std::int64_t size = of_rows ? product_.tile_rows() : product_.tile_columns();
  const std::int64_t step = size + product_.padding_bytes / info(dtype_).bytes;
  return {.operand = of_rows ? sides_.row_operand : sides_.column_operand,
          .nodes = of_rows ? &sides_.rows : &sides_.columns,
          .axis = of_rows ? nest_.rows_axis() : nest_.columns_axis(),
          .size = size,
          .first = first,
          .by_depth = of_rows ? product_.rows_by_depth : product_.columns_by_depth,
          .local = nest_.new_local(dtype_, product_.depth * step),
          .step = step};
}

/// `place`, clamped to the last place along `axis`.
IndexId CudaProductScheduler::clamp_place(IndexId place, int axis) {
  return nest_.indices.min(place, nest_.indices.sub(nest_.indices.extent(axis), number(1)));
}

/// Appends a loop that computes one operand for the depth that begins at `depth`, and stores it to
/// shared memory. Neighbouring threads read neighbouring elements of global memory.
void CudaProductScheduler::stage(const Places& matrix, const StagedOperand& side, IndexId depth,
                                 Block& block) {
  IndexTable& indices = nest_.indices;
  const int threads = nest_.strategy.threads;
  const std::int64_t count = side.size * product_.depth;
  ThreadForm form{.scalar = true};
  while (form.unroll < product_.staged_in_flight && 2 * form.unroll * threads <= count) {
    form.unroll *= 2;
  }
  form.once = count <= std::int64_t{form.unroll} * threads;
  form.masked = count < threads;
  Loop loop = nest_.thread_loop(form, threads, {number(0), number(count)});
  IndexId place, summed;
  if (side.by_depth) place = nest_.add_digit(loop, number(side.size));
  summed = nest_.add_digit(loop, number(product_.depth));
  if (!side.by_depth) place = nest_.add_digit(loop, number(side.size));
  Places at = matrix;
  at[static_cast<std::size_t>(side.axis)] = clamp_place(indices.add(side.first, place), side.axis);
  at[CudaNest::kSummedAxis] = clamp_place(indices.add(depth, summed), CudaNest::kSummedAxis);
  const auto wanted = [&](NodeId node) {
    return (*side.nodes)[node.index] && nest_.placement.level(node) != Level::nest;
  };
  nest_.define(at, wanted, form, loop.body);
  loop.body.emplace_back(Store{.value = nest_.value_of(side.operand),
                               .argument = side.local,
                               .lanes = LaneStride::contiguous,
                               .offset = indices.add(indices.mul(summed, number(side.step)), place),
                               .lane_stride = {}});
  block.emplace_back(std::move(loop));
}

// --- Accumulation --------------------------------------------------------------------------------

/// Adds digits to `loop`, a loop over the tile, for the place of an element. The vectors in flight
/// of a thread are its rows, one below the other.
TileElement CudaProductScheduler::add_place(Loop& loop) {
  IndexId row = number(0);
  if (product_.rows > 1) row = nest_.add_digit(loop, number(product_.rows));
  const IndexId group = nest_.add_digit(loop, number(product_.down));
  const IndexId column = nest_.add_digit(loop, number(product_.tile_columns()));
  return {nest_.indices.add(nest_.indices.mul(group, number(product_.rows)), row), column};
}

/// A thread loop over elements [0, to) of the tile.
Loop CudaProductScheduler::tile_loop(ThreadForm form, IndexId to) {
  form.lanes = product_.lanes;
  form.unroll = product_.rows;
  form.once = true;
  return nest_.thread_loop(form, nest_.strategy.threads, {number(0), to});
}

/// Appends the loops that add the depth that begins at `depth` to the sums `first`. Returns the new
/// sums.
ValueId CudaProductScheduler::add_depth(const ResultTile& tile, ValueId first, IndexId depth,
                                        Block& block) {
  IndexTable& indices = nest_.indices;
  stage(tile.matrix, tile.rows, depth, block);
  stage(tile.matrix, tile.columns, depth, block);
  block.emplace_back(Barrier{});
  Loop elements = tile_loop({}, number(product_.tile_rows() * product_.tile_columns()));
  const TileElement at = add_place(elements);
  const IndexId left = indices.sub(indices.extent(CudaNest::kSummedAxis), depth);
  Loop summed =
      nest_.new_loop(LoopKind::serial, {number(0), indices.min(left, number(product_.depth))});
  summed.ahead = static_cast<std::uint16_t>(product_.ahead);
  elements.carried.push_back(new_carry(first));
  summed.carried.push_back(new_carry(elements.carried[0].value));
  const auto load = [&](const StagedOperand& side, IndexId place, LaneStride lanes) {
    const IndexId row = indices.mul(summed.variable, number(side.step));
    const ValueId value = nest_.new_value(dtype_);
    summed.body.emplace_back(Load{value, side.local, lanes, indices.add(row, place), {}});
    return value;
  };
  const ValueId down = load(tile.rows, at.row, LaneStride::uniform);
  const ValueId across = load(tile.columns, at.column, LaneStride::contiguous);
  Carry& sum = summed.carried[0];
  sum.next = nest_.new_value(dtype_);
  summed.body.emplace_back(Compute{sum.next, Op::fma, 3, {down, across, sum.value}, 0});
  const ValueId result = elements.carried[0].result;
  elements.carried[0].next = sum.result;
  elements.body.emplace_back(std::move(summed));
  block.emplace_back(std::move(elements));
  return result;
}

/// Appends the loop over all depths of K; returns the sums.
ValueId CudaProductScheduler::add_sums(const ResultTile& tile, ValueId zero, Block& block) {
  const IndexId count =
      nest_.indices.blocks(nest_.indices.extent(CudaNest::kSummedAxis), product_.depth);
  Loop depths = nest_.new_loop(LoopKind::serial, {number(0), count});
  depths.carried.push_back(new_carry(zero));
  const IndexId depth = nest_.indices.mul(depths.variable, number(product_.depth));
  depths.carried[0].next = add_depth(tile, depths.carried[0].value, depth, depths.body);
  // The next depth overwrites this one in shared memory.
  depths.body.emplace_back(Barrier{});
  const ValueId sums = depths.carried[0].result;
  block.emplace_back(std::move(depths));
  return sums;
}

// --- Epilogue ------------------------------------------------------------------------------------

/// Number of elements in the tile if it lies within the result and all vectors are aligned, else 0.
IndexId CudaProductScheduler::whole_tile(const ResultTile& tile) {
  IndexTable& indices = nest_.indices;
  IndexId elements = nest_.all_aligned();
  for (const StagedOperand* side : {&tile.rows, &tile.columns}) {
    const IndexId left = indices.sub(indices.extent(side->axis), side->first);
    elements = indices.mul(elements,
                           indices.round_down(indices.min(left, number(side->size)), side->size));
  }
  return elements;
}

/// Appends the epilogue over elements [0, to) of the tile, and the stores of the outputs. Returns
/// the sums for the next loop over the tile, which carries them on.
ValueId CudaProductScheduler::add_outputs(const ResultTile& tile, ThreadForm form, IndexId to,
                                          ValueId sums, Block& block) {
  IndexTable& indices = nest_.indices;
  Loop loop = tile_loop(form, to);
  form = {.lanes = product_.lanes, .unroll = product_.rows, .masked = form.masked};
  const TileElement in_tile = add_place(loop);
  const IndexId row = indices.add(tile.rows.first, in_tile.row);
  const IndexId column = indices.add(tile.columns.first, in_tile.column);
  if (form.masked) {
    loop.limits = {{row, indices.extent(nest_.rows_axis())},
                   {column, indices.extent(nest_.columns_axis()), true}};
  }
  Places at = tile.matrix;
  at[static_cast<std::size_t>(nest_.rows_axis())] = row;
  at[static_cast<std::size_t>(nest_.columns_axis())] = column;
  const ValueId own = nest_.new_value(dtype_);
  loop.carried.push_back({sums, own, own, nest_.new_value(dtype_)});
  nest_.values[sides_.dot.index] = own;
  const auto wanted = [&](NodeId node) {
    return sides_.after[node.index] && node != sides_.dot &&
           nest_.placement.level(node) != Level::nest;
  };
  nest_.define(at, wanted, form, loop.body);
  nest_.store_outputs(at, form, loop.body);
  const ValueId result = loop.carried[0].result;
  block.emplace_back(std::move(loop));
  return result;
}

// --- The whole nest ------------------------------------------------------------------------------

/// Returns the loop over tiles, one block for each. Consecutive blocks go along a row of tiles.
/// Sets `tile` to the tile of a block.
Loop CudaProductScheduler::tile_blocks(ResultTile& tile) {
  IndexTable& indices = nest_.indices;
  const IndexId row_tiles = indices.blocks(indices.extent(nest_.rows_axis()), product_.tile_rows());
  const IndexId column_tiles =
      indices.blocks(indices.extent(nest_.columns_axis()), product_.tile_columns());
  const std::vector<int> batch = axes(CudaNest::kSummedAxis + 1, nest_.rows_axis());
  const IndexId count = indices.mul(nest_.length(batch), indices.mul(row_tiles, column_tiles));
  Loop blocks = nest_.block_loop(count, 1);
  Places matrix = nest_.origin();
  for (const int axis : batch) {
    matrix[static_cast<std::size_t>(axis)] = nest_.add_digit(blocks, indices.extent(axis));
  }
  const IndexId row = nest_.add_digit(blocks, row_tiles);
  const IndexId column = nest_.add_digit(blocks, column_tiles);
  const StagedOperand rows = side(true, indices.mul(row, number(product_.tile_rows())));
  const StagedOperand columns = side(false, indices.mul(column, number(product_.tile_columns())));
  tile = {std::move(matrix), rows, columns};
  return blocks;
}

LoopNest CudaProductScheduler::build() && {
  nest_.result.tile_rows = product_.tile_rows();
  nest_.result.tile_columns = product_.tile_columns();
  Block& block = nest_.result.body;
  const auto wanted = [&](NodeId node) { return nest_.placement.level(node) == Level::nest; };
  nest_.define(nest_.origin(), wanted, {.scalar = true}, block);
  const ValueId zero = nest_.new_value(dtype_);
  block.emplace_back(Compute{zero, Op::constant, 0, {}, 0});

  ResultTile tile;
  Loop blocks = tile_blocks(tile);
  ValueId sums = add_sums(tile, zero, blocks.body);
  const IndexId all = number(product_.tile_rows() * product_.tile_columns());
  IndexId rest = all;
  if (product_.lanes > 1) {
    const IndexId whole = whole_tile(tile);
    sums = add_outputs(tile, {}, whole, sums, blocks.body);
    rest = nest_.indices.sub(all, whole);
  }
  static_cast<void>(add_outputs(tile, {.masked = true}, rest, sums, blocks.body));
  block.emplace_back(std::move(blocks));
  return nest_.take();
}

}  // namespace

LoopNest schedule_cuda_product(const Graph& body, const LoopSpace& space, Placement placement,
                               const GpuTarget& target) {
  ProductSides sides = product_sides(body, space, placement);
  const CudaProductStrategy product = choose_cuda_product_strategy(body, space, sides, target);
  CudaStrategy strategy = choose_epilogue_strategy(body, space, placement, sides, product, target);
  return CudaProductScheduler({body, space, std::move(placement), std::move(strategy)},
                              std::move(sides), product)
      .build();
}

}  // namespace sinter::detail
