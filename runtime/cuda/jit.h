// CudaJit: compiles a LoopNest to a GPU kernel, through NVRTC and the driver.
//
// Thread-safe: NVRTC compiles on any number of threads at once.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <sinter/codegen/cuda.h>

#include "backend.h"
#include "cuda/device.h"
#include "cuda/nvrtc.h"

namespace sinter::detail {

/// A GPU kernel as an image (a cubin, or PTX) that the driver loads once in each context that uses
/// it.
class CudaCode final : public MachineCode {
 public:
  CudaCode(std::shared_ptr<const CudaDevice> device, std::shared_ptr<const Nvrtc> nvrtc,
           CudaKernel kernel, std::string image, bool ptx);
  ~CudaCode() override;
  CudaCode(const CudaCode&) = delete;
  CudaCode& operator=(const CudaCode&) = delete;

  /// The CUDA C, and how to launch it.
  [[nodiscard]] const CudaKernel& kernel() const { return kernel_; }
  /// The function in the context of `owner`, which must be current. Loads the image if needed.
  [[nodiscard]] CudaFunction function(const CudaOwner& owner) const;

 private:
  struct Loaded {
    CudaOwner owner;
    CudaModule module;
    CudaFunction function;
  };
  [[nodiscard]] CudaModule load() const;

  std::shared_ptr<const CudaDevice> device_;
  std::shared_ptr<const Nvrtc> nvrtc_;
  const CudaKernel kernel_;
  mutable std::mutex mutex_;
  mutable std::string image_;
  mutable bool ptx_;
  mutable std::vector<Loaded> loaded_;
};

/// Compiles a kernel to an image for `compute_capability`. The bool is true if the image is PTX.
[[nodiscard]] std::pair<std::string, bool> compile_cuda(const CudaKernel& kernel,
                                                        int compute_capability, const Nvrtc& nvrtc);

/// Compiles kernels for one device. Thread-safe.
class CudaJit {
 public:
  /// Throws Error(unsupported) if NVRTC is not found, or has no architecture that the device can
  /// run.
  explicit CudaJit(std::shared_ptr<const CudaDevice> device);
  /// Loads the kernel into the current context if that context belongs to the device, else into the
  /// device's primary context.
  [[nodiscard]] std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                           CompileTimes& times) const;

 private:
  std::shared_ptr<const CudaDevice> device_;
  std::shared_ptr<const Nvrtc> nvrtc_;
};

}  // namespace sinter::detail
