// CudaJit: LoopNest to a kernel of a GPU, through NVRTC and the driver.
//
// Thread-safe: NVRTC compiles on as many threads as ask.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <sinter/codegen/cuda.h>

#include "cuda_device.h"
#include "jit.h"
#include "nvrtc.h"

namespace sinter::detail {

/// A kernel as an image for the driver. The image is loaded once for every context that asks.
class CudaCode final : public MachineCode {
 public:
  CudaCode(std::shared_ptr<const CudaDevice> device, std::shared_ptr<const Nvrtc> nvrtc,
           CudaKernel kernel, std::string image, bool ptx);
  ~CudaCode() override;
  CudaCode(const CudaCode&) = delete;
  CudaCode& operator=(const CudaCode&) = delete;

  /// Text and launch rule.
  [[nodiscard]] const CudaKernel& kernel() const { return kernel_; }
  /// The function in the context of `owner`, which is current.
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

/// An image that a kernel may be loaded from, and whether it is PTX.
[[nodiscard]] std::pair<std::string, bool> compile_cuda(const CudaKernel& kernel,
                                                        int compute_capability, const Nvrtc& nvrtc);

class CudaJit final : public Jit {
 public:
  /// Throws Error(unsupported) where there is no NVRTC, or none that knows the device.
  explicit CudaJit(std::shared_ptr<const CudaDevice> device);
  /// Loads into the context that is current, or the primary one.
  std::shared_ptr<const MachineCode> compile(const LoopNest& nest, CompileTimes& times) override;

 private:
  std::shared_ptr<const CudaDevice> device_;
  std::shared_ptr<const Nvrtc> nvrtc_;
};

}  // namespace sinter::detail
