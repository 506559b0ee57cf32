// The calling convention of a CPU kernel, version 2. The layout is plain C, because caches,
// ahead-of-time objects and embedders rely on it.
#pragma once

#include <cstdint>

namespace sinter {

/// Version of this convention; a part of every key of machine code (`key_bytes`).
inline constexpr int kKernelAbiVersion = 2;

/// Largest stack frame of a kernel, in bytes: return address, spills and small local memories. Code
/// generation checks it for every kernel. Larger local memories lie in KernelArguments::scratch.
inline constexpr std::int64_t kKernelStackBytes = std::int64_t{16} << 10;

/// Alignment of KernelArguments::scratch, in bytes.
inline constexpr std::int64_t kScratchAlignment = 64;

/// Inputs of a kernel besides its range. All arrays outlive the call. The kernel writes only to
/// output buffers and to its scratch block.
struct KernelArguments {
  void* const* buffers;         ///< inputs, then outputs; each aligned to its element size
  const std::int64_t* extents;  ///< lengths of the collapsed iteration space, outermost first
  const std::int64_t* strides;  ///< [buffer][axis], in elements
  /// Value of each parameter as `element_bits` of its dtype, in 8 bytes; a NaN is the positive
  /// quiet NaN without payload.
  const std::uint64_t* parameters;
  /// Block of `scratch_bytes(nest)` bytes, aligned to kScratchAlignment; null if that is 0. No two
  /// concurrent calls share a block, so each has KernelArguments of its own. The block need not be
  /// initialised, and keeps nothing from one call to the next.
  void* scratch = nullptr;
  /// Reserved for decisions per call, such as whether stores are non-temporal. Must be 0.
  std::uint64_t flags = 0;
};

/// Computes the indices [begin, end) of the parallel range [0, LoopSpace::parallel_extent()).
/// Disjoint ranges may run concurrently, each with a scratch block of its own. The kernel throws
/// nothing, allocates nothing, calls nothing, and takes at most kKernelStackBytes of stack. It
/// expects the default floating-point environment: round to nearest, subnormals kept, exceptions
/// masked.
using KernelFunction = void (*)(const KernelArguments* arguments, std::int64_t begin,
                                std::int64_t end);

}  // namespace sinter
