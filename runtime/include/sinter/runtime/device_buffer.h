// DeviceBuffer: memory on a GPU, for programs that use no CUDA API.
#pragma once

#include <memory>
#include <ranges>
#include <span>
#include <utility>

#include <sinter/runtime/device.h>
#include <sinter/runtime/view.h>

namespace sinter {

namespace detail {
class DeviceMemory;
}  // namespace detail

/// Owns memory on one device. Made by Engine::allocate, in the calling thread's current context if
/// it belongs to the device, else in the device's primary context. A copy waits for all earlier
/// work of the default stream, and returns when the copy is complete. Errors of the driver throw
/// Error(internal). So does a copy after the context was destroyed, which destroys the memory too.
class SINTER_API DeviceBuffer {
 public:
  explicit DeviceBuffer(std::unique_ptr<detail::DeviceMemory> memory);
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  ~DeviceBuffer();

  /// Device pointer; null if the buffer has 0 bytes or was moved from.
  [[nodiscard]] void* data() const;
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] Device device() const;

  /// Copies to or from the beginning of the buffer. Throws Error(invalid_argument) if `host` is
  /// larger than the buffer.
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

  /// A view of this buffer. Throws Error(invalid_buffer) if the buffer is too small.
  [[nodiscard]] TensorView view(DType dtype, const Shape& shape, const Strides& strides = {}) const;

 private:
  std::unique_ptr<detail::DeviceMemory> memory_;
};

}  // namespace sinter
