// Placing tensors in a trace: inputs, numbers, and what another trace has recorded.
#include "tensor_trace.h"

#include <algorithm>
#include <array>
#include <string>

namespace sinter::detail {

NodeId Trace::place(const std::shared_ptr<TensorNode>& node) {
  if (node->trace == serial_) return node->id;
  if (node->number.has_value()) {
    const auto [value, structural] = *node->number;
    settle(node,
           (structural ? graph_.constant(value, node->dtype) : graph_.parameter(value, node->dtype))
               .id());
  } else if (node->buffer != nullptr) {
    settle(node, add_input(node->dtype, node->shape, node->buffer));
  } else {
    take_over(node);
  }
  return node->id;
}

std::shared_ptr<TensorNode> Trace::adopt(const std::shared_ptr<EngineCore>& core, NodeId id) {
  if (std::shared_ptr<TensorNode> there = tensor_at(id)) return there;
  auto node = std::make_shared<TensorNode>(core, graph_.node(id).dtype, graph_.shape(id));
  node->pending = shared_from_this();
  settle(node, id);
  return node;
}

std::vector<std::shared_ptr<TensorNode>> Trace::live() const {
  std::vector<std::shared_ptr<TensorNode>> live;
  for (const std::weak_ptr<TensorNode>& tensor : tensors_) {
    std::shared_ptr<TensorNode> node = tensor.lock();
    if (node != nullptr && is_pending_here(*node)) live.push_back(std::move(node));
  }
  return live;
}

Sources Trace::sources() const {
  std::vector<std::size_t> bytes;
  bytes.reserve(inputs_.size());
  for (const std::shared_ptr<TensorBuffer>& input : inputs_) bytes.push_back(input->bytes());
  return {graph_, bytes};
}

std::vector<bool> Trace::from_taken_over() const {
  std::vector<bool> from(graph_.nodes().size());
  for (std::uint32_t id = 0; id < from.size(); ++id) {
    const auto holds = [&](NodeId operand) { return from[operand.index]; };
    from[id] = (id < taken_over_.size() && taken_over_[id]) ||
               std::ranges::any_of(graph_.node({id}).inputs(), holds);
  }
  return from;
}

Trace::SplitLive Trace::split_live(const TensorNode* asked) const {
  std::vector<std::shared_ptr<TensorNode>> nodes = live();
  const auto is_asked = [&](const std::shared_ptr<TensorNode>& node) {
    return asked != nullptr && node->id == asked->id;
  };
  if (std::ranges::all_of(nodes, is_asked)) return {std::move(nodes), {}};
  SplitLive split;
  const Sources sources = this->sources();
  const std::vector<bool> known = from_taken_over();
  for (std::shared_ptr<TensorNode>& node : nodes) {
    const bool grows = node->bytes() > sources.bytes(node->id);
    const bool stays = grows && !known[node->id.index] && !is_asked(node);
    (stays ? split.recorded : split.stored).push_back(std::move(node));
  }
  return split;
}

std::vector<bool> Trace::inputs_of(std::span<const std::shared_ptr<TensorNode>> tensors) const {
  std::vector<bool> read(inputs_.size());
  const Sources sources = this->sources();
  for (const std::shared_ptr<TensorNode>& tensor : tensors) {
    for (std::size_t i = 0; i < read.size(); ++i) {
      read[i] = read[i] || sources.reads(tensor->id, i);
    }
  }
  return read;
}

Lineage::Identities Trace::identities() const {
  Lineage::Identities identities(graph_.nodes().size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    identities[graph_.inputs()[i].node.index] = inputs_[i]->identity;
  }
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const std::shared_ptr<TensorNode> tensor = tensors_[i].lock();
    if (tensor == nullptr) continue;
    std::shared_ptr<Identity>& identity = tensor->identity();
    if (identity == nullptr) identity = std::make_shared<Identity>(serial_);
    identities[i] = identity;
  }
  return identities;
}

std::size_t Trace::held_bytes() const {
  std::size_t bytes = 0;
  for (const std::shared_ptr<TensorBuffer>& input : inputs_) {
    if (input.use_count() == 1) bytes += input->bytes();
  }
  return bytes;
}

NodeId Trace::add_input(DType dtype, const Shape& shape, std::shared_ptr<TensorBuffer> buffer) {
  // First the memory, for an input of the graph that has no buffer would shift all others.
  if (inputs_.size() == inputs_.capacity()) inputs_.reserve(2 * inputs_.size() + 1);
  const NodeId id = graph_.input("x" + std::to_string(inputs_.size()), dtype, shape).id();
  input_bytes_ += buffer->bytes();
  inputs_.push_back(std::move(buffer));
  return id;
}

void Trace::settle(const std::shared_ptr<TensorNode>& node, NodeId id) {
  if (tensors_.size() <= id.index) tensors_.resize(id.index + 1);
  tensors_[id.index] = node;
  node->trace = serial_;
  node->id = id;
}

std::shared_ptr<TensorNode> Trace::tensor_at(NodeId id) const {
  return id.index < tensors_.size() ? tensors_[id.index].lock() : nullptr;
}

std::vector<std::shared_ptr<TensorBuffer>> Trace::inputs_by_node() const {
  std::vector<std::shared_ptr<TensorBuffer>> buffers(graph_.nodes().size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    buffers[graph_.inputs()[i].node.index] = inputs_[i];
  }
  return buffers;
}

std::vector<Trace::Needed> Trace::needed_for(NodeId last) const {
  std::vector<Needed> nodes(last.index + 1);
  nodes[last.index].needed = true;
  for (std::uint32_t i = last.index + 1; i-- > 0;) {
    if (!nodes[i].needed) continue;
    std::shared_ptr<TensorNode> tensor = tensor_at({i});
    if (tensor != nullptr && !is_pending_here(*tensor)) {
      nodes[i].elsewhere = std::move(tensor);
    } else {
      for (NodeId operand : graph_.node({i}).inputs()) nodes[operand.index].needed = true;
    }
  }
  return nodes;
}

NodeId Trace::copy_node(const Trace& from, NodeId id, std::span<const NodeId> copies) {
  const std::span<const NodeId> inputs = from.graph_.node(id).inputs();
  std::array<NodeId, kMaxOperands> operands;
  std::ranges::transform(inputs, operands.begin(),
                         [&](NodeId operand) { return copies[operand.index]; });
  const NodeId copy = graph_.copy_node(from.graph_, id, {operands.data(), inputs.size()});
  if (!inputs.empty()) {
    if (taken_over_.size() <= copy.index) taken_over_.resize(copy.index + 1);
    taken_over_[copy.index] = true;
  }
  if (const std::shared_ptr<TensorNode> tensor = from.tensor_at(id)) move_here(tensor, copy);
  return copy;
}

void Trace::move_here(const std::shared_ptr<TensorNode>& node, NodeId id) {
  settle(node, id);
  node->pending = shared_from_this();
}

void Trace::take_over(const std::shared_ptr<TensorNode>& wanted) {
  const std::shared_ptr<const Trace> from = wanted->pending;
  const std::vector<Needed> nodes = from->needed_for(wanted->id);
  const std::vector<std::shared_ptr<TensorBuffer>> inputs = from->inputs_by_node();
  std::vector<NodeId> copies(nodes.size());
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].needed) continue;
    if (nodes[i].elsewhere != nullptr) {
      copies[i] = place(nodes[i].elsewhere);
    } else if (inputs[i] != nullptr) {
      const Node& input = from->graph_.node({i});
      copies[i] = add_input(input.dtype, from->graph_.shape(input.shape), inputs[i]);
    } else {
      copies[i] = copy_node(*from, {i}, copies);
    }
  }
}

}  // namespace sinter::detail
