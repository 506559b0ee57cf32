// The decisions for products, one function each.
#include "cpu/product_strategy.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <sinter/ir/assert.h>

#include "schedule/block_reductions.h"

namespace sinter::detail {
namespace {

struct TileForm {
  std::int64_t rows;
  int vectors;
};

/// Returns the tile forms, fewest rows first. The largest form has as many accumulators as pay, so
/// that each loaded element is used often.
std::vector<TileForm> tile_forms(const Target& target) {
  if (target.vector_registers < 32) return {{1, 8}, {4, 2}, {6, 2}};
  // With vectors of 128 bits, 16 accumulators are enough to keep the pipelines busy.
  if (target.vector_bytes < 32) return {{1, 8}, {4, 4}, {8, 2}};
  return {{1, 8}, {4, 4}, {8, 2}, {14, 2}};
}

/// Returns the form that covers the rows at the least cost. The nest depends on the number of rows
/// only by this choice, and by whether one row of tiles covers them.
TileForm choose_tile(std::int64_t rows, const Target& target) {
  const std::vector<TileForm> forms = tile_forms(target);
  const auto fits =
      std::ranges::find_if(forms, [&](const TileForm& form) { return form.rows >= rows; });
  if (fits != forms.end()) return *fits;
  TileForm best{};
  double least = std::numeric_limits<double>::infinity();
  for (const TileForm& form : forms) {
    const std::int64_t tiles = (rows + form.rows - 1) / form.rows;
    const double cost =
        static_cast<double>(tiles) * (static_cast<double>(form.rows) + target.model.tile_cost);
    if (cost < least) best = form;
    least = std::min(least, cost);
  }
  return best;
}

bool any_input(const Graph& body, const std::vector<bool>& side, auto&& holds) {
  for (const GraphInput& input : body.inputs()) {
    if (side[input.node.index] && holds(body.node(input.node).payload)) return true;
  }
  return false;
}

}  // namespace

ProductStrategy choose_product_strategy(const Graph& body, const LoopSpace& space,
                                        const Placement& placement, const ProductSides& sides,
                                        const Target& target, int lanes, bool output_masks) {
  const int columns_axis = space.rank() - 1;
  const int rows_axis = columns_axis - 1;
  const std::int64_t rows = space.extents[static_cast<std::size_t>(rows_axis)];
  const std::int64_t columns = space.extents[static_cast<std::size_t>(columns_axis)];
  const DType dtype = body.node(sides.dot).dtype;
  const auto along = [&](std::size_t input, int axis) { return stride_class(space, input, axis); };

  const CpuModel& model = target.model;
  ProductStrategy strategy;
  const TileForm form = choose_tile(rows, target);
  SINTER_ASSERT(kProductRows % form.rows == 0, "a block has whole tiles");
  strategy.rows = form.rows;
  strategy.vectors = columns <= lanes ? 1 : form.vectors;
  strategy.masks = target.masked_memory || (target.masked_words && info(dtype).bytes >= 4);
  const std::int64_t bytes = info(dtype).bytes;
  strategy.several_depths = space.extents[0] > model.depth_bytes / bytes;
  strategy.depth = (strategy.several_depths ? model.depth_block_bytes : model.depth_bytes) / bytes;
  const Node& operand = body.node(sides.column_operand);
  const bool computed = operand.op != Op::input;
  // Packing an input does not pay if a single row of tiles reads each element once, nor if the
  // operand is small enough for several rows of tiles to find it in the cache.
  const bool worth_packing = computed || space.extents[0] * columns * bytes > model.unpacked_bytes;
  strategy.packed =
      (rows > form.rows && worth_packing) || any_input(body, sides.columns, [&](std::size_t input) {
        return along(input, columns_axis) == LaneStride::strided;
      });
  if (!computed) {
    const auto input = static_cast<std::size_t>(operand.payload);
    strategy.transposed = along(input, 0) == LaneStride::contiguous &&
                          along(input, columns_axis) == LaneStride::strided;
  }
  strategy.rows_contiguous = any_input(body, sides.rows, [&](std::size_t input) {
    return along(input, rows_axis) == LaneStride::contiguous &&
           along(input, 0) != LaneStride::contiguous;
  });
  const Pressure after = pressure(body, placement);
  strategy.in_registers = !strategy.several_depths && !BlockReductions(body).any() &&
                          after.operations <= model.epilogue_operations &&
                          output_masks == strategy.masks;
  return strategy;
}

}  // namespace sinter::detail
