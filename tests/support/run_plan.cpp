// Each buffer records which of its elements are written. Writing to a buffer marks all elements of
// the buffers that overlap it as unwritten.
#include "support/run_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "support/fuzz.h"

namespace sinter::test {
namespace {

struct Memory {
  explicit Memory(const PlanBuffer& buffer)
      : element_bytes(info(buffer.dtype).bytes), reached(reach(buffer.shape, buffer.strides)) {
    bytes.resize(static_cast<std::size_t>(reached.elements() * element_bytes));
    written.resize(static_cast<std::size_t>(reached.elements()));
  }
  [[nodiscard]] std::size_t index(std::int64_t offset) const {
    return static_cast<std::size_t>(offset - reached.lowest);
  }
  [[nodiscard]] std::byte* at(std::int64_t offset) {
    return bytes.data() + index(offset) * static_cast<std::size_t>(element_bytes);
  }

  std::int64_t element_bytes;
  Reach reached;
  std::vector<std::byte> bytes;
  std::vector<bool> written;
};

class PlanRunner {
 public:
  PlanRunner(const Plan& plan, std::span<const TensorData> inputs) : plan_(plan) {
    for (const PlanBuffer& buffer : plan.buffers) {
      memory_.emplace_back(buffer);
      if (buffer.kind != PlanBuffer::Kind::input) continue;
      write(memory_.back(), inputs[buffer.position], buffer.strides, 0);
    }
  }

  void run(const PlanKernel& kernel) {
    std::vector<TensorData> inputs;
    for (std::size_t i = 0; i < kernel.inputs.size(); ++i) {
      const GraphInput& input = kernel.body.inputs()[i];
      const auto& [buffer, offset, in_place] = kernel.inputs[i];
      inputs.push_back(
          TensorData::zeros(kernel.body.node(input.node).dtype, kernel.body.shape(input.node)));
      ASSERT_TRUE(read(memory_[buffer.index], inputs.back(), input.strides, offset))
          << "buffer " << buffer.index << " is read before it is written";
    }
    const std::vector<TensorData> results = interpret(body_with_parameters(plan_, kernel), inputs);
    ASSERT_EQ(results.size(), kernel.outputs.size());
    for (std::size_t o = 0; o < kernel.outputs.size(); ++o) {
      const PlanOperand& output = kernel.outputs[o];
      for (std::size_t i = 0; i < kernel.inputs.size(); ++i) {
        ASSERT_TRUE(!overlap(output.buffer.index, kernel.inputs[i].buffer.index) ||
                    in_place(kernel, i, o))
            << "a kernel overwrites a buffer that it reads";
      }
      for (std::uint32_t other = 0; other < memory_.size(); ++other) {
        if (overlap(output.buffer.index, other)) {
          std::fill(memory_[other].written.begin(), memory_[other].written.end(), false);
        }
      }
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto& [buffer, offset, in_place] = kernel.outputs[i];
      write(memory_[buffer.index], results[i], kernel.body.outputs()[i].strides, offset);
    }
  }

  std::vector<TensorData> outputs() {
    std::vector<TensorData> result(plan_.graph.outputs().size());
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const PlanBuffer& buffer = plan_.buffers[i];
      if (buffer.kind != PlanBuffer::Kind::output) continue;
      TensorData& output = result[buffer.position];
      output = TensorData::zeros(buffer.dtype, buffer.shape);
      EXPECT_TRUE(read(memory_[i], output, buffer.strides, 0))
          << "output " << buffer.position << " is not written";
    }
    return result;
  }

 private:
  static bool read(Memory& memory, TensorData& to, const Strides& strides, std::int64_t offset) {
    bool there = true;
    const auto size = static_cast<std::size_t>(memory.element_bytes);
    for_each_element(to.shape, strides, [&](std::size_t i, std::int64_t place) {
      const std::int64_t at = offset + place;
      there = there && memory.written[memory.index(at)];
      std::memcpy(to.bytes.data() + i * size, memory.at(at), size);
    });
    return there;
  }

  /// Only the elements of a graph's input may overlap in memory.
  void write(Memory& memory, const TensorData& from, const Strides& strides, std::int64_t offset) {
    const bool is_input =
        &memory == &memory_.back() && memory_.size() <= plan_.graph.inputs().size();
    bool twice = false;
    const auto size = static_cast<std::size_t>(memory.element_bytes);
    for_each_element(from.shape, strides, [&](std::size_t i, std::int64_t place) {
      const std::int64_t at = offset + place;
      twice = twice || memory.written[memory.index(at)];
      memory.written[memory.index(at)] = true;
      std::memcpy(memory.at(at), from.bytes.data() + i * size, size);
    });
    EXPECT_TRUE(is_input || !twice) << "an element is written twice";
  }

  /// Returns true if output `o` occupies exactly the memory of input `i`, and the kernel reads each
  /// element of the input at the place where it writes the element of the output with that index.
  [[nodiscard]] bool in_place(const PlanKernel& kernel, std::size_t i, std::size_t o) const {
    const GraphInput& input = kernel.body.inputs()[i];
    const GraphOutput& output = kernel.body.outputs()[o];
    const Region read = region(kernel.inputs[i].buffer.index);
    const Region written = region(kernel.outputs[o].buffer.index);
    return kernel.inputs[i].in_place && read.begin == written.begin && read.end == written.end &&
           info(kernel.body.node(input.node).dtype).bytes ==
               info(kernel.body.node(output.node).dtype).bytes &&
           places(kernel.body.shape(input.node), input.strides, kernel.inputs[i].offset) ==
               places(kernel.body.shape(output.node), output.strides, kernel.outputs[o].offset);
  }
  static std::vector<std::int64_t> places(const Shape& shape, const Strides& strides,
                                          std::int64_t offset) {
    std::vector<std::int64_t> all;
    for_each_element(shape, strides,
                     [&](std::size_t, std::int64_t place) { all.push_back(offset + place); });
    return all;
  }

  /// The bytes that a buffer occupies. A temporary lies in the workspace or in another buffer; all
  /// other buffers have memory of their own.
  struct Region {
    std::uint32_t memory;
    std::int64_t begin, end;
  };
  [[nodiscard]] Region region(std::uint32_t buffer) const {
    const PlanBuffer& of = plan_.buffers[buffer];
    if (of.kind != PlanBuffer::Kind::temporary) return {buffer, 0, bytes(of)};
    constexpr std::uint32_t kWorkspace = UINT32_MAX;
    const std::uint32_t memory = of.within.has_value() ? of.within->index : kWorkspace;
    return {memory, of.offset, of.offset + bytes(of)};
  }
  /// Returns true if two different buffers overlap in memory.
  [[nodiscard]] bool overlap(std::uint32_t a, std::uint32_t b) const {
    if (a == b) return false;
    const Region p = region(a);
    const Region q = region(b);
    return p.memory == q.memory && p.begin < q.end && q.begin < p.end;
  }
  static std::int64_t bytes(const PlanBuffer& buffer) {
    return buffer.shape.elements() * info(buffer.dtype).bytes;
  }

  const Plan& plan_;
  std::vector<Memory> memory_;  // by buffer
};

}  // namespace

Graph body_with_parameters(const Plan& plan, const PlanKernel& kernel) {
  Graph copy;
  std::vector<NodeId> copies;
  for (std::uint32_t i = 0; i < kernel.body.nodes().size(); ++i) {
    const Node& node = kernel.body.node({i});
    if (node.op == Op::parameter) {
      const double value = plan.graph.parameters()[kernel.parameters[node.payload]];
      copies.push_back(copy.parameter(value, node.dtype).id());
      continue;
    }
    std::vector<NodeId> operands;
    for (NodeId operand : node.inputs()) operands.push_back(copies[operand.index]);
    copies.push_back(copy.copy_node(kernel.body, {i}, operands));
  }
  for (const GraphOutput& output : kernel.body.outputs()) {
    copy.output(output.name, copy.value(copies[output.node.index]));
  }
  return copy;
}

std::vector<TensorData> run_plan(const Plan& plan, std::span<const TensorData> inputs) {
  PlanRunner runner(plan, inputs);
  for (const PlanKernel& kernel : plan.kernels) runner.run(kernel);
  return runner.outputs();
}

}  // namespace sinter::test
