// Products in the reference interpreter: a direct implementation of the definition in product.h.
#pragma once

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

#include "interpret/move_elements.h"

namespace sinter::detail {

/// Returns the result of product `id`, an mm or dot on f32 or f64, on these operands.
[[nodiscard]] TensorData multiply_elements(const Graph& graph, NodeId id, const DenseTensor& a,
                                           const DenseTensor& b);

}  // namespace sinter::detail
