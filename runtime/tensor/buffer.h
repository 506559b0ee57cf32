// TensorBuffer: the memory of one evaluated tensor, dense and row-major.
//
// The memory is that of the engine's backend. It is written once, before
// others can read it, and freed when the last tensor or trace releases it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <sinter/ir/graph.h>
#include <sinter/runtime/view.h>

#include "program.h"
#include "tensor/lineage.h"

namespace sinter::detail {

class TensorBuffer {
 public:
  /// Allocates the memory. Throws Error(limit_exceeded) if there is not enough.
  TensorBuffer(std::shared_ptr<const Services> services, DType dtype, const Shape& shape);
  TensorBuffer(const TensorBuffer&) = delete;
  TensorBuffer& operator=(const TensorBuffer&) = delete;

  [[nodiscard]] std::size_t bytes() const { return memory_->bytes(); }
  [[nodiscard]] TensorView view(DType dtype, const Shape& shape) const {
    return {memory_->data(), dtype, shape, {}, memory_->device()};
  }
  void write(std::span<const std::byte> host) { memory_->write(host); }
  /// Sets all elements to `element`.
  void fill(std::span<const std::byte> element) { memory_->fill(element); }
  void read(std::span<std::byte> host) const { memory_->read(host); }

  std::shared_ptr<Identity> identity;  ///< of its tensor; guarded by the lock of the Recorder

 private:
  std::shared_ptr<const Services> services_;
  std::unique_ptr<DeviceMemory> memory_;
};

}  // namespace sinter::detail
