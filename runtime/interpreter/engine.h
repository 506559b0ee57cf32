// A third backend, for tests: it runs the loops of a CPU in the loop interpreter. It needs no
// compiler, and shows that a backend is one folder.
#pragma once

#include <sinter/runtime/engine.h>

namespace sinter {

/// An engine whose programs run in the loop interpreter, for x86-64-v3 unless options.target names
/// another CPU. Slow. It ignores options.device.
[[nodiscard]] Engine interpreting_engine(EngineOptions options);

}  // namespace sinter
