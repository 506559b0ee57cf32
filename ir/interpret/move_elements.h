// Structural ops in the interpreter: element by element, from coordinates.
#pragma once

#include <cstddef>
#include <span>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::detail {

/// A dense tensor that is read.
struct DenseTensor {
  const std::byte* data = nullptr;
  const Shape* shape = nullptr;
};

/// What node `id`, a structural op, makes of its operands.
[[nodiscard]] TensorData move_elements(const Graph& graph, NodeId id,
                                       std::span<const DenseTensor> operands);

/// What an iota of this dtype, an integer, and shape holds.
[[nodiscard]] TensorData count_along(DType dtype, const Shape& shape, int axis);

}  // namespace sinter::detail
