// Composites: ops that are a body over primitives. See composites.cpp for how to add one.
#pragma once

#include <span>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// Records the body of composite `op` over `operands` and returns its result.
[[nodiscard]] Value composite_body(Op op, std::span<const Value> operands);

/// leaky_relu for slopes in (0, 1] only, where it equals the body bit for bit.
[[nodiscard]] Value leaky_relu_as_max(const Value& x, const Value& slope);

}  // namespace sinter::detail
