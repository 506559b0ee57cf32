// ProductStrategy: the tile and the blocks that the CPU scheduler chooses for one product, and why.
#pragma once

#include <cstdint>

#include <sinter/codegen/schedule.h>
#include <sinter/codegen/target.h>

#include "schedule/placement.h"
#include "schedule/product_sides.h"

namespace sinter::detail {

/// The tile of a CPU's product, its depths, and how its operands and epilogue are handled. M, N and
/// K are those of the LoopSpace.
struct ProductStrategy {
  std::int64_t rows = 1;  ///< rows of a tile; the tile has rows * vectors accumulators
  int vectors = 1;        ///< columns of a tile, in vectors
  /// True if one masked tile covers the columns after the last whole tile; else whole vectors and
  /// then single columns cover them.
  bool masks = false;
  std::int64_t depth = 0;  ///< most elements along K that are accumulated at once
  /// True if K exceeds `depth`. Local memory then holds the sums of the block between depths.
  bool several_depths = false;
  /// True if the column operand is packed: copied, so that the columns of a tile are contiguous.
  bool packed = false;
  /// True if packing transposes the column operand in registers, because it is contiguous along K.
  bool transposed = false;
  /// True if the staged row operand is contiguous along M, as its input is; else along K.
  bool rows_contiguous = false;
  /// True if the epilogue is computed on the accumulators of a tile; else on the block in local
  /// memory.
  bool in_registers = false;
};

/// Returns the strategy for a product. `placement` is that of the epilogue (see schedule_product),
/// `lanes` and `output_masks` are those of the epilogue's strategy.
[[nodiscard]] ProductStrategy choose_product_strategy(const Graph& body, const LoopSpace& space,
                                                      const Placement& placement,
                                                      const ProductSides& sides,
                                                      const Target& target, int lanes,
                                                      bool output_masks);

}  // namespace sinter::detail
