// The target that shows what a new vector instruction set gets before it has lowerings of its own.
#pragma once

#include <sinter/codegen/target.h>

namespace sinter::fuzz {

/// `target` with every lowering of the LLVM emitter replaced by plain LLVM IR. It gives the same
/// bits wherever `target` runs.
[[nodiscard]] inline Target portable(Target target) {
  target.name += "-portable";
  target.extensions = Extensions::none;
  return target;
}

}  // namespace sinter::fuzz
