#include "cpu/open.h"

#include <utility>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/error.h>
#include <sinter/runtime/engine.h>

#include "llvm/jit.h"
#include "cpu/launch.h"
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

class CpuBackend final : public HostBackend<launch> {
 public:
  CpuBackend(Target target, std::shared_ptr<Allocator> allocator)
      : HostBackend(std::move(allocator)),
        generator_(std::move(target)),
        jit_(CpuJit::make(generator_.target())),
        runs_here_(sinter::runs_here(generator_.target())) {}

  [[nodiscard]] const Target& target() const override { return generator_.target(); }
  [[nodiscard]] const CodeGenerator& generator() const override { return generator_; }
  [[nodiscard]] std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                           CompileTimes& times) const override {
    return jit_->compile(nest, times);
  }
  [[nodiscard]] bool runs_here() const override { return runs_here_; }

 private:
  const CpuGenerator generator_;
  const std::shared_ptr<CpuJit> jit_;
  const bool runs_here_;
};

}  // namespace

Target cpu_of(const std::optional<Target>& asked) {
  if (asked.has_value()) return *asked;
  return serves_cpus() ? host_target() : Target{};
}

std::shared_ptr<const Backend> open_cpu(Target target, std::shared_ptr<Allocator> allocator) {
  return std::make_shared<CpuBackend>(std::move(target), std::move(allocator));
}

}  // namespace sinter::detail
