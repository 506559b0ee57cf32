// Runs a scheduled kernel on the loop interpreter, over buffers in the layout that the kernel
// declares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <gtest/gtest.h>
#include <sinter/codegen/loop_interpreter.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

#include "support/fuzz.h"

namespace sinter::test {

/// Memory of one argument of a kernel. The buffer begins `offset` elements after a 64-byte boundary
/// and lies between margins that the kernel must not write.
class KernelBuffer {
 public:
  KernelBuffer(DType dtype, const Shape& shape, const Strides& strides, std::int64_t offset)
      : dtype_(dtype),
        shape_(shape),
        strides_(strides.empty() ? dense_strides(shape) : strides),
        begin_(kMargin + offset * info(dtype).bytes),
        first_(-reach(shape, strides_).lowest * info(dtype).bytes) {
    const std::int64_t bytes = reach(shape, strides_).elements() * info(dtype).bytes;
    memory_.resize(static_cast<std::size_t>((begin_ + bytes + kMargin + 63) / 64));
    std::ranges::fill(all(), kUntouched);
  }

  /// Address of element [0, ..., 0].
  [[nodiscard]] std::byte* data() { return all().data() + begin_ + first_; }

  void fill(const TensorData& dense) {
    visit([&](std::int64_t at, std::int64_t element) {
      std::copy_n(dense.bytes.data() + element, width(), data() + at);
    });
  }
  /// All of the memory, margins included, from a 64-byte boundary on.
  [[nodiscard]] std::span<std::byte> all() { return std::as_writable_bytes(std::span(memory_)); }
  /// Contents of the buffer as a dense tensor. They differ from the data passed to fill() if
  /// strides of 0 make elements overlap.
  [[nodiscard]] TensorData dense() {
    TensorData result = TensorData::zeros(dtype_, shape_);
    visit([&](std::int64_t at, std::int64_t element) {
      std::copy_n(data() + at, width(), result.bytes.data() + element);
    });
    return result;
  }
  /// True if no byte of the margins and of the gaps between elements was written.
  [[nodiscard]] bool intact() {
    const std::vector<std::byte> before(all().begin(), all().end());
    visit([&](std::int64_t at, std::int64_t) { std::fill_n(data() + at, width(), kUntouched); });
    const bool clean =
        std::ranges::all_of(all(), [](std::byte byte) { return byte == kUntouched; });
    std::ranges::copy(before, all().begin());
    return clean;
  }

 private:
  static constexpr std::int64_t kMargin = 64;
  static constexpr std::byte kUntouched{0xa5};
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  [[nodiscard]] std::int64_t width() const { return info(dtype_).bytes; }
  /// Calls `visitor` for each element, with its byte offsets in this buffer and in a dense tensor.
  void visit(const auto& visitor) const {
    for (std::int64_t element = 0; element < shape_.elements(); ++element) {
      std::int64_t at = 0;
      std::int64_t rest = element;
      for (int axis = shape_.rank(); axis-- > 0; rest /= shape_[axis]) {
        at += rest % shape_[axis] * strides_[axis];
      }
      visitor(at * width(), element * width());
    }
  }

  DType dtype_;
  Shape shape_;
  Strides strides_;
  std::int64_t begin_ = 0;
  std::int64_t first_ = 0;
  std::vector<Line> memory_;
};

inline std::vector<std::uint64_t> parameter_slots(const Graph& body) {
  std::vector<std::uint64_t> slots(body.parameters().size());
  for (const Node& node : body.nodes()) {
    if (node.op != Op::parameter) continue;
    const double value = body.parameters()[node.payload];
    slots[node.payload] = element_bits(value, node.dtype);
  }
  return slots;
}

/// Placement of the buffers, and number of calls that the range is split into.
struct RunOptions {
  std::vector<std::int64_t> offsets;  ///< by argument: elements after a 64-byte boundary; empty: 0
  int cuts = 0;                       ///< number of random places at which the range is cut
  std::uint64_t seed = 0;
};

/// The buffers of one call: first the inputs, then the outputs.
struct KernelMemory {
  std::vector<KernelBuffer> buffers;
  std::vector<TensorData> inputs;  ///< contents of the input buffers, as dense tensors
};

/// Returns buffers in the layouts that `reference` declares, at these offsets (see RunOptions).
inline KernelMemory lay_out(const Graph& reference, std::span<const TensorData> inputs,
                            const std::vector<std::int64_t>& offsets) {
  KernelMemory memory;
  const auto add = [&](DType dtype, const Shape& shape, const Strides& strides) {
    const std::int64_t offset = offsets.empty() ? 0 : offsets[memory.buffers.size()];
    memory.buffers.emplace_back(dtype, shape, strides, offset);
  };
  for (const GraphInput& input : reference.inputs()) {
    add(reference.node(input.node).dtype, reference.shape(input.node), input.strides);
    memory.buffers.back().fill(inputs[memory.inputs.size()]);
    memory.inputs.push_back(memory.buffers.back().dense());
  }
  for (const GraphOutput& output : reference.outputs()) {
    add(reference.node(output.node).dtype, reference.shape(output.node), output.strides);
  }
  return memory;
}

/// Expects, after a call, that the outputs are the interpreter's and that nothing else was written.
inline void expect_outputs(const Graph& reference, KernelMemory& memory, const LoopNest& nest) {
  const std::vector<TensorData> expected = interpret(reference, memory.inputs);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    KernelBuffer& buffer = memory.buffers[memory.inputs.size() + i];
    ASSERT_EQ(first_difference(expected[i], buffer.dense()), -1) << "output " << i << " of\n"
                                                                 << print(nest);
    ASSERT_TRUE(buffer.intact()) << "bytes outside output " << i << " were written by\n"
                                 << print(nest);
  }
}

/// A scratch block of exactly the bytes that the nest needs, filled with a pattern.
inline KernelBuffer scratch_block(const LoopNest& nest) {
  return {DType::u8, {scratch_bytes(nest)}, {}, 0};
}

/// Runs the nest, and expects that its outputs have the bits of the interpreter's. `reference` is
/// the graph that the nest computes, before composites were expanded.
inline void expect_same_bits(const Graph& reference, const LoopNest& nest, const LoopSpace& space,
                             std::span<const TensorData> inputs, const RunOptions& options = {}) {
  KernelMemory memory = lay_out(reference, inputs, options.offsets);
  std::vector<void*> pointers;
  for (KernelBuffer& buffer : memory.buffers) pointers.push_back(buffer.data());
  const std::vector<std::uint64_t> slots = parameter_slots(reference);
  KernelBuffer scratch = scratch_block(nest);
  const KernelArguments arguments{pointers.data(), space.extents.data(), space.strides.data(),
                                  slots.data(),    scratch.data(),       0};
  Random random(options.seed);
  std::vector<std::int64_t> bounds = {0, space.parallel_extent()};
  for (int i = 0; i < options.cuts; ++i) {
    bounds.push_back(random.between(0, space.parallel_extent()));
  }
  std::ranges::sort(bounds);
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    interpret(nest, arguments, bounds[i - 1], bounds[i]);
  }
  expect_outputs(reference, memory, nest);
  ASSERT_TRUE(scratch.intact()) << "bytes outside the scratch block were written by\n"
                                << print(nest);
}

}  // namespace sinter::test
