// The CUDA half of codegen: a kernel of a plan to CUDA C, and all that a launch needs to know.
//
// Neither LLVM, nor CUDA's headers, nor a device: the text names nothing but the language and the
// intrinsics that every CUDA compiler declares by itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/plan.h>

namespace sinter {

/// The GPU that loops are scheduled for, as plain data. The text of a kernel compiles for every
/// compute capability from 7.5 on; what differs is chosen by its preprocessor.
struct GpuTarget {
  int compute_capability = 90;        ///< major * 10 + minor
  std::int64_t resident_threads = 0;  ///< on all multiprocessors together; 0 for an H200's
  std::int64_t cache_bytes = 0;       ///< of the second level; 0 for an H200's

  [[nodiscard]] SINTER_API PlanLimits plan_limits() const;
  friend bool operator==(const GpuTarget&, const GpuTarget&) = default;
};

/// `body` is expanded (primitives only). Deterministic; depends on `space` by its rank, by which
/// strides are 0, 1 or neither, by the power of two, up to 16, that divides the innermost length
/// and the strides around it, by whether there is work for the device in several vectors a thread,
/// by whether all offsets are below 2^30, and by whether the device's cache holds the buffers.
/// Where it reduces, also by its chunk, by the number of chunks of the rule in a group, up to a
/// power of two, and by whether there are threads enough for large blocks. Of a product, by how far
/// its rows and columns fill the tiles of a few sizes, and by whether there are enough of those for
/// the device.
[[nodiscard]] SINTER_API LoopNest schedule_cuda(const Graph& body, const LoopSpace& space,
                                                const GpuTarget& target);

/// One parameter of a kernel. `position` is that of a buffer among inputs, then outputs; of a
/// length among LoopSpace::extents; of a stride among LoopSpace::strides; of a number among the
/// graph's parameters.
struct CudaParameter {
  enum class Kind : std::uint8_t {
    buffer,  ///< a device pointer to `dtype`
    extent,  ///< of `dtype`, i32 or i64
    stride,  ///< of `dtype`, i32 or i64; in elements
    number,  ///< of `dtype`
  };
  Kind kind{};
  DType dtype{};
  std::uint32_t position = 0;
  friend bool operator==(const CudaParameter&, const CudaParameter&) = default;
};

/// A kernel as text. Launch `block_count` blocks of `threads`, none where that is 0. It uses no
/// dynamic shared memory.
struct CudaKernel {
  std::string source;
  std::string entry;  ///< an extern "C" __global__ function
  std::vector<CudaParameter> parameters;
  int threads = 1;
  std::int64_t tile = 1;  ///< elements of a block, or groups that it reduces
  /// Of a product: rows and columns of the result that a block computes; else 0.
  std::int64_t tile_rows = 0;
  std::int64_t tile_columns = 0;
};

/// One block for every `tile` of LoopSpace::unreduced_extent, of which the last may have fewer. Of
/// a product one for every `tile_rows` x `tile_columns` of each matrix of its result: its last two
/// extents, and those between the first and them.
[[nodiscard]] SINTER_API std::int64_t block_count(const CudaKernel& kernel, const LoopSpace& space);

/// The CUDA C of a nest from `schedule_cuda`. Deterministic. `entry` is a C identifier.
[[nodiscard]] SINTER_API CudaKernel emit_cuda(const LoopNest& nest,
                                              std::string_view entry = "sinter_kernel");

/// Options without which a CUDA compiler gives other bits: NVRTC's words, nvcc knows them too.
[[nodiscard]] SINTER_API std::span<const std::string_view> cuda_compile_options();

}  // namespace sinter
