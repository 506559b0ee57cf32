// Reductions in the reference interpreter: a direct implementation of the order in reduction.h.
#pragma once

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

#include "interpret/move_elements.h"

namespace sinter::detail {

/// Returns the result of reduction `id` on operand `from`.
[[nodiscard]] TensorData reduce_elements(const Graph& graph, NodeId id, const DenseTensor& from);

}  // namespace sinter::detail
