// The CPU backend: compiles loop nests with LLVM and calls the code in this process.
#pragma once

#include <memory>

#include <sinter/codegen/target.h>
#include <sinter/runtime/executor.h>

#include "backend.h"

namespace sinter::detail {

/// host_target(), or a default Target on a machine that host_target refuses.
[[nodiscard]] Target host_target_or_default();

/// A backend for `target`. The first compile loads LLVM, and throws Error(unsupported) if it is
/// missing or cannot make code for the target.
[[nodiscard]] std::shared_ptr<const Backend> open_cpu(Target target,
                                                      std::shared_ptr<Allocator> allocator);

}  // namespace sinter::detail
