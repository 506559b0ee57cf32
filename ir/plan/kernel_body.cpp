// Building a body takes two sweeps over its segment: backwards, to find the cone of the values that
// the kernel stores, and forwards, to copy the cone.
#include "plan/kernel_body.h"

#include <array>
#include <limits>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "graph/merging.h"
#include "plan/segments.h"

namespace sinter::detail {

BodyBuilder::BodyBuilder(const Plan& plan, const Places& places)
    : plan_(plan),
      places_(places),
      member_(plan.graph.nodes().size(), kNotStored),
      needed_(plan.graph.nodes().size(), kNotStored),
      copied_(plan.graph.nodes().size(), kNotStored),
      copy_of_(plan.graph.nodes().size()) {}

void BodyBuilder::build(PlanKernel& kernel, std::uint32_t k, std::size_t segment,
                        std::span<const NodeId> members, std::span<const StoredValue> stores) {
  const Merging merging(kernel.body);
  kernel_ = &kernel;
  k_ = k;
  segment_ = segment;
  for (NodeId id : members) member_[id.index] = k;
  for (const StoredValue& store : stores) needed_[store.node.index] = k;
  mark_cone(members);
  for (NodeId id : members) {
    if (needed_[id.index] == k && computes(id) && !multiplies_ && !drops_)
      static_cast<void>(copy(id));
  }
  for (const auto& [node, place] : stores) {
    Alignment* const to = alignment_of(node);
    const Value stored = kernel.body.value(to != nullptr ? copy_aligned(*to, node) : copy(node));
    const Layout layout = to != nullptr ? to->aligned(place.layout) : place.layout;
    const std::string name = fmt::format("o{}", kernel.outputs.size());
    kernel.outputs.push_back({place.buffer, layout.offset});
    kernel.body.output(name, stored, layout.strides);
  }
  kernel.frame = frame_of(kernel.body);
}

/// True if this kernel computes the value; false if it reads a buffer or a scalar.
bool BodyBuilder::computes(NodeId id) const {
  const Node& node = plan_.graph.node(id);
  if (is_leaf(node) || !is_computed(node) || member_[id.index] != k_) return false;
  const std::uint32_t owner = places_.kernel[id.index];
  return owner == k_ || owner == kNotStored || places_.home[id.index] != segment_;
}

/// True if this kernel rematerialises the value, whose home is another segment.
bool BodyBuilder::repeats(NodeId id) const {
  return computes(id) && places_.home[id.index] != segment_;
}

void BodyBuilder::mark_cone(std::span<const NodeId> members) {
  multiplies_ = drops_ = false;
  for (Alignment* alignment : {&product_, &left_, &right_}) alignment->copies.clear();
  after_.clear();
  for (NodeId id : members | std::views::reverse) {
    if (needed_[id.index] != k_ || !computes(id)) continue;
    const Node& node = plan_.graph.node(id);
    for (NodeId operand : node.inputs()) {
      const bool first = std::exchange(needed_[operand.index], k_) != k_;
      if (first && repeats(operand) && !repeats(id)) repeats_.push_back({operand, k_});
    }
    if (info(node.op).kind == OpKind::product) multiplies_ = true;
    if (info(node.op).kind != OpKind::reduction) continue;
    drops_ = drops_ || !ReductionAttributes::of(plan_.graph, id).keeps;
  }
}

/// The alignment of a stored value to the axes of the kernel; null if it has these axes already.
Alignment* BodyBuilder::alignment_of(NodeId stored) {
  const NodeId reduction = places_.dropped_by[stored.index];
  if (!drops_ || reduction == kNoNode) return multiplies_ ? &product_ : nullptr;
  const Dims axes = ReductionAttributes::of(plan_.graph, reduction).axes;
  const int rank = plan_.graph.shape(plan_.graph.node(reduction).operands[0]).rank();
  const int axes_after = rank - static_cast<int>(axes[0]) - axes.rank();
  const auto [known, made] = after_.try_emplace({axes_after, axes.rank()});
  if (made) {
    const int trailing = multiplies_ ? 1 : 0;
    const bool single = plan_.graph.shape(reduction).elements() == 1;
    known->second = {.axes_after = axes_after,
                     .count = axes.rank(),
                     .trailing = trailing,
                     .single = single ? rank + trailing : 0};
  }
  return &known->second;
}

/// The copy of the value in the body, made on first use. build() copies ops in the order of the
/// segment, so the recursion ends at the operands of one op.
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
    // The caller supplies the value at each run. The placeholder makes it noticeable if code uses
    // it by mistake.
    constexpr double kOdd = 0x55;
    const bool has_nan = is_floating(node.dtype);
    const double placeholder = has_nan ? std::numeric_limits<double>::quiet_NaN() : kOdd;
    made = kernel_->body.parameter(placeholder, node.dtype).id();
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

/// The recursion is at most as deep as a kernel has ops.
NodeId BodyBuilder::copy_aligned(Alignment& to, NodeId id) {
  const auto known = to.copies.find(id.index);
  if (known != to.copies.end()) return known->second;
  const Node& node = plan_.graph.node(id);
  NodeId made;
  if (computes(id)) {
    made = copy_op_aligned(to, id);
  } else if (node.op == Op::iota) {
    const Shape& shape = plan_.graph.shape(id);
    made = kernel_->body
               .iota(node.dtype, to.aligned(dense_layout(shape)).shape,
                     to.aligned_axis(shape, static_cast<int>(node.payload)))
               .id();
  } else if (is_leaf(node) && node.op != Op::input) {
    made = copy(id);
  } else {
    const Place place = place_of(id);
    const bool in_place = &to != &left_ && &to != &right_;
    made = read({place.buffer, to.aligned(place.layout)}, node.dtype, in_place);
  }
  to.copies.emplace(id.index, made);
  return made;
}

NodeId BodyBuilder::copy_op_aligned(Alignment& to, NodeId id) {
  const Node& node = plan_.graph.node(id);
  Attributes attributes;
  std::vector<NodeId> operands;
  switch (info(node.op).kind) {
    case OpKind::reduction: {
      operands.push_back(multiplies_ ? copy_aligned(product_, node.operands[0])
                                     : copy(node.operands[0]));
      ReductionAttributes reduction = ReductionAttributes::of(plan_.graph, id);
      reduction.keeps = true;
      attributes = reduction.generic();
      break;
    }
    case OpKind::product:
      operands.push_back(copy_aligned(left_, node.operands[0]));
      operands.push_back(copy_aligned(right_, node.operands[1]));
      return kernel_->body.dot(operands[0], operands[1]);
    default:
      for (NodeId operand : node.inputs()) operands.push_back(copy_aligned(to, operand));
      attributes = plan_.graph.attributes(id);
      attributes.shape = to.aligned(dense_layout(*attributes.shape)).shape;
  }
  std::vector<Value> values;
  for (NodeId operand : operands) values.push_back(kernel_->body.value(operand));
  return Value::apply(node.op, values, attributes).id();
}

Layout Alignment::aligned(Layout layout) const {
  if (single > 0 && layout.shape.elements() == 1) {
    layout.shape = {};
    layout.strides = {};
    for (int axis = 0; axis < single; ++axis) {
      layout.shape.push_back(1);
      layout.strides.push_back(1);
    }
    return layout;
  }
  if (swap && layout.shape.rank() == 1) {
    layout.shape = {1, layout.shape[0]};
    layout.strides = {1, layout.strides[0]};
  }
  if (swap && layout.shape.rank() > 1) {
    const int last = layout.shape.rank() - 1;
    std::swap(layout.shape[last], layout.shape[last - 1]);
    std::swap(layout.strides[last], layout.strides[last - 1]);
  }
  const int at = layout.shape.rank() - axes_after;
  Layout result{{}, {}, layout.offset};
  const auto add_ones = [&](int ones, std::int64_t stride) {
    for (int i = 0; i < ones; ++i) {
      result.shape.push_back(1);
      result.strides.push_back(stride);
    }
  };
  for (int axis = 0; axis < layout.shape.rank(); ++axis) {
    if (axis == at) add_ones(count, layout.strides[at] * layout.shape[at]);
    result.shape.push_back(layout.shape[axis]);
    result.strides.push_back(layout.strides[axis]);
  }
  if (at == layout.shape.rank()) add_ones(count, 1);
  add_ones(trailing, 1);
  return result;
}

int Alignment::aligned_axis(const Shape& shape, int axis) const {
  if (single > 0 && shape.elements() == 1) return 0;  // all axes have length 1: any one will do
  int from_last = shape.rank() - axis;
  if (swap && from_last <= 2) from_last = 3 - from_last;
  from_last = trailing + (from_last > axes_after ? from_last + count : from_last);
  return aligned(dense_layout(shape)).shape.rank() - from_last;
}

Place BodyBuilder::place_of(NodeId id) const {
  if (plan_.graph.node(id).op != Op::view) return places_.place[id.index];
  Memory memory = memory_of(plan_.graph, id);
  const Place& base = places_.place[memory.base.index];
  memory.layout.offset += base.layout.offset;
  return {base.buffer, memory.layout};
}

NodeId BodyBuilder::read(const Place& from, DType dtype, bool in_place) {
  // Copies of a value under several alignments may have one layout, if it has one element: they
  // share an input.
  for (std::size_t i = 0; drops_ && in_place && i < kernel_->inputs.size(); ++i) {
    const auto& [buffer, offset, other_in_place] = kernel_->inputs[i];
    const GraphInput& input = kernel_->body.inputs()[i];
    const Shape& shape = kernel_->body.shape(input.node);
    const Strides strides = input.strides.empty() ? dense_strides(shape) : input.strides;
    const bool same_place = buffer == from.buffer && offset == from.layout.offset && other_in_place;
    if (same_place && shape == from.layout.shape && strides == from.layout.strides) {
      return input.node;
    }
  }
  const std::string name = fmt::format("i{}", kernel_->inputs.size());
  kernel_->inputs.push_back({from.buffer, from.layout.offset, in_place});
  return kernel_->body.input(name, dtype, from.layout.shape, from.layout.strides).id();
}

}  // namespace sinter::detail
