// Signature: what a program expects of its buffers, and the check of those it is given.
//
// Everything is checked before anything is written. The check of a good call is a few compares per
// buffer; words for a bad one are found elsewhere, by looking again.
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

/// What is expected of one buffer.
struct BufferSpec {
  std::string label;  ///< "input 'x'"
  DType dtype{};
  bool dense = true;           ///< row-major but for axes that hold one element
  bool donated = false;        ///< an input that the program may write over
  bool written = false;        ///< an output, or a donated input that holds temporaries
  std::uint8_t alignment = 1;  ///< bytes of an element, a power of two
  std::int64_t first_byte =
      0;                   ///< where memory begins, from the pointer: below 0 for negative strides
  std::int64_t bytes = 0;  ///< from its first byte to its last; 0 without elements
  Shape shape;
  Strides strides;  ///< one per axis
  Footprint footprint;
};

class Signature {
 public:
  Signature(const Graph& graph, const Plan& plan);

  /// Throws Error: invalid_argument, dtype_mismatch, shape_mismatch or invalid_buffer.
  void check(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
             Device device) const;

  /// Whether `output` may be given the buffer of `input`, both dense.
  [[nodiscard]] bool may_take_place(std::size_t input, std::size_t output) const;

  [[nodiscard]] std::size_t inputs() const { return inputs_.size(); }
  [[nodiscard]] std::size_t outputs() const { return outputs_.size(); }

 private:
  /// Refuses outputs that share a byte with each other or with an input, unless they may take its
  /// place; and whatever shares a byte with an input that is written over.
  void check_apart(std::span<const ConstTensorView> inputs,
                   std::span<const TensorView> outputs) const;
  void check_many_apart(std::span<const ConstTensorView> inputs,
                        std::span<const TensorView> outputs) const;
  /// Of two buffers whose ranges overlap, at least one of them written. Positions count inputs,
  /// then outputs.
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
  /// Whether the program is done with the input before it writes the output, element by element.
  [[nodiscard]] bool reads_before_writing(std::size_t input, std::size_t output) const;
  void check_in_place(std::size_t input, std::size_t output) const;

  std::vector<BufferSpec> inputs_;
  std::vector<BufferSpec> outputs_;
  std::vector<std::size_t> overwritten_;  ///< donated inputs that hold temporaries
  InPlaceRule in_place_;                  ///< of the graph's inputs and outputs
};

}  // namespace sinter::detail
