// The calling convention of a CPU kernel, version 2. Plain C layout: caches, ahead-of-time objects
// and embedders rely on it.
#pragma once

#include <cstdint>

namespace sinter {

/// Part of every key of machine code (`key_bytes`).
inline constexpr int kKernelAbiVersion = 2;

/// Most bytes of stack that a kernel takes: its return address, spills and small local memories.
/// Code generation checks it for every kernel. Larger local memories lie in
/// KernelArguments::scratch.
inline constexpr std::int64_t kKernelStackBytes = std::int64_t{16} << 10;

/// Alignment of KernelArguments::scratch, in bytes.
inline constexpr std::int64_t kScratchAlignment = 64;

/// What a kernel reads besides its range. All arrays outlive the call; the kernel writes to output
/// buffers and to its scratch block only.
struct KernelArguments {
  void* const* buffers;             ///< inputs, then outputs; aligned to their element
  const std::int64_t* extents;      ///< lengths of the collapsed iteration space, outermost first
  const std::int64_t* strides;      ///< [buffer][axis], in elements
  const std::uint64_t* parameters;  ///< one 8-byte slot each: element_bits, so the one quiet NaN
  /// Block of `scratch_bytes(nest)` bytes, aligned to kScratchAlignment, that no other call uses at
  /// the same time: calls that run at once have KernelArguments of their own, which differ in it.
  /// The block need not be initialised and holds nothing between calls. Null where that is 0.
  void* scratch = nullptr;
  /// Reserved for decisions per call, such as whether outputs are stored around the caches. Must be
  /// 0.
  std::uint64_t flags = 0;
};

/// Computes indices [begin, end) of the parallel range (LoopSpace::parallel_extent). Ranges may run
/// on different threads at once, each with a scratch block of its own. Does not throw, allocate, or
/// call anything. Takes at most kKernelStackBytes of stack. Expects the default floating-point
/// environment: round to nearest, subnormals kept, exceptions masked.
using KernelFunction = void (*)(const KernelArguments* arguments, std::int64_t begin,
                                std::int64_t end);

}  // namespace sinter
