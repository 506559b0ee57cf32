// TensorBuffer: host memory from the allocator, or device memory.
#include "tensor_buffer.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>

namespace sinter::detail {
namespace {

/// Fills `to` with copies of `element`; each memcpy doubles the filled part.
void repeat(std::span<const std::byte> element, std::span<std::byte> to) {
  if (to.empty()) return;
  std::memcpy(to.data(), element.data(), element.size());
  for (std::size_t done = element.size(); done < to.size(); done *= 2) {
    std::memcpy(&to[done], to.data(), std::min(done, to.size() - done));
  }
}

}  // namespace

TensorBuffer::TensorBuffer(std::shared_ptr<const Services> services, DType dtype,
                           const Shape& shape)
    : services_(std::move(services)),
      bytes_(static_cast<std::size_t>(shape.elements()) * info(dtype).bytes) {
  if (services_->cuda != nullptr) {
    device_.emplace(services_->cuda, bytes_);
  } else if (bytes_ > 0) {
    host_ = allocate_block(*services_->allocator, bytes_, [&] {
      return fmt::format("a tensor {}{}", to_string(dtype), to_string(shape));
    });
  }
}

TensorBuffer::~TensorBuffer() {
  if (host_.memory != nullptr) services_->allocator->release(host_.memory, host_.bytes);
}

TensorView TensorBuffer::view(DType dtype, const Shape& shape) const {
  if (device_.has_value()) return {device_->data(), dtype, shape, {}, device_->device()};
  return {host_.memory, dtype, shape, {}, Device::cpu()};
}

void TensorBuffer::write(std::span<const std::byte> host) {
  if (device_.has_value()) return device_->write(host);
  if (!host.empty()) std::memcpy(host_.memory, host.data(), host.size());
}

void TensorBuffer::fill(std::span<const std::byte> element) {
  if (!device_.has_value()) return repeat(element, {host_.memory, host_.bytes});
  std::vector<std::byte> host(bytes_);
  repeat(element, host);
  device_->write(host);
}

void TensorBuffer::read(std::span<std::byte> host) const {
  if (device_.has_value()) return device_->read(host);
  if (!host.empty()) std::memcpy(host.data(), host_.memory, host.size());
}

}  // namespace sinter::detail
