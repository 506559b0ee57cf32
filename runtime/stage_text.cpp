// The stages of a program as text: repeats the passes up to the stage.
#include "stage_text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/enum.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/text.h>

#include "cpu_jit.h"
#include "disassemble.h"
#include "lower.h"
#include "nvrtc.h"
#include "nvrtc_search.h"
#include "program.h"

namespace sinter {
namespace {

constexpr std::array<std::string_view, 8> kStageNames = {"graph",    "plan", "loops", "llvm",
                                                         "assembly", "cuda", "ptx",   "sass"};

}  // namespace

std::string_view to_string(Stage stage) {
  detail::check_enum("Stage", stage, Stage::sass);
  return kStageNames[static_cast<std::size_t>(stage)];
}

namespace detail {
namespace {

bool is_gpu_stage(Stage stage) {
  return stage == Stage::cuda || stage == Stage::ptx || stage == Stage::sass;
}

/// The target of a stage: the program's own, or a default GPU for GPU stages of a CPU program.
CodeTarget target_of(const Program& program, Stage stage) {
  CodeTarget target = program.services->target;
  if (is_gpu_stage(stage) && !target.gpu.has_value()) target.gpu = GpuTarget{};
  if (target.gpu.has_value() && (stage == Stage::llvm || stage == Stage::assembly)) {
    fail(ErrorCode::unsupported,
         fmt::format(
             "the program is made for {}: it has no stage '{}', but 'cuda', 'ptx' and 'sass'",
             program.services->cuda->description(), to_string(stage)));
  }
  return target;
}

/// PTX or machine code of a kernel, for the newest architecture of NVRTC that is not newer than the
/// target.
std::string compiled(const CudaKernel& kernel, const GpuTarget& target, bool ptx) {
  const std::shared_ptr<const Nvrtc> nvrtc = Nvrtc::load();
  const int nearest =
      choose_architecture(target.compute_capability, nvrtc->architectures(), nvrtc->description())
          .number;
  return nvrtc->compile(kernel.source, {nearest, ptx});
}

std::string kernel_text(const Program& program, std::size_t k, Stage stage) {
  const PlanKernel& kernel = program.planned->plan.kernels[k];
  const CodeTarget target = target_of(program, stage);
  const Lowered lowered =
      lower(kernel, kernel_parameters(kernel, program.parameters), program.options, target);
  const std::string symbol = fmt::format("kernel_{}", k);
  if (stage == Stage::llvm || stage == Stage::assembly) {
    const LlvmScope llvm;
    return stage == Stage::llvm ? llvm_text(lowered.nest, target.cpu, symbol)
                                : assembly_text(lowered.nest, target.cpu, symbol);
  }
  if (is_gpu_stage(stage)) {
    const CudaKernel made = emit_cuda(lowered.nest, symbol);
    if (stage == Stage::cuda) return made.source;
    if (stage == Stage::ptx) return compiled(made, *target.gpu, true);
    return disassemble(compiled(made, *target.gpu, false));
  }
  return fmt::format("{}: {}", symbol, print(lowered.nest));
}

/// The numbers that the schedules of these loops used.
std::string model_text(const CodeTarget& target) {
  return (target.gpu ? print(target.gpu->model) : print(target.cpu.model)) + "\n";
}

std::optional<Stage> stage_from_name(std::string_view name) {
  const auto it = std::ranges::find(kStageNames, name);
  if (it == kStageNames.end()) return std::nullopt;
  return static_cast<Stage>(it - kStageNames.begin());
}

}  // namespace

std::string stage_text(const Program& program, Stage stage) {
  check_enum("Stage", stage, Stage::sass);
  const FloatEnvironment environment;  // the passes fold constants
  // `source` may hold the parameters of another program that shares the plan.
  if (stage == Stage::graph) return print(program.planned->source.clone(program.parameters));
  if (stage == Stage::plan) return print(program.planned->plan);
  std::string text;
  if (stage == Stage::loops) text = model_text(program.services->target);
  for (std::size_t k = 0; k < program.kernels.size(); ++k) {
    text += (k == 0 ? "" : "\n") + kernel_text(program, k, stage);
  }
  return text;
}

std::vector<Stage> dump_stages_from_environment(const Log& log) {
  const std::string variable = process_environment("SINTER_DUMP");
  std::string_view rest = variable;
  std::vector<Stage> stages;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    if (const std::optional<Stage> stage = stage_from_name(name)) {
      stages.push_back(*stage);
    } else if (!name.empty()) {
      log(fmt::format("sinter: SINTER_DUMP has no stage '{}'; the stages are {}", name,
                      fmt::join(kStageNames, ", ")));
    }
  }
  return stages;
}

}  // namespace detail
}  // namespace sinter
