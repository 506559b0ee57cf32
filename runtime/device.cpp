// Device as text; DeviceBuffer.
#include <sinter/runtime/device.h>
#include <sinter/runtime/device_buffer.h>

#include <fmt/format.h>

#include <sinter/ir/error.h>

#include "cuda_device.h"

namespace sinter {

std::string to_string(Device device) {
  return device.kind() == Device::Kind::cpu ? "cpu" : fmt::format("cuda:{}", device.index());
}

struct detail::DeviceMemory {
  DeviceMemory(std::shared_ptr<const CudaDevice> on, std::size_t size)
      : device(std::move(on)), bytes(size) {
    const CudaScope scope(*device);
    owner = scope.owner();
    if (size == 0) return;
    device->check(device->driver().allocate(&address, size),
                  fmt::format("allocating {} bytes", size));
  }
  ~DeviceMemory() {
    if (address == 0) return;
    device->release_in(owner, [this](const CudaDriver& driver) { driver.release(address); });
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  const std::shared_ptr<const CudaDevice> device;
  const std::size_t bytes;
  CudaOwner owner;
  CudaPointer address = 0;
};

DeviceBuffer::DeviceBuffer(std::shared_ptr<const detail::CudaDevice> device, std::size_t bytes)
    : memory_(std::make_unique<detail::DeviceMemory>(std::move(device), bytes)) {}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept = default;
DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept = default;
DeviceBuffer::~DeviceBuffer() = default;

void* DeviceBuffer::data() const {
  const detail::CudaPointer address = memory_ == nullptr ? 0 : memory_->address;
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(address));
}

std::size_t DeviceBuffer::bytes() const { return memory_ == nullptr ? 0 : memory_->bytes; }

Device DeviceBuffer::device() const { return Device::cuda(memory_->device->index()); }

namespace {

void check_size(std::size_t asked, std::size_t bytes) {
  if (asked <= bytes) return;
  fail(ErrorCode::invalid_argument,
       fmt::format("a copy of {} bytes with a device buffer of {}", asked, bytes));
}

}  // namespace

void DeviceBuffer::write(std::span<const std::byte> host) const {
  check_size(host.size(), bytes());
  if (host.empty()) return;
  const detail::CudaDevice& device = *memory_->device;
  const detail::CudaScope scope(device, memory_->owner);
  device.check(device.driver().copy_to_device(memory_->address, host.data(), host.size()),
               fmt::format("copying {} bytes to the device", host.size()));
}

void DeviceBuffer::read(std::span<std::byte> host) const {
  check_size(host.size(), bytes());
  if (host.empty()) return;
  const detail::CudaDevice& device = *memory_->device;
  const detail::CudaScope scope(device, memory_->owner);
  device.check(device.driver().copy_to_host(host.data(), memory_->address, host.size()),
               fmt::format("copying {} bytes from the device", host.size()));
}

TensorView DeviceBuffer::view(DType dtype, const Shape& shape, const Strides& strides) const {
  const std::size_t elements = bytes() / info(dtype).bytes;
  detail::check_view_size(static_cast<std::int64_t>(elements), shape, strides);
  return {data(), dtype, shape, strides, device()};
}

}  // namespace sinter
