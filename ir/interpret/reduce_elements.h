// Reductions for the reference interpreter: the rule of reduction.h, word for word.
#pragma once

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

#include "interpret/move_elements.h"

namespace sinter::detail {

/// The result of reduction `id` over its operand.
[[nodiscard]] TensorData reduce_elements(const Graph& graph, NodeId id, const DenseTensor& from);

}  // namespace sinter::detail
