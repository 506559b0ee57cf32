// The stages of a program as text, regenerated on demand; and the variable SINTER_DUMP.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/runtime/executable.h>

namespace sinter::detail {

struct Program;
using Log = std::function<void(std::string_view message)>;

/// The program at `stage` as text, see Executable::text.
[[nodiscard]] std::string stage_text(const Program& program, Stage stage);

/// The stages that SINTER_DUMP lists. Reports unknown names to `log`.
[[nodiscard]] std::vector<Stage> dump_stages_from_environment(const Log& log);

}  // namespace sinter::detail
