// DeviceBuffer: memory of a GPU, for programs that have no CUDA code of their own.
#pragma once

#include <memory>
#include <ranges>
#include <span>
#include <utility>

#include <sinter/runtime/device.h>
#include <sinter/runtime/view.h>

namespace sinter {

namespace detail {
class CudaDevice;
struct DeviceMemory;
}  // namespace detail

/// Owns memory on one device, in the context that was current when it was made, else in the
/// device's primary context. Made by Engine::allocate. Copies wait for what the default stream
/// does before, and for themselves. Errors of the driver throw Error(internal), as do copies where
/// that context is gone, with its memory.
class SINTER_API DeviceBuffer {
 public:
  DeviceBuffer(std::shared_ptr<const detail::CudaDevice> device, std::size_t bytes);
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  ~DeviceBuffer();

  /// Null of 0 bytes, and once it was moved from.
  [[nodiscard]] void* data() const;
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] Device device() const;

  /// Copies to or from its beginning. Throws Error(invalid_argument) beyond its end.
  void write(std::span<const std::byte> host) const;
  void read(std::span<std::byte> host) const;
  template <std::ranges::contiguous_range Range>
  void write(const Range& host) const {
    write(std::as_bytes(std::span(host)));
  }
  template <std::ranges::contiguous_range Range>
  void read(Range& host) const {
    read(std::as_writable_bytes(std::span(host)));
  }

  /// Throws Error(invalid_buffer) where it is too small.
  [[nodiscard]] TensorView view(DType dtype, const Shape& shape, const Strides& strides = {}) const;

 private:
  std::unique_ptr<detail::DeviceMemory> memory_;
};

}  // namespace sinter
