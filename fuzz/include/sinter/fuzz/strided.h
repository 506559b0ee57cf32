// Copies between dense tensors and memory with strides. Empty strides mean dense.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::fuzz {

/// Calls f(dense position, strided offset) for every element, in row-major order.
template <typename F>
void for_each_element(const Shape& shape, const Strides& strides, F f) {
  const Strides steps = strides.empty() ? dense_strides(shape) : strides;
  Dims at;
  for (int axis = 0; axis < shape.rank(); ++axis) at.push_back(0);
  std::int64_t strided = 0;
  const std::int64_t count = shape.elements();
  for (std::int64_t dense = 0; dense < count; ++dense) {
    f(static_cast<std::size_t>(dense), strided);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++at[axis] < shape[axis]) {
        strided += steps[axis];
        break;
      }
      strided -= steps[axis] * (shape[axis] - 1);
      at[axis] = 0;
    }
  }
}

/// Bytes of a buffer that holds `shape` with `strides`.
[[nodiscard]] std::size_t buffer_bytes(DType dtype, const Shape& shape, const Strides& strides);
/// Offset, in bytes, from element [0, ..., 0] to the element with the lowest address: 0 without
/// negative strides, else negative.
[[nodiscard]] std::int64_t first_byte(DType dtype, const Shape& shape, const Strides& strides);

/// Copies a tensor to memory whose element [0, ..., 0] is at `buffer`.
void scatter(const TensorData& tensor, const Strides& strides, std::byte* buffer);
/// Copies memory whose element [0, ..., 0] is at `buffer` to a tensor.
void gather(const std::byte* buffer, const Strides& strides, TensorData& tensor);

/// Makes dense inputs consistent with their declared strides: elements that alias, for example by a
/// stride of 0, all take the value of the last one.
void settle_on_strides(const Graph& graph, std::span<TensorData> inputs);

}  // namespace sinter::fuzz
