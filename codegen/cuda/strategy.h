// CudaStrategy: the widths and shapes that the CUDA scheduler chooses for one kernel, and why.
#pragma once

#include <vector>

#include <sinter/codegen/cuda.h>

#include "schedule/placement.h"
#include "schedule/product_sides.h"

namespace sinter::detail {

/// Threads that reduce a chunk together: half a warp.
inline constexpr int kTeam = 16;

struct CudaStrategy {
  int threads = 256;  ///< in a block
  int lanes = 1;      ///< elements in one access
  int unroll = 1;     ///< accesses of an argument in flight in a thread
  int singles = 1;    ///< single elements in flight, where vectors are not whole and aligned
  int rows = 1;       ///< that a block reduces; one team each where there are several
  int ahead = 1;      ///< steps of a reduction whose loads start together
  /// What is stored by vectors makes way in the cache first: it does not hold all buffers.
  bool streaming = false;
  std::vector<bool> vectors;  ///< [argument] read or written by whole, aligned vectors
};

[[nodiscard]] CudaStrategy choose_cuda_strategy(const Graph& body, const LoopSpace& space,
                                                const Placement& placement,
                                                const GpuTarget& target);

[[nodiscard]] CudaStrategy choose_cuda_reduction_strategy(const Graph& body, const LoopSpace& space,
                                                          const Placement& placement,
                                                          const GpuTarget& target);

/// The tile of a product that a block computes, and who computes what of it.
struct CudaProductStrategy {
  int across = 32;  ///< threads side by side along the columns of the tile
  int down = 8;     ///< and along its rows
  int lanes = 1;    ///< columns of a thread
  int rows = 1;     ///< and its rows
  int depth = 16;   ///< elements that are summed from one barrier to the next
  /// Threads bring an operand together along what is summed, where it lies so; else along the tile.
  bool rows_by_depth = false;
  bool columns_by_depth = false;

  [[nodiscard]] int threads() const { return across * down; }
  [[nodiscard]] std::int64_t tile_rows() const { return std::int64_t{down} * rows; }
  [[nodiscard]] std::int64_t tile_columns() const { return std::int64_t{across} * lanes; }
};

[[nodiscard]] CudaProductStrategy choose_cuda_product_strategy(const Graph& body,
                                                               const LoopSpace& space,
                                                               const ProductSides& sides,
                                                               const GpuTarget& target);

/// The accesses of what comes behind a product, in vectors of so many lanes.
[[nodiscard]] CudaStrategy choose_behind_product(const Graph& body, const LoopSpace& space,
                                                 const Placement& placement,
                                                 const ProductSides& sides,
                                                 const CudaProductStrategy& product,
                                                 const GpuTarget& target);

}  // namespace sinter::detail
