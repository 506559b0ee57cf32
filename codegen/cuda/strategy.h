// CudaStrategy and CudaProductStrategy: block sizes, vector widths, unroll factors and tiles that
// the CUDA schedulers use for one kernel. The choose_... functions decide; they are deterministic.
#pragma once

#include <vector>

#include <sinter/codegen/cuda.h>

#include "schedule/placement.h"
#include "schedule/product_sides.h"

namespace sinter::detail {

/// Number of threads that reduce a chunk together, a team: half a warp.
inline constexpr int kTeam = 16;

struct CudaStrategy {
  int threads = 256;  ///< threads in a block
  int lanes = 1;      ///< elements in one access
  int unroll = 1;     ///< accesses of each argument that a thread has in flight
  int singles = 1;    ///< single elements in flight, where vectors are not full and aligned
  int rows = 1;       ///< rows that a block reduces; if there are several, each has one team
  int ahead = 1;      ///< steps of a reduction whose loads may be in flight together
  std::int64_t shared_bytes =
      0;  ///< bytes of shared memory for the results of a reduction's passes
  /// True if stores of vectors are streaming, so that the cache evicts their lines first: the
  /// second-level cache does not hold all buffers of the kernel.
  bool streaming = false;
  std::vector<bool> vectors;  ///< [argument] true if accessed by full, aligned vectors
};

/// The strategy of an elementwise kernel.
[[nodiscard]] CudaStrategy choose_cuda_strategy(const Graph& body, const LoopSpace& space,
                                                const Placement& placement,
                                                const GpuTarget& target);

/// The strategy of a kernel with reductions and no product.
[[nodiscard]] CudaStrategy choose_cuda_reduction_strategy(const Graph& body, const LoopSpace& space,
                                                          const Placement& placement,
                                                          const GpuTarget& target);

/// The tile of a product's result that a block computes, and the part of each thread.
struct CudaProductStrategy {
  int across = 32;           ///< threads side by side along the columns of the tile
  int down = 8;              ///< threads one below the other along its rows
  int lanes = 1;             ///< columns of a thread
  int rows = 1;              ///< rows of a thread
  int depth = 16;            ///< elements of K that are accumulated between two barriers
  int ahead = 1;             ///< steps along K whose loads may be in flight together
  int staged_in_flight = 1;  ///< most elements in flight while a thread copies to shared memory
  int padding_bytes = 0;     ///< after each row in shared memory
  /// True if neighbouring threads read neighbouring k of the row operand, because it is contiguous
  /// along K; else they read neighbouring rows.
  bool rows_by_depth = false;
  bool columns_by_depth = false;  ///< the same for the column operand, else neighbouring columns

  [[nodiscard]] int threads() const { return across * down; }
  [[nodiscard]] std::int64_t tile_rows() const { return std::int64_t{down} * rows; }
  [[nodiscard]] std::int64_t tile_columns() const { return std::int64_t{across} * lanes; }
};

/// The tile and the threads of a kernel with a product.
[[nodiscard]] CudaProductStrategy choose_cuda_product_strategy(const Graph& body,
                                                               const LoopSpace& space,
                                                               const ProductSides& sides,
                                                               const GpuTarget& target);

/// The accesses of a product's epilogue, in vectors of `product.lanes`.
[[nodiscard]] CudaStrategy choose_epilogue_strategy(const Graph& body, const LoopSpace& space,
                                                    const Placement& placement,
                                                    const ProductSides& sides,
                                                    const CudaProductStrategy& product,
                                                    const GpuTarget& target);

}  // namespace sinter::detail
