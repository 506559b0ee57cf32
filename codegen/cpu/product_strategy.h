// ProductStrategy: the tile and the blocks that the CPU scheduler chooses for one product, and why.
#pragma once

#include <cstdint>

#include <sinter/codegen/schedule.h>
#include <sinter/codegen/target.h>

#include "schedule/placement.h"
#include "schedule/product_sides.h"

namespace sinter::detail {

struct ProductStrategy {
  std::int64_t rows = 1;   ///< of a tile: accumulators side by side in registers
  int vectors = 1;         ///< columns of a tile, in vectors
  bool masks = false;      ///< less than a vector is one masked vector, else single elements
  std::int64_t depth = 0;  ///< elements that are summed at once
  /// More is summed than `depth`: what has been is kept in memory of the kernel's own.
  bool several_depths = false;
  /// The operand that varies with columns is brought together, tile by tile.
  bool packed = false;
  /// ... turned in registers, since it lies along what is summed.
  bool turned = false;
  /// Lanes of the operand that varies with rows lie along the rows, else along what is summed.
  bool rows_lie_together = false;
  /// What comes behind the product is computed while its tile is in registers.
  bool in_registers = false;
};

[[nodiscard]] ProductStrategy choose_product_strategy(const Graph& body, const LoopSpace& space,
                                                      const Placement& placement,
                                                      const ProductSides& sides,
                                                      const Target& target, int lanes,
                                                      bool output_masks);

}  // namespace sinter::detail
