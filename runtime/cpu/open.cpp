#include "cpu/open.h"

#include <utility>

#include <sinter/runtime/engine.h>

#include "cpu/launch.h"
#include "cpu/llvm_compiler.h"
#include "host_program.h"
#include "process.h"

namespace sinter::detail {
namespace {

class CpuGenerator final : public CodeGenerator {
 public:
  explicit CpuGenerator(Target target) : target_(std::move(target)) {}
  [[nodiscard]] const Target& target() const { return target_; }

  [[nodiscard]] PlanLimits plan_limits() const override { return target_.plan_limits(); }
  [[nodiscard]] Lowered schedule(const Graph& body, const KernelFrame& frame) const override {
    LoopSpace space = collapse(body, frame, target_.model);
    LoopNest nest = schedule_cpu(body, space, target_,
                                 {.streaming = should_stream(body, target_),
                                  .streaming_in_place = should_stream_in_place(body, target_)});
    const double nanoseconds = estimate_nanoseconds(body, space, target_);
    return {std::move(nest), std::move(space), nanoseconds};
  }
  [[nodiscard]] std::string model() const override { return print(target_.model); }
  [[nodiscard]] bool shows(Stage stage) const override {
    return stage == Stage::llvm || stage == Stage::assembly;
  }
  [[nodiscard]] std::string text(const LoopNest& nest, Stage stage,
                                 const std::string& symbol) const override {
    return llvm_compiler().text(nest, target_, stage, symbol);
  }

 private:
  const Target target_;
};

class CpuBackend final : public HostBackend<launch> {
 public:
  CpuBackend(Target target, std::shared_ptr<Allocator> allocator)
      : HostBackend(std::move(allocator)),
        generator_(std::move(target)),
        runs_here_(sinter::runs_here(generator_.target())) {}

  [[nodiscard]] const Target& target() const override { return generator_.target(); }
  [[nodiscard]] const CodeGenerator& generator() const override { return generator_; }
  [[nodiscard]] std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                           CompileTimes& times) const override {
    return jit()->compile(nest, times);
  }
  [[nodiscard]] bool runs_here() const override { return runs_here_; }

 private:
  /// Made at the first compile.
  [[nodiscard]] std::shared_ptr<CpuJit> jit() const {
    const LlvmCompiler& compiler = llvm_compiler();
    const auto jit = jit_.lock();
    if (*jit == nullptr) *jit = compiler.make_jit(target());
    return *jit;
  }

  const CpuGenerator generator_;
  const Guarded<std::shared_ptr<CpuJit>> jit_;
  const bool runs_here_;
};

}  // namespace

std::shared_ptr<const Backend> open_cpu(Target target, std::shared_ptr<Allocator> allocator) {
  return std::make_shared<CpuBackend>(std::move(target), std::move(allocator));
}

}  // namespace sinter::detail
