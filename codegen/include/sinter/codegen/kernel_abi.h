// The calling convention of a CPU kernel, version 1. Plain C layout: caches, ahead-of-time objects
// and embedders rely on it.
#pragma once

#include <cstdint>

namespace sinter {

inline constexpr int kKernelAbiVersion = 1;

/// What a kernel reads besides its range. All arrays outlive the call; the kernel writes to output
/// buffers only.
struct KernelArguments {
  void* const* buffers;             ///< inputs, then outputs; aligned to their element
  const std::int64_t* extents;      ///< lengths of the collapsed iteration space, outermost first
  const std::int64_t* strides;      ///< [buffer][axis], in elements
  const std::uint64_t* parameters;  ///< one 8-byte slot each: element_bits, so the one quiet NaN
};

/// Computes indices [begin, end) of the parallel range (LoopSpace::parallel_extent). Ranges may run
/// on different threads at once. Does not throw, allocate, or call anything. Expects the default
/// floating-point environment: round to nearest, subnormals kept, exceptions masked.
using KernelFunction = void (*)(const KernelArguments* arguments, std::int64_t begin,
                                std::int64_t end);

}  // namespace sinter
