// Composites: ops that stand for a body of primitives. composites.cpp says how to add one.
#pragma once

#include <span>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// Records the body of composite `op` over `operands` and returns its result.
[[nodiscard]] Value composite_body(Op op, std::span<const Value> operands);

/// Records leaky_relu as a maximum. Equal to the body bit for bit, but only for slopes in (0, 1].
[[nodiscard]] Value leaky_relu_as_max(const Value& x, const Value& slope);

}  // namespace sinter::detail
