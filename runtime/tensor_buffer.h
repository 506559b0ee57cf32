// TensorBuffer: the memory of one evaluated tensor, dense and row-major.
//
// Of the engine's allocator, or on its GPU. Written once, before anybody else sees it; it is freed
// when the last tensor, or trace, that needs it lets go.
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
  /// Throws Error(limit_exceeded) when memory is short.
  TensorBuffer(std::shared_ptr<const Services> services, DType dtype, const Shape& shape);
  ~TensorBuffer();
  TensorBuffer(const TensorBuffer&) = delete;
  TensorBuffer& operator=(const TensorBuffer&) = delete;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] TensorView view(DType dtype, const Shape& shape) const;
  void write(std::span<const std::byte> host);
  /// Repeats one element.
  void fill(std::span<const std::byte> element);
  void read(std::span<std::byte> host) const;

  std::shared_ptr<Identity> identity;  ///< of its tensor; under the lock of the Recorder

 private:
  std::shared_ptr<const Services> services_;
  std::size_t bytes_ = 0;
  Block host_;                          ///< on a CPU, unless it is empty
  std::optional<DeviceBuffer> device_;  ///< on a GPU
};

}  // namespace sinter::detail
