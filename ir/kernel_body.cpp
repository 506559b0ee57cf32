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

void BodyBuilder::build(PlanKernel& kernel, std::uint32_t k, std::span<const NodeId> segment,
                        std::span<const Store> stores) {
  kernel_ = &kernel;
  k_ = k;
  for (const Store& store : stores) needed_[store.node.index] = k;
  mark_cone(segment);
  for (NodeId id : segment) {
    if (needed_[id.index] == k && computes(id)) static_cast<void>(copy(id));
  }
  for (const auto& [node, place] : stores) {
    const Value stored = kernel.body.value(copy(node));
    const std::string name = fmt::format("o{}", kernel.outputs.size());
    kernel.outputs.push_back({place.buffer, place.layout.offset});
    kernel.body.output(name, stored, place.layout.strides);
  }
}

/// Whether this kernel computes the value itself, as opposed to reading a buffer or a scalar.
bool BodyBuilder::computes(NodeId id) const {
  const Node& node = plan_.graph.node(id);
  const std::uint32_t owner = placement_.kernel[id.index];
  return !is_leaf(node) && is_computed(node) && (owner == k_ || owner == kNotStored);
}

void BodyBuilder::mark_cone(std::span<const NodeId> segment) {
  for (NodeId id : segment | std::views::reverse) {
    if (needed_[id.index] != k_ || !computes(id)) continue;
    for (NodeId operand : plan_.graph.node(id).inputs()) needed_[operand.index] = k_;
  }
}

/// The value in the body, made on first use. Ops come in the order of the segment, so that this
/// never goes deeper than an op's leaves.
NodeId BodyBuilder::copy(NodeId id) {
  if (copied_[id.index] == k_) return copy_of_[id.index];
  const Node& node = plan_.graph.node(id);
  NodeId made;
  if (computes(id)) {
    made = copy_op(id);
  } else if (node.op == Op::constant || node.op == Op::iota) {
    made = kernel_->body.copy_node(plan_.graph, id, {});
  } else if (node.op == Op::parameter) {
    kernel_->parameters.push_back(static_cast<std::uint32_t>(node.payload));
    // Whoever runs the kernel supplies the value; one left over here must not look right.
    constexpr double kOdd = 0x55;
    const bool has_nan = is_floating(node.dtype);
    const double left_over = has_nan ? std::numeric_limits<double>::quiet_NaN() : kOdd;
    made = kernel_->body.parameter(left_over, node.dtype).id();
  } else {
    made = read(place_of(id), node.dtype);
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

Place BodyBuilder::place_of(NodeId id) const {
  if (plan_.graph.node(id).op != Op::view) return placement_.place[id.index];
  Memory memory = memory_of(plan_.graph, id);
  const Place& base = placement_.place[memory.base.index];
  memory.layout.offset += base.layout.offset;
  return {base.buffer, memory.layout};
}

NodeId BodyBuilder::read(const Place& from, DType dtype) {
  const std::string name = fmt::format("i{}", kernel_->inputs.size());
  kernel_->inputs.push_back({from.buffer, from.layout.offset});
  return kernel_->body.input(name, dtype, from.layout.shape, from.layout.strides).id();
}

}  // namespace sinter::detail
