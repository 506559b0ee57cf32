// Stages as text: what a program was made through, made again on demand, and SINTER_DUMP.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/runtime/executable.h>

namespace sinter::detail {

struct Program;
using Log = std::function<void(std::string_view message)>;

[[nodiscard]] std::string stage_text(const Program& program, Stage stage);

/// The stages that SINTER_DUMP asks for. Names that no stage has are reported to `log`, once.
[[nodiscard]] std::vector<Stage> dump_stages_from_environment(const Log& log);

}  // namespace sinter::detail
