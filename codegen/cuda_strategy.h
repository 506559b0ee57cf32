// CudaStrategy: the widths and shapes that the CUDA scheduler chooses for one kernel, and why.
#pragma once

#include <vector>

#include <sinter/codegen/cuda.h>

#include "placement.h"

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
  std::vector<bool> vectors;  ///< [argument] read or written by whole, aligned vectors
};

[[nodiscard]] CudaStrategy choose_cuda_strategy(const Graph& body, const LoopSpace& space,
                                                const Placement& placement,
                                                const GpuTarget& target);

[[nodiscard]] CudaStrategy choose_cuda_reduction_strategy(const Graph& body, const LoopSpace& space,
                                                          const Placement& placement,
                                                          const GpuTarget& target);

}  // namespace sinter::detail
