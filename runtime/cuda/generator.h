// CudaGenerator: schedules kernels for a GPU and prints their CUDA C, PTX and SASS.
#pragma once

#include <sinter/codegen/cuda.h>

#include "backend.h"

namespace sinter::detail {

class CudaGenerator final : public CodeGenerator {
 public:
  /// `description` names the device in messages; it may be empty.
  explicit CudaGenerator(const GpuTarget& target, std::string description = {});

  [[nodiscard]] PlanLimits plan_limits() const override { return target_.plan_limits(); }
  [[nodiscard]] Lowered schedule(const Graph& body, const KernelFrame& frame) const override;
  [[nodiscard]] std::string model() const override { return print(target_.model); }
  [[nodiscard]] bool shows(Stage stage) const override;
  /// Throws Error(unsupported) for a stage that it does not show, for PTX and SASS without NVRTC,
  /// and for SASS without nvdisasm or cuobjdump.
  [[nodiscard]] std::string text(const LoopNest& nest, Stage stage,
                                 const std::string& symbol) const override;

 private:
  const GpuTarget target_;
  const std::string description_;
};

}  // namespace sinter::detail
