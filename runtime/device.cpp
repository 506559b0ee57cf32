// Device as text; DeviceBuffer.
#include <sinter/runtime/device.h>
#include <sinter/runtime/device_buffer.h>

#include <fmt/format.h>

#include <sinter/ir/error.h>

#include "backend.h"

namespace sinter {

std::string to_string(Device device) {
  return device.kind() == Device::Kind::cpu ? "cpu" : fmt::format("cuda:{}", device.index());
}

DeviceBuffer::DeviceBuffer(std::unique_ptr<detail::DeviceMemory> memory)
    : memory_(std::move(memory)) {}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept = default;
DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept = default;
DeviceBuffer::~DeviceBuffer() = default;

void* DeviceBuffer::data() const { return memory_ == nullptr ? nullptr : memory_->data(); }

std::size_t DeviceBuffer::bytes() const { return memory_ == nullptr ? 0 : memory_->bytes(); }

Device DeviceBuffer::device() const { return memory_->device(); }

namespace {

void check_size(std::size_t asked, std::size_t bytes) {
  if (asked <= bytes) return;
  fail(ErrorCode::invalid_argument,
       fmt::format("a copy of {} bytes with a device buffer of {}", asked, bytes));
}

}  // namespace

void DeviceBuffer::write(std::span<const std::byte> host) const {
  check_size(host.size(), bytes());
  if (!host.empty()) memory_->write(host);
}

void DeviceBuffer::read(std::span<std::byte> host) const {
  check_size(host.size(), bytes());
  if (!host.empty()) memory_->read(host);
}

TensorView DeviceBuffer::view(DType dtype, const Shape& shape, const Strides& strides) const {
  const std::size_t elements = bytes() / info(dtype).bytes;
  detail::check_view_size(static_cast<std::int64_t>(elements), shape, strides);
  return {data(), dtype, shape, strides, device()};
}

}  // namespace sinter
