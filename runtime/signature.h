// Signature: the dtype, shape, strides and placement that a program expects of each buffer, and the
// check of the given views.
//
// Everything is checked before anything is written. The check of valid views costs a few
// comparisons per buffer. Only if that check fails, another function searches for the reason and
// throws the error message.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/in_place.h>
#include <sinter/ir/plan.h>
#include <sinter/runtime/view.h>

#include "footprint.h"

namespace sinter::detail {

/// The expectations of one buffer.
struct BufferSpec {
  std::string label;  ///< "input 'x'"
  DType dtype{};
  bool dense = true;           ///< row-major; axes of length 1 may have any stride
  bool donated = false;        ///< an input that the program may overwrite
  bool written = false;        ///< an output, or a donated input that holds temporaries
  std::uint8_t alignment = 1;  ///< bytes of an element, a power of two
  /// Offset of the lowest byte from the pointer; negative for negative strides.
  std::int64_t first_byte = 0;
  std::int64_t bytes = 0;  ///< from the lowest to the highest byte; 0 without elements
  Shape shape;
  Strides strides;  ///< in elements, one per axis
  Footprint footprint;
};

class Signature {
 public:
  Signature(const Graph& graph, const Plan& plan);

  /// Throws Error: invalid_argument, dtype_mismatch, shape_mismatch or invalid_buffer.
  void check(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
             Device device) const;

  /// True if `output` may be computed in the buffer of `input`. Assumes that both are dense.
  [[nodiscard]] bool may_take_place(std::size_t input, std::size_t output) const;

  [[nodiscard]] std::size_t inputs() const { return inputs_.size(); }
  [[nodiscard]] std::size_t outputs() const { return outputs_.size(); }

 private:
  /// Throws Error(invalid_buffer) if two outputs overlap; if an output overlaps an input, unless it
  /// may be computed in place; or if any buffer overlaps an input that the program overwrites.
  void check_apart(std::span<const ConstTensorView> inputs,
                   std::span<const TensorView> outputs) const;
  /// The same check for many buffers, in less than quadratic time.
  void check_many_apart(std::span<const ConstTensorView> inputs,
                        std::span<const TensorView> outputs) const;
  /// The same check of two buffers whose ranges overlap and of which at least one is written.
  /// Positions count inputs, then outputs.
  void check_pair(std::size_t a, std::size_t b, std::span<const ConstTensorView> inputs,
                  std::span<const TensorView> outputs) const;
  [[nodiscard]] const BufferSpec& spec(std::size_t position) const {
    return position < inputs_.size() ? inputs_[position] : outputs_[position - inputs_.size()];
  }
  /// The buffers of a plan are the graph's inputs, then its outputs, then temporaries.
  [[nodiscard]] static BufferId buffer_of_input(std::size_t input) {
    return {static_cast<std::uint32_t>(input)};
  }
  [[nodiscard]] BufferId buffer_of_output(std::size_t output) const {
    return {static_cast<std::uint32_t>(inputs_.size() + output)};
  }
  /// True if the program reads each element of the input before it writes that element of the
  /// output.
  [[nodiscard]] bool reads_before_writing(std::size_t input, std::size_t output) const;
  /// Throws Error(invalid_buffer) unless the output may have the buffer of the input.
  void check_in_place(std::size_t input, std::size_t output) const;

  std::vector<BufferSpec> inputs_;
  std::vector<BufferSpec> outputs_;
  std::vector<std::size_t> overwritten_;  ///< donated inputs that hold temporaries
  InPlaceRule in_place_;                  ///< for the graph's inputs and outputs
};

}  // namespace sinter::detail
