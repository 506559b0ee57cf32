// How a program runs on a GPU: launches its kernels in order on one stream.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <sinter/runtime/device.h>
#include <sinter/runtime/view.h>

#include "backend.h"
#include "cuda/device.h"
#include "cuda/memory.h"

namespace sinter::detail {

/// Launches all kernels and returns without waiting for them. Throws Error for buffers that the
/// device cannot use, before the first launch, and for errors of the driver.
void run_cuda(const CudaDevice& device, const Program& program,
              std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
              const RunOptions& options);

/// A kernel and all arguments of its launch. `parameters` point into the program and to `pointers`.
struct CudaLaunch {
  CudaFunction function = nullptr;
  unsigned blocks = 0;  ///< 0 if there are no elements: nothing is launched
  unsigned threads = 0;
  std::vector<CudaPointer> pointers;  ///< one per buffer argument
  std::vector<void*> parameters;
};

/// A program bound to buffers on a GPU, in the context that was current then. Owns its workspace.
class BoundCuda final : public BoundProgram {
 public:
  BoundCuda(std::shared_ptr<const CudaDevice> device, std::shared_ptr<const Program> program,
            std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs);
  void run(const RunOptions& how) override;
  [[nodiscard]] DirectCall direct() const override;

 private:
  const std::shared_ptr<const CudaDevice> device_;
  CudaOwner owner_;
  std::optional<CudaMemory> workspace_;
  std::vector<CudaLaunch> launches_;
};

}  // namespace sinter::detail
