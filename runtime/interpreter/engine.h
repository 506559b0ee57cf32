// A third backend, for tests: it interprets the loop nests of a CPU, without a compiler. It is the
// smallest example of a backend (docs/adding.md).
#pragma once

#include <sinter/runtime/engine.h>

namespace sinter {

/// An engine whose programs run in the loop interpreter, for x86-64-v3 unless options.target names
/// another CPU. Slow. It ignores options.device.
[[nodiscard]] Engine interpreting_engine(EngineOptions options);

}  // namespace sinter
