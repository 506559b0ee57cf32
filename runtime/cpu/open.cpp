#include "cpu/open.h"

#include <utility>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/error.h>
#include <sinter/runtime/engine.h>

#include "cpu/jit.h"
#include "cpu/launch.h"
#include "host_memory.h"
#include "host_program.h"

namespace sinter::detail {
namespace {

class CpuGenerator final : public CodeGenerator {
 public:
  explicit CpuGenerator(Target target) : target_(std::move(target)) {}
  [[nodiscard]] const Target& target() const { return target_; }

  [[nodiscard]] PlanLimits plan_limits() const override { return target_.plan_limits(); }
  [[nodiscard]] Lowered schedule(const Graph& body) const override {
    LoopSpace space = collapse(body, target_.model);
    LoopNest nest = schedule_cpu(body, space, target_, {.streaming = should_stream(body, target_)});
    return {std::move(nest), std::move(space)};
  }
  [[nodiscard]] std::string model() const override { return print(target_.model); }
  [[nodiscard]] bool shows(Stage stage) const override {
    return stage == Stage::llvm || stage == Stage::assembly;
  }
  [[nodiscard]] std::string text(const LoopNest& nest, Stage stage,
                                 const std::string& symbol) const override {
    const LlvmScope llvm;
    return stage == Stage::llvm ? llvm_text(nest, target_, symbol)
                                : assembly_text(nest, target_, symbol);
  }

 private:
  const Target target_;
};

class BoundCpu final : public HostBinding {
 public:
  using HostBinding::HostBinding;
  void run(const RunOptions& how) override {
    refuse_stream(how);
    const FloatEnvironment environment;
    const KernelArguments* of_kernel = arguments();
    for (const Kernel& kernel : program().kernels) {
      launch(kernel, *of_kernel++, *program().services);
    }
  }
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(Target target, std::shared_ptr<Allocator> allocator)
      : generator_(std::move(target)),
        jit_(CpuJit::make(generator_.target())),
        runs_here_(sinter::runs_here(generator_.target())),
        allocator_(std::move(allocator)) {}

  [[nodiscard]] Device device() const override { return Device::cpu(); }
  [[nodiscard]] const Target& target() const override { return generator_.target(); }
  [[nodiscard]] const CodeGenerator& generator() const override { return generator_; }
  [[nodiscard]] std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                           CompileTimes& times) const override {
    return jit_->compile(nest, times);
  }
  [[nodiscard]] bool runs_here() const override { return runs_here_; }
  void run(const Program& program, std::span<const ConstTensorView> inputs,
           std::span<const TensorView> outputs, const RunOptions& how) const override {
    refuse_stream(how);
    run_on_host(program, inputs, outputs, launch);
  }
  [[nodiscard]] std::unique_ptr<BoundProgram> bind(
      std::shared_ptr<const Program> program, std::span<const ConstTensorView> inputs,
      std::span<const TensorView> outputs) const override {
    return std::make_unique<BoundCpu>(std::move(program), inputs, outputs);
  }
  [[nodiscard]] std::unique_ptr<DeviceMemory> allocate(
      std::size_t bytes, const std::function<std::string()>& what) const override {
    return std::make_unique<HostMemory>(allocator_, bytes, what);
  }

 private:
  const CpuGenerator generator_;
  const std::shared_ptr<CpuJit> jit_;
  const bool runs_here_;
  const std::shared_ptr<Allocator> allocator_;
};

}  // namespace

Target cpu_of(const std::optional<Target>& asked) {
  if (asked.has_value()) return *asked;
  return serves_cpus() ? host_target() : Target{};
}

std::shared_ptr<const Backend> open_cpu(const std::optional<Target>& target,
                                        std::shared_ptr<Allocator> allocator) {
  return std::make_shared<CpuBackend>(target.has_value() ? *target : host_target(),
                                      std::move(allocator));
}

}  // namespace sinter::detail
