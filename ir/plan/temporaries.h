// Assigns memory to the temporaries of a plan. Temporaries that are never alive together may share
// memory.
#pragma once

#include <sinter/ir/plan.h>

namespace sinter::detail {

/// Sets `within` and `offset` of every temporary of `plan`, and the plan's `workspace_bytes`. A
/// temporary is alive from the first kernel that writes it to the last one that reads it. Its
/// memory is that of an output or a donated input which is free for that time, or the workspace.
/// The last kernel that reads a donated input may write a temporary over it in place. Time:
/// O(n log n). Throws Error(limit_exceeded) if the workspace would exceed 2^60 bytes.
void place_temporaries(Plan& plan);

}  // namespace sinter::detail
