// A body is one sweep back over a segment, to find the cone of what the kernel stores, and one
// forward, to copy it.
#include "kernel_body.h"

#include <array>
#include <limits>
#include <ranges>

#include <fmt/format.h>

#include "segments.h"

namespace sinter::detail {

BodyBuilder::BodyBuilder(const Plan& plan, const Placement& placement)
    : plan_(plan),
      placement_(placement),
      needed_(plan.graph.nodes().size(), kNotStored),
      copied_(plan.graph.nodes().size(), kNotStored),
      copy_of_(plan.graph.nodes().size()) {}

void BodyBuilder::build(PlanKernel& kernel, std::uint32_t k, std::span<const NodeId> segment) {
  kernel_ = &kernel;
  k_ = k;
  for (BufferId output : kernel.outputs) needed_[plan_.buffers[output.index].node.index] = k;
  mark_cone(segment);
  for (NodeId id : segment) {
    if (needed_[id.index] == k && is_computed(id)) static_cast<void>(copy(id));
  }
  for (std::size_t i = 0; i < kernel.outputs.size(); ++i) {
    const PlanBuffer& buffer = plan_.buffers[kernel.outputs[i].index];
    const Value stored = kernel.body.value(copy(buffer.node));
    kernel.body.output(fmt::format("o{}", i), stored, buffer.strides);
  }
}

/// Whether this kernel computes the value itself, as opposed to reading a buffer or a scalar.
bool BodyBuilder::is_computed(NodeId id) const {
  const std::uint32_t owner = placement_.kernel[id.index];
  return !is_leaf(plan_.graph.node(id)) && (owner == k_ || owner == kNotStored);
}

void BodyBuilder::mark_cone(std::span<const NodeId> segment) {
  for (NodeId id : segment | std::views::reverse) {
    if (needed_[id.index] != k_ || !is_computed(id)) continue;
    for (NodeId operand : plan_.graph.node(id).inputs()) needed_[operand.index] = k_;
  }
}

/// The value in the body, made on first use. Ops come in the order of the segment, so that this
/// never goes deeper than an op's leaves.
NodeId BodyBuilder::copy(NodeId id) {
  if (copied_[id.index] == k_) return copy_of_[id.index];
  const Node& node = plan_.graph.node(id);
  NodeId made;
  if (is_computed(id)) {
    made = copy_op(id);
  } else if (node.op == Op::constant) {
    made = kernel_->body.copy_node(plan_.graph, id, {});
  } else if (node.op == Op::parameter) {
    kernel_->parameters.push_back(static_cast<std::uint32_t>(node.payload));
    // Whoever runs the kernel supplies the value; one left over here must not look right.
    constexpr double kOdd = 0x55;
    const bool has_nan = is_floating(node.dtype);
    const double left_over = has_nan ? std::numeric_limits<double>::quiet_NaN() : kOdd;
    made = kernel_->body.parameter(left_over, node.dtype).id();
  } else {
    made = read_buffer(id);
  }
  copied_[id.index] = k_;
  return copy_of_[id.index] = made;
}

NodeId BodyBuilder::copy_op(NodeId id) {
  std::array<NodeId, kMaxOperands> operands;
  const auto inputs = plan_.graph.node(id).inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) operands[i] = copy(inputs[i]);
  return kernel_->body.copy_node(plan_.graph, id, {operands.data(), inputs.size()});
}

NodeId BodyBuilder::read_buffer(NodeId id) {
  const BufferId buffer = placement_.buffer[id.index];
  const PlanBuffer& from = plan_.buffers[buffer.index];
  const std::string name = fmt::format("i{}", kernel_->inputs.size());
  kernel_->inputs.push_back(buffer);
  return kernel_->body.input(name, from.dtype, from.shape, from.strides).id();
}

}  // namespace sinter::detail
