// The plain sum of an array: four vectors in flight, as one would write it by hand. What a
// reduction cannot be much faster than, and how near it comes is the measure of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <sinter/runtime/executor.h>

namespace sinter::bench {

/// In an order of its own. `executor` splits the array among its threads; without one, all is done
/// by the caller.
[[nodiscard]] float vector_sum(std::span<const float> x, Executor* executor = nullptr);

}  // namespace sinter::bench
