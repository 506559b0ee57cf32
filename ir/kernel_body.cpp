// A body is one sweep back over a segment, to find the cone of what the kernel stores, and one
// forward, to copy it.
#include "kernel_body.h"

#include <array>
#include <limits>
#include <ranges>

#include <fmt/format.h>

#include "segments.h"

namespace sinter::detail {

BodyBuilder::BodyBuilder(const Plan& plan, const Places& places)
    : plan_(plan),
      places_(places),
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
    if (needed_[id.index] == k && computes(id) && !dropped_) static_cast<void>(copy(id));
  }
  for (const auto& [node, place] : stores) {
    const Value stored = kernel.body.value(dropped_ ? copy_spread(node) : copy(node));
    const Layout layout = dropped_ ? spread(place.layout) : place.layout;
    const std::string name = fmt::format("o{}", kernel.outputs.size());
    kernel.outputs.push_back({place.buffer, layout.offset});
    kernel.body.output(name, stored, layout.strides);
  }
}

/// Whether this kernel computes the value itself, as opposed to reading a buffer or a scalar.
bool BodyBuilder::computes(NodeId id) const {
  const Node& node = plan_.graph.node(id);
  const std::uint32_t owner = places_.kernel[id.index];
  return !is_leaf(node) && is_computed(node) && (owner == k_ || owner == kNotStored);
}

void BodyBuilder::mark_cone(std::span<const NodeId> segment) {
  dropped_.reset();
  for (NodeId id : segment | std::views::reverse) {
    if (needed_[id.index] != k_ || !computes(id)) continue;
    const Node& node = plan_.graph.node(id);
    for (NodeId operand : node.inputs()) needed_[operand.index] = k_;
    if (info(node.op).kind != OpKind::reduction) continue;
    const auto [axes, keep] = plan_.graph.attributes(id).lists;
    if (keep[0] == 1) continue;
    const int rank = plan_.graph.shape(node.operands[0]).rank();
    dropped_ = Dropped{rank - static_cast<int>(axes[0]) - axes.rank(), axes.rank(), {}};
  }
}

/// The value in the body, made on first use. Ops come in the order of the segment, so that this
/// never goes deeper than an op's leaves.
NodeId BodyBuilder::copy(NodeId id) {
  if (copied_[id.index] == k_) return copy_of_[id.index];
  const NodeId made = computes(id) ? copy_op(id) : copy_leaf(id);
  copied_[id.index] = k_;
  return copy_of_[id.index] = made;
}

NodeId BodyBuilder::copy_leaf(NodeId id) {
  const Node& node = plan_.graph.node(id);
  NodeId made;
  if (node.op == Op::constant || node.op == Op::iota) {
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
  return made;
}

NodeId BodyBuilder::copy_op(NodeId id) {
  std::array<NodeId, kMaxOperands> operands;
  const auto inputs = plan_.graph.node(id).inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) operands[i] = copy(inputs[i]);
  return kernel_->body.copy_node(plan_.graph, id, {operands.data(), inputs.size()});
}

/// A value behind reductions that drop their axes; no deeper than a kernel has ops.
NodeId BodyBuilder::copy_spread(NodeId id) {
  const auto known = dropped_->copies.find(id.index);
  if (known != dropped_->copies.end()) return known->second;
  const Node& node = plan_.graph.node(id);
  NodeId made;
  if (computes(id)) {
    made = copy_op_spread(id);
  } else if (node.op == Op::iota) {
    const int behind = plan_.graph.shape(id).rank() - static_cast<int>(node.payload);
    const Shape shape = spread(dense_layout(plan_.graph.shape(id))).shape;
    const int moved = behind > dropped_->behind ? dropped_->count : 0;
    made = kernel_->body.iota(node.dtype, shape, shape.rank() - behind - moved).id();
  } else if (is_leaf(node) && node.op != Op::input) {
    made = copy(id);
  } else {
    const Place place = place_of(id);
    made = read({place.buffer, spread(place.layout)}, node.dtype);
  }
  dropped_->copies.emplace(id.index, made);
  return made;
}

NodeId BodyBuilder::copy_op_spread(NodeId id) {
  const Node& node = plan_.graph.node(id);
  Attributes attributes = plan_.graph.attributes(id);
  std::vector<Value> operands;
  if (info(node.op).kind == OpKind::reduction) {
    operands.push_back(kernel_->body.value(copy(node.operands[0])));
    attributes.lists[1] = Dims{1};
  } else {
    for (NodeId operand : node.inputs()) {
      operands.push_back(kernel_->body.value(copy_spread(operand)));
    }
    attributes.shape = spread(dense_layout(*attributes.shape)).shape;
  }
  return Value::apply(node.op, operands, attributes).id();
}

/// With lengths of 1 in place of the dropped axes, if the layout reaches in front of them.
Layout BodyBuilder::spread(const Layout& layout) const {
  const int at = layout.shape.rank() - dropped_->behind;
  if (at < 0) return layout;
  Layout result{{}, {}, layout.offset};
  const auto add_ones = [&] {
    const bool last = at == layout.shape.rank();
    const std::int64_t stride = last ? 1 : layout.strides[at] * layout.shape[at];
    for (int i = 0; i < dropped_->count; ++i) {
      result.shape.push_back(1);
      result.strides.push_back(stride);
    }
  };
  for (int axis = 0; axis < layout.shape.rank(); ++axis) {
    if (axis == at) add_ones();
    result.shape.push_back(layout.shape[axis]);
    result.strides.push_back(layout.strides[axis]);
  }
  if (at == layout.shape.rank()) add_ones();
  return result;
}

Place BodyBuilder::place_of(NodeId id) const {
  if (plan_.graph.node(id).op != Op::view) return places_.place[id.index];
  Memory memory = memory_of(plan_.graph, id);
  const Place& base = places_.place[memory.base.index];
  memory.layout.offset += base.layout.offset;
  return {base.buffer, memory.layout};
}

NodeId BodyBuilder::read(const Place& from, DType dtype) {
  const std::string name = fmt::format("i{}", kernel_->inputs.size());
  kernel_->inputs.push_back({from.buffer, from.layout.offset});
  return kernel_->body.input(name, dtype, from.layout.shape, from.layout.strides).id();
}

}  // namespace sinter::detail
