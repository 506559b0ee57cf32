// How a program runs on a GPU: its kernels are launched on a stream, one after another.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <sinter/runtime/device.h>
#include <sinter/runtime/device_buffer.h>
#include <sinter/runtime/view.h>

#include "cuda_device.h"

namespace sinter::detail {

struct Program;

/// Returns once all kernels are launched. Throws Error before the first one, or where the driver
/// refuses one.
void run_cuda(const Program& program, std::span<const ConstTensorView> inputs,
              std::span<const TensorView> outputs, const RunOptions& options);

/// A kernel with all that a launch is given. Points into the program, and to `pointers`.
struct CudaLaunch {
  CudaFunction function = nullptr;
  unsigned blocks = 0;  ///< 0 where there are no elements
  unsigned threads = 0;
  std::vector<CudaPointer> pointers;  ///< of its arguments
  std::vector<void*> parameters;
};

/// A program bound to buffers on a GPU, in the context that was current. Owns its workspace.
class BoundCuda {
 public:
  BoundCuda(const Program& program, std::span<const ConstTensorView> inputs,
            std::span<const TensorView> outputs);
  void run(const RunOptions& options);

 private:
  const Program& program_;
  CudaOwner owner_;
  std::optional<DeviceBuffer> workspace_;
  std::vector<CudaLaunch> launches_;
};

}  // namespace sinter::detail
