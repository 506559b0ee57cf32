// Names of buffers in the text of a plan and in what is said of one.
#pragma once

#include <string>

#include <sinter/ir/plan.h>

namespace sinter::detail {

/// `input "x"`, `output "y"`, `temporary 0`. Temporaries come last among the buffers.
[[nodiscard]] std::string name_of(const Plan& plan, BufferId buffer);

}  // namespace sinter::detail
