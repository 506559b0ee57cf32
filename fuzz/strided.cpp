// Copies go element by element. Sizes and offsets of buffers come from `reach`.
#include <sinter/fuzz/strided.h>

#include <cstring>
#include <vector>

namespace sinter::fuzz {

void scatter(const TensorData& tensor, const Strides& strides, std::byte* buffer) {
  const std::int64_t bytes = info(tensor.dtype).bytes;
  for_each_element(tensor.shape, strides, [&](std::size_t dense, std::int64_t strided) {
    std::memcpy(buffer + strided * bytes, &tensor.bytes[dense * bytes], bytes);
  });
}

void gather(const std::byte* buffer, const Strides& strides, TensorData& tensor) {
  const std::int64_t bytes = info(tensor.dtype).bytes;
  for_each_element(tensor.shape, strides, [&](std::size_t dense, std::int64_t strided) {
    std::memcpy(&tensor.bytes[dense * bytes], buffer + strided * bytes, bytes);
  });
}

std::size_t buffer_bytes(DType dtype, const Shape& shape, const Strides& strides) {
  return static_cast<std::size_t>(reach(shape, strides).elements()) * info(dtype).bytes;
}

std::int64_t first_byte(DType dtype, const Shape& shape, const Strides& strides) {
  return reach(shape, strides).lowest * info(dtype).bytes;
}

void settle_on_strides(const Graph& graph, std::span<TensorData> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Strides& strides = graph.inputs()[i].strides;
    if (strides.empty()) continue;
    std::vector<std::byte> buffer(buffer_bytes(inputs[i].dtype, inputs[i].shape, strides));
    std::byte* first = buffer.data() - first_byte(inputs[i].dtype, inputs[i].shape, strides);
    scatter(inputs[i], strides, first);
    gather(first, strides, inputs[i]);
  }
}

}  // namespace sinter::fuzz
