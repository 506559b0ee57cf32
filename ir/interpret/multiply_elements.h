// Products for the reference interpreter: the rule of product.h, word for word.
#pragma once

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

#include "interpret/move_elements.h"

namespace sinter::detail {

/// The result of product `id` over its operands, of f32 or f64.
[[nodiscard]] TensorData multiply_elements(const Graph& graph, NodeId id, const DenseTensor& a,
                                           const DenseTensor& b);

}  // namespace sinter::detail
