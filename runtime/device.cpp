// Devices in words, and memory on them.
#include <sinter/runtime/device.h>
#include <sinter/runtime/device_buffer.h>

#include <fmt/format.h>

#include <sinter/ir/error.h>

#include "cuda_device.h"

namespace sinter {

std::string to_string(Device device) {
  return device.kind() == Device::Kind::cpu ? "cpu" : fmt::format("cuda:{}", device.index());
}

DeviceBuffer::DeviceBuffer(std::shared_ptr<const detail::CudaDevice> device, std::size_t bytes)
    : device_(std::move(device)), bytes_(bytes) {
  const detail::CudaScope scope(*device_);
  context_ = scope.context();
  if (bytes == 0) return;
  detail::CudaPointer memory = 0;
  device_->check(device_->driver().allocate(&memory, bytes),
                 fmt::format("allocating {} bytes", bytes));
  data_ = reinterpret_cast<void*>(static_cast<std::uintptr_t>(memory));
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : device_(std::move(other.device_)),
      context_(other.context_),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(context_, other.context_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceBuffer::~DeviceBuffer() {
  if (data_ == nullptr) return;
  const detail::CudaDriver& driver = device_->driver();
  if (driver.context_push(context_) != 0) return;
  driver.release(reinterpret_cast<std::uintptr_t>(data_));
  detail::CudaContext ignored = nullptr;
  driver.context_pop(&ignored);
}

Device DeviceBuffer::device() const { return Device::cuda(device_->index()); }

namespace {

void check_size(std::size_t asked, std::size_t bytes) {
  if (asked <= bytes) return;
  fail(ErrorCode::invalid_argument,
       fmt::format("a copy of {} bytes with a device buffer of {}", asked, bytes));
}

}  // namespace

void DeviceBuffer::write(std::span<const std::byte> host) const {
  check_size(host.size(), bytes_);
  if (host.empty()) return;
  const detail::CudaScope scope(*device_, context_);
  device_->check(device_->driver().copy_to_device(reinterpret_cast<std::uintptr_t>(data_),
                                                  host.data(), host.size()),
                 fmt::format("copying {} bytes to the device", host.size()));
}

void DeviceBuffer::read(std::span<std::byte> host) const {
  check_size(host.size(), bytes_);
  if (host.empty()) return;
  const detail::CudaScope scope(*device_, context_);
  device_->check(device_->driver().copy_to_host(
                     host.data(), reinterpret_cast<std::uintptr_t>(data_), host.size()),
                 fmt::format("copying {} bytes from the device", host.size()));
}

TensorView DeviceBuffer::view(DType dtype, const Shape& shape, const Strides& strides) const {
  const std::size_t elements = bytes_ / info(dtype).bytes;
  detail::check_view_size(static_cast<std::int64_t>(elements), shape, strides);
  return {data_, dtype, shape, strides, device()};
}

}  // namespace sinter
