// The plain sum of an array, as one would write it by hand with vectors. A reduction cannot be much
// faster, so reductions are measured as a ratio to it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <sinter/runtime/executor.h>

namespace sinter::bench {

/// The sum of `x`, added in no defined order. `executor` splits the array among its threads; if it
/// is null, the calling thread does all.
[[nodiscard]] float vector_sum(std::span<const float> x, Executor* executor = nullptr);

}  // namespace sinter::bench
