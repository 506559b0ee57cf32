// Structural ops and iota in the reference interpreter, element by element, from coordinates.
#pragma once

#include <cstddef>
#include <span>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::detail {

/// A dense tensor to read.
struct DenseTensor {
  const std::byte* data = nullptr;
  const Shape* shape = nullptr;
};

/// Returns the result of structural op `id` on these operands.
[[nodiscard]] TensorData move_elements(const Graph& graph, NodeId id,
                                       std::span<const DenseTensor> operands);

/// Returns an iota along `axis`. `dtype` is an integer.
[[nodiscard]] TensorData count_along(DType dtype, const Shape& shape, int axis);

}  // namespace sinter::detail
