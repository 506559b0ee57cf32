// Names of buffers in the text of a plan and in the verifier's messages.
#pragma once

#include <string>

#include <sinter/ir/plan.h>

namespace sinter::detail {

/// Name of a buffer: `input "x"`, `output "y"` or `temporary 0`. Temporaries are the last buffers.
[[nodiscard]] std::string name_of(const Plan& plan, BufferId buffer);

}  // namespace sinter::detail
