// The CPU backend: compiles loop nests with LLVM and calls the code in this process.
#pragma once

#include <memory>
#include <optional>

#include <sinter/codegen/target.h>
#include <sinter/runtime/executor.h>

#include "backend.h"

namespace sinter::detail {

/// The target that was asked for, else this machine's CPU. A build without LLVM cannot detect it
/// and returns a default Target.
[[nodiscard]] Target cpu_of(const std::optional<Target>& asked);

/// A backend for `target`. Throws Error(unsupported) if LLVM is missing or cannot make code for it.
[[nodiscard]] std::shared_ptr<const Backend> open_cpu(Target target,
                                                      std::shared_ptr<Allocator> allocator);

}  // namespace sinter::detail
