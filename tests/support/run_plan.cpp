// Buffers hold a tensor while it may be read: writing to the workspace empties those it overlaps.
#include "support/run_plan.h"

#include <gtest/gtest.h>

#include <optional>

namespace sinter::test {
namespace {

class PlanRunner {
 public:
  PlanRunner(const Plan& plan, std::span<const TensorData> inputs)
      : plan_(plan), contents_(plan.buffers.size()) {
    for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
      const PlanBuffer& buffer = plan.buffers[i];
      if (buffer.kind == PlanBuffer::Kind::input) contents_[i] = inputs[buffer.position];
    }
  }

  void run(const PlanKernel& kernel) {
    std::vector<TensorData> inputs;
    for (BufferId id : kernel.inputs) {
      ASSERT_TRUE(contents_[id.index].has_value()) << "buffer " << id.index << " is not there";
      inputs.push_back(*contents_[id.index]);
    }
    std::vector<TensorData> results = interpret(body_with_parameters(plan_, kernel), inputs);
    ASSERT_EQ(results.size(), kernel.outputs.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::uint32_t written = kernel.outputs[i].index;
      for (BufferId input : kernel.inputs) {
        ASSERT_FALSE(overlap(written, input.index)) << "a kernel writes over what it reads";
      }
      for (std::uint32_t other = 0; other < contents_.size(); ++other) {
        if (overlap(written, other)) contents_[other].reset();
      }
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      auto& content = contents_[kernel.outputs[i].index];
      ASSERT_FALSE(content.has_value()) << "buffer " << kernel.outputs[i].index << " written twice";
      content = std::move(results[i]);
    }
  }

  std::vector<TensorData> outputs() {
    std::vector<TensorData> result(plan_.graph.outputs().size());
    for (std::size_t i = 0; i < contents_.size(); ++i) {
      const PlanBuffer& buffer = plan_.buffers[i];
      if (buffer.kind != PlanBuffer::Kind::output) continue;
      EXPECT_TRUE(contents_[i].has_value()) << "output " << buffer.position << " is not written";
      if (contents_[i].has_value()) result[buffer.position] = *contents_[i];
    }
    return result;
  }

 private:
  [[nodiscard]] bool overlap(std::uint32_t a, std::uint32_t b) const {
    const PlanBuffer& p = plan_.buffers[a];
    const PlanBuffer& q = plan_.buffers[b];
    if (p.kind != PlanBuffer::Kind::temporary || q.kind != PlanBuffer::Kind::temporary)
      return false;
    return p.offset < q.offset + bytes(q) && q.offset < p.offset + bytes(p);
  }
  static std::int64_t bytes(const PlanBuffer& buffer) {
    return buffer.shape.elements() * info(buffer.dtype).bytes;
  }

  const Plan& plan_;
  std::vector<std::optional<TensorData>> contents_;  // by buffer
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
