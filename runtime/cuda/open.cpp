#include "cuda/open.h"

#include <utility>

#include "cuda/generator.h"
#include "cuda/jit.h"
#include "cuda/launches.h"
#include "cuda/memory.h"

namespace sinter::detail {
namespace {

class CudaBackend final : public Backend {
 public:
  CudaBackend(std::shared_ptr<const CudaDevice> device, Target cpu)
      : device_(std::move(device)),
        cpu_(std::move(cpu)),
        generator_(device_->target(), device_->description()),
        jit_(device_) {}

  [[nodiscard]] Device device() const override { return Device::cuda(device_->index()); }
  [[nodiscard]] const Target& target() const override { return cpu_; }
  [[nodiscard]] const CodeGenerator& generator() const override { return generator_; }
  [[nodiscard]] std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                           CompileTimes& times) const override {
    return jit_.compile(nest, times);
  }
  [[nodiscard]] int threads(int) const override { return 1; }  // a device has its own
  void run(const Program& program, std::span<const ConstTensorView> inputs,
           std::span<const TensorView> outputs, const RunOptions& how) const override {
    run_cuda(*device_, program, inputs, outputs, how);
  }
  [[nodiscard]] std::unique_ptr<BoundProgram> bind(
      std::shared_ptr<const Program> program, std::span<const ConstTensorView> inputs,
      std::span<const TensorView> outputs) const override {
    return std::make_unique<BoundCuda>(device_, std::move(program), inputs, outputs);
  }
  [[nodiscard]] std::unique_ptr<DeviceMemory> allocate(
      std::size_t bytes, const std::function<std::string()>&) const override {
    return std::make_unique<CudaMemory>(device_, bytes);
  }
  [[nodiscard]] std::unique_ptr<DeviceMemory> allocate_on_device(std::size_t bytes) const override {
    return std::make_unique<CudaMemory>(device_, bytes);
  }

 private:
  const std::shared_ptr<const CudaDevice> device_;
  const Target cpu_;
  const CudaGenerator generator_;
  const CudaJit jit_;
};

}  // namespace

std::shared_ptr<const Backend> open_cuda(int index, Target cpu) {
  return std::make_shared<CudaBackend>(CudaDevice::open(index), std::move(cpu));
}

}  // namespace sinter::detail
