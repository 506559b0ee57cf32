#include "interpreter/engine.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include <sinter/codegen/loop_interpreter.h>
#include <sinter/ir/assert.h>
#include <sinter/ir/error.h>

#include "engine_core.h"
#include "host_program.h"

namespace sinter {
namespace detail {
namespace {

class Generator final : public CodeGenerator {
 public:
  explicit Generator(Target target) : target_(std::move(target)) {}
  [[nodiscard]] const Target& target() const { return target_; }

  [[nodiscard]] PlanLimits plan_limits() const override { return target_.plan_limits(); }
  [[nodiscard]] Lowered schedule(const Graph& body, const KernelFrame& frame) const override {
    LoopSpace space = collapse(body, frame, target_.model);
    LoopNest nest = schedule_cpu(body, space, target_);
    const double nanoseconds = estimate_nanoseconds(body, space, target_);
    return {std::move(nest), std::move(space), nanoseconds};
  }
  [[nodiscard]] std::string model() const override { return print(target_.model); }
  [[nodiscard]] bool shows(Stage) const override { return false; }
  [[nodiscard]] std::string text(const LoopNest&, Stage stage, const std::string&) const override {
    fail(ErrorCode::unsupported,
         fmt::format("the program is interpreted: it has no stage '{}'", to_string(stage)));
  }

 private:
  const Target target_;
};

struct Interpreted final : MachineCode {
  explicit Interpreted(LoopNest loops) : nest(std::move(loops)) {}
  const LoopNest nest;
};

void launch(const Kernel& kernel, const KernelArguments& arguments, const Services&) {
  if (kernel.chunks == 0) return;  // no elements
  const auto* code = dynamic_cast<const Interpreted*>(kernel.code.get());
  SINTER_ASSERT(code != nullptr, "an interpreting engine has loops");
  interpret(code->nest, arguments, 0, kernel.extent);
}

class Interpreter final : public HostBackend<launch> {
 public:
  Interpreter(Target target, std::shared_ptr<Allocator> allocator)
      : HostBackend(std::move(allocator)), generator_(std::move(target)) {}

  [[nodiscard]] const Target& target() const override { return generator_.target(); }
  [[nodiscard]] const CodeGenerator& generator() const override { return generator_; }
  [[nodiscard]] std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                           CompileTimes&) const override {
    return std::make_shared<Interpreted>(nest);
  }

 private:
  const Generator generator_;
};

std::shared_ptr<const Backend> open(const EngineOptions& options,
                                    std::shared_ptr<Allocator> allocator) {
  Target target = options.target.has_value() ? *options.target : Target::parse("x86-64-v3");
  return std::make_shared<Interpreter>(std::move(target), std::move(allocator));
}

}  // namespace
}  // namespace detail

Engine interpreting_engine(EngineOptions options) {
  return detail::EngineAccess::make(
      std::make_shared<detail::EngineCore>(std::move(options), detail::open));
}

}  // namespace sinter
