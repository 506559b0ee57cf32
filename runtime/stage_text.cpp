// The stages of a program as text: repeats the passes up to the stage.
#include "stage_text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/enum.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/text.h>

#include "backends.h"
#include "environment.h"
#include "passes.h"
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
  const Backend& backend = *program.services->backend;
  const bool loops = stage == Stage::loops;
  const CodeGenerator& generator = loops ? backend.generator() : generator_of(backend, stage);
  std::string text = loops ? generator.model() + "\n" : "";
  std::size_t k = 0;
  CompileTimes ignored;
  run_passes(program.planned->source, program.parameters, program.options, generator, ignored,
             {.plan = [&](const auto&) -> const Plan& { return program.planned->plan; },
              .kernel =
                  [&](const Lowered& lowered, const auto&) {
                    const std::string symbol = fmt::format("kernel_{}", k);
                    if (k++ > 0) text += "\n";
                    text += loops ? fmt::format("{}: {}", symbol, print(lowered.nest))
                                  : generator.text(lowered.nest, stage, symbol);
                  }});
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
