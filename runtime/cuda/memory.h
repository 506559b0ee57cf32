// CudaMemory: memory of a GPU, in the current context if that belongs to the GPU, else in the GPU's
// primary context.
#pragma once

#include <memory>

#include "backend.h"
#include "cuda/device.h"

namespace sinter::detail {

class CudaMemory final : public DeviceMemory {
 public:
  CudaMemory(std::shared_ptr<const CudaDevice> device, std::size_t bytes);
  ~CudaMemory() override;
  CudaMemory(const CudaMemory&) = delete;
  CudaMemory& operator=(const CudaMemory&) = delete;

  [[nodiscard]] void* data() const override;
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }
  [[nodiscard]] Device device() const override;
  void write(std::span<const std::byte> host) override;
  void read(std::span<std::byte> host) const override;

 private:
  const std::shared_ptr<const CudaDevice> device_;
  const std::size_t bytes_;
  CudaOwner owner_;
  CudaPointer address_ = 0;
};

}  // namespace sinter::detail
