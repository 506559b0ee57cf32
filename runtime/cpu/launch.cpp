#include "cpu/launch.h"

#include <algorithm>
#include <atomic>

#include <sinter/ir/float_environment.h>

namespace sinter::detail {
namespace {

struct ParallelLaunch {
  const Kernel& kernel;
  const KernelArguments& arguments;

  /// First index of chunk i; the end of the range for i == chunks.
  [[nodiscard]] std::int64_t boundary(std::int64_t i) const {
    const std::int64_t grains = (kernel.extent + kernel.grain - 1) / kernel.grain;
    return std::min(kernel.extent, grains / kernel.chunks * i * kernel.grain +
                                       std::min(i, grains % kernel.chunks) * kernel.grain);
  }
  void run(const KernelArguments& with, std::int64_t i) const {
    kernel.entry(&with, boundary(i), boundary(i + 1));
  }
  static void run_chunk(void* context, std::int64_t i) {
    const auto& self = *static_cast<const ParallelLaunch*>(context);
    const FloatEnvironment environment;
    self.run(self.arguments, i);
  }
};

/// A parallel launch with one task for each scratch block. A task takes chunks until none is left,
/// so chunks that run at once have different blocks, whatever the executor does.
struct ScratchLaunch {
  const ParallelLaunch& launch;
  std::atomic<std::int64_t> next{0};

  static void run_block(void* context, std::int64_t block) {
    auto& self = *static_cast<ScratchLaunch*>(context);
    const Kernel& kernel = self.launch.kernel;
    const FloatEnvironment environment;
    KernelArguments own = self.launch.arguments;
    own.scratch = static_cast<std::byte*>(own.scratch) + block * kernel.scratch_bytes;
    for (std::int64_t i = self.next++; i < kernel.chunks; i = self.next++) self.launch.run(own, i);
  }
};

}  // namespace

void launch_chunks(const Kernel& kernel, const KernelArguments& arguments, Executor& executor) {
  if (kernel.chunks == 0) return;
  ParallelLaunch launch{kernel, arguments};
  if (kernel.scratch_blocks == 0) {
    return executor.parallel_for(kernel.chunks, ParallelLaunch::run_chunk, &launch,
                                 kernel.nanoseconds);
  }
  ScratchLaunch blocks{launch};
  executor.parallel_for(kernel.scratch_blocks, ScratchLaunch::run_block, &blocks,
                        kernel.nanoseconds);
}

}  // namespace sinter::detail
