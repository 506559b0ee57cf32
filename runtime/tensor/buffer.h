// TensorBuffer: the memory of one evaluated tensor, dense and row-major.
//
// The memory comes from the engine's allocator, or lies on its GPU. It is written once, before
// others can read it, and freed when the last tensor or trace releases it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include <sinter/ir/graph.h>
#include <sinter/runtime/device_buffer.h>
#include <sinter/runtime/view.h>

#include "program.h"
#include "tensor_lineage.h"

namespace sinter::detail {

class TensorBuffer {
 public:
  /// Allocates the memory. Throws Error(limit_exceeded) if there is not enough.
  TensorBuffer(std::shared_ptr<const Services> services, DType dtype, const Shape& shape);
  ~TensorBuffer();
  TensorBuffer(const TensorBuffer&) = delete;
  TensorBuffer& operator=(const TensorBuffer&) = delete;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] TensorView view(DType dtype, const Shape& shape) const;
  void write(std::span<const std::byte> host);
  /// Sets all elements to `element`.
  void fill(std::span<const std::byte> element);
  void read(std::span<std::byte> host) const;

  std::shared_ptr<Identity> identity;  ///< of its tensor; guarded by the lock of the Recorder

 private:
  std::shared_ptr<const Services> services_;
  std::size_t bytes_ = 0;
  Block host_;                          ///< on a CPU, unless it has 0 bytes
  std::optional<DeviceBuffer> device_;  ///< on a GPU
};

}  // namespace sinter::detail
