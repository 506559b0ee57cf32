// Launches of a kernel's function, on the calling thread or in chunks on an executor.
#pragma once

#include "program.h"

namespace sinter::detail {

/// Runs the chunks of a kernel on `executor`; does nothing if there are none. If the kernel needs
/// scratch, each task uses a block of its own of those at arguments.scratch.
void launch_chunks(const Kernel& kernel, const KernelArguments& arguments, Executor& executor);

/// Runs a kernel: directly if it has one chunk, else on the executor. The caller has set the
/// default FloatEnvironment.
inline void launch(const Kernel& kernel, const KernelArguments& arguments,
                   const Services& services) {
  if (kernel.chunks == 1) [[likely]] {
    kernel.entry(&arguments, 0, kernel.extent);
  } else {
    launch_chunks(kernel, arguments, *services.executor);
  }
}

}  // namespace sinter::detail
