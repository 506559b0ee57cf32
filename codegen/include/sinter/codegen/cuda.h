// The CUDA half of codegen: from a kernel of a plan to CUDA C, and everything that a launch needs.
//
// Needs no LLVM, no CUDA header and no device: the text uses only the language and the intrinsics
// that every CUDA compiler declares by itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/machine_model.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/plan.h>

namespace sinter {

/// The GPU that loops are scheduled for, as plain data. The text of a kernel compiles for every
/// compute capability from 7.5 on; its preprocessor conditions choose what differs.
struct GpuTarget {
  int compute_capability = 90;  ///< major * 10 + minor
  GpuModel model = {};          ///< sizes and speeds; another model changes no result

  /// Returns the limits within which the planner makes kernels for this target.
  [[nodiscard]] SINTER_API PlanLimits plan_limits() const;
  friend bool operator==(const GpuTarget&, const GpuTarget&) = default;
};

/// Returns the loops of a kernel for a GPU. `body` is expanded (primitives only). Deterministic.
/// Depends on `space` by its rank, by which strides are 0, 1 or another number, and otherwise by
///   - the power of two, up to 16, that divides the innermost length and the strides of other axes
///   - whether several vectors per thread still occupy the device
///   - whether all offsets are below 2^30, and whether the device's cache holds the buffers
///   - with reductions: LoopSpace::chunk, the number of chunks (reduction.h) in a group, rounded up
///     to a power of two, and whether large blocks still occupy the device
///   - with a product: how far its rows and columns fill the tile sizes, and whether there are
///     enough tiles to occupy the device
[[nodiscard]] SINTER_API LoopNest schedule_cuda(const Graph& body, const LoopSpace& space,
                                                const GpuTarget& target);

/// One parameter of a kernel.
struct CudaParameter {
  enum class Kind : std::uint8_t {
    buffer,  ///< device pointer to `dtype`; position among inputs, then outputs
    extent,  ///< length, i32 or i64; position in LoopSpace::extents
    stride,  ///< stride in elements, i32 or i64; position in LoopSpace::strides
    number,  ///< value of `dtype`; position among the graph's parameters
  };
  Kind kind{};
  DType dtype{};
  std::uint32_t position = 0;
  friend bool operator==(const CudaParameter&, const CudaParameter&) = default;
};

/// A kernel as CUDA C. A launch has `block_count` blocks of `threads` threads; if `block_count` is
/// 0 there is no launch. The kernel uses no dynamic shared memory.
struct CudaKernel {
  std::string source;
  std::string entry;  ///< name of the extern "C" __global__ function
  std::vector<CudaParameter> parameters;
  int threads = 1;
  std::int64_t tile = 1;  ///< elements, or results of each reduction, that a block computes
  /// Rows and columns of the result that a block computes of a product; 0 for other kernels.
  std::int64_t tile_rows = 0;
  std::int64_t tile_columns = 0;
};

/// Returns the number of blocks of a launch: LoopSpace::unreduced_extent / tile, rounded up. With a
/// product, the number of tiles of `tile_rows` x `tile_columns` that cover its result, over all
/// matrices (LoopSpace::product_tiles).
[[nodiscard]] SINTER_API std::int64_t block_count(const CudaKernel& kernel, const LoopSpace& space);

/// Returns the CUDA C of a nest from `schedule_cuda`. Deterministic. `entry` is a C identifier.
[[nodiscard]] SINTER_API CudaKernel emit_cuda(const LoopNest& nest,
                                              std::string_view entry = "sinter_kernel");

/// Returns the compiler options that the bits of results depend on, spelled as NVRTC and nvcc
/// accept them.
[[nodiscard]] SINTER_API std::span<const std::string_view> cuda_compile_options();

}  // namespace sinter
