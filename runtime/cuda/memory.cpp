#include "cuda/memory.h"

#include <utility>

#include <fmt/format.h>

namespace sinter::detail {

CudaMemory::CudaMemory(std::shared_ptr<const CudaDevice> device, std::size_t bytes)
    : device_(std::move(device)), bytes_(bytes) {
  const CudaScope scope(*device_);
  owner_ = scope.owner();
  if (bytes == 0) return;
  device_->check(device_->driver().allocate(&address_, bytes),
                 fmt::format("allocating {} bytes", bytes));
}

CudaMemory::~CudaMemory() {
  if (address_ == 0) return;
  device_->release_in(owner_, [this](const CudaDriver& driver) { driver.release(address_); });
}

void* CudaMemory::data() const {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(address_));
}

Device CudaMemory::device() const { return Device::cuda(device_->index()); }

void CudaMemory::write(std::span<const std::byte> host) {
  if (host.empty()) return;
  const CudaScope scope(*device_, owner_);
  device_->check(device_->driver().copy_to_device(address_, host.data(), host.size()),
                 fmt::format("copying {} bytes to the device", host.size()));
}

void CudaMemory::read(std::span<std::byte> host) const {
  if (host.empty()) return;
  const CudaScope scope(*device_, owner_);
  device_->check(device_->driver().copy_to_host(host.data(), address_, host.size()),
                 fmt::format("copying {} bytes from the device", host.size()));
}

}  // namespace sinter::detail
