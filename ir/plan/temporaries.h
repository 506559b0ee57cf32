// Places temporaries in one workspace, so that those that are never needed together share memory.
#pragma once

#include <sinter/ir/plan.h>

namespace sinter::detail {

/// Sets the place of every temporary of `plan`, and its workspace_bytes. A temporary lives from the
/// kernel that writes it to the last one that reads it, in the memory of an output or a donated
/// input that is free for so long, or in the workspace. The kernel that reads a donated input last
/// may write a temporary over it in place. Time: n log n. Throws Error(limit_exceeded).
void place_temporaries(Plan& plan);

}  // namespace sinter::detail
