#include "tensor/buffer.h"

#include <utility>

#include <fmt/format.h>

namespace sinter::detail {

TensorBuffer::TensorBuffer(std::shared_ptr<const Services> services, DType dtype,
                           const Shape& shape)
    : services_(std::move(services)),
      memory_(services_->backend->allocate(
          static_cast<std::size_t>(shape.elements()) * info(dtype).bytes,
          [&] { return fmt::format("a tensor {}{}", to_string(dtype), to_string(shape)); })) {}

}  // namespace sinter::detail
