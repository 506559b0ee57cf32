// Placing tensors in a trace: as inputs, as numbers, or with the ops that another trace recorded.
#include "tensor/trace.h"

#include <algorithm>
#include <array>
#include <string>

namespace sinter::detail {

NodeId Trace::place(const std::shared_ptr<TensorNode>& node) {
  if (node->trace == serial_) return node->id;
  if (node->number.has_value()) {
    const auto [value, structural] = *node->number;
    map_to_node(node, (structural ? graph_.constant(value, node->dtype)
                                  : graph_.parameter(value, node->dtype))
                          .id());
  } else if (node->buffer != nullptr) {
    map_to_node(node, add_input(node->dtype, node->shape, node->buffer));
  } else {
    take_over(node);
  }
  return node->id;
}

std::shared_ptr<TensorNode> Trace::adopt(const std::shared_ptr<EngineCore>& core, NodeId id) {
  if (std::shared_ptr<TensorNode> there = tensor_at(id)) return there;
  auto node = std::make_shared<TensorNode>(core, graph_.node(id).dtype, graph_.shape(id));
  node->pending = shared_from_this();
  map_to_node(node, id);
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

std::vector<bool> Trace::from_earlier_run() const {
  std::vector<bool> from(graph_.nodes().size());
  for (std::uint32_t id = 0; id < from.size(); ++id) {
    const auto holds = [&](NodeId operand) { return from[operand.index]; };
    from[id] = origin_of({id}).was_run || std::ranges::any_of(graph_.node({id}).inputs(), holds);
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
  const std::vector<bool> known = from_earlier_run();
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
  // Allocate first: if push_back failed, the graph would have an input without a buffer.
  if (inputs_.size() == inputs_.capacity()) inputs_.reserve(2 * inputs_.size() + 1);
  const NodeId id = graph_.input("x" + std::to_string(inputs_.size()), dtype, shape).id();
  input_bytes_ += buffer->bytes();
  inputs_.push_back(std::move(buffer));
  return id;
}

void Trace::map_to_node(const std::shared_ptr<TensorNode>& node, NodeId id) {
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

Trace::Origin Trace::origin_of(NodeId id) const {
  if (id.index < origins_.size() && origins_[id.index].trace != 0) return origins_[id.index];
  return {serial_, id};
}

NodeId Trace::copy_node(const Trace& from, NodeId id, std::span<const NodeId> copies,
                        bool was_run) {
  const std::span<const NodeId> inputs = from.graph_.node(id).inputs();
  std::array<NodeId, kMaxOperands> operands;
  std::ranges::transform(inputs, operands.begin(),
                         [&](NodeId operand) { return copies[operand.index]; });
  const NodeId copy = graph_.copy_node(from.graph_, id, {operands.data(), inputs.size()});
  if (from.is_op(id)) {
    if (origins_.size() <= copy.index) origins_.resize(copy.index + 1);
    origins_[copy.index] = from.origin_of(id);
    origins_[copy.index].was_run |= was_run;
  }
  return copy;
}

void Trace::move_here(const std::shared_ptr<TensorNode>& node, NodeId id) {
  map_to_node(node, id);
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
      copies[i] = copy_node(*from, {i}, copies, true);
      if (const std::shared_ptr<TensorNode> tensor = from->tensor_at({i})) {
        move_here(tensor, copies[i]);
      }
    }
  }
}

bool Trace::is_in_recording_order() const {
  std::pair<std::uint64_t, NodeId> last;
  for (std::uint32_t id = 0; !origins_.empty() && id < graph_.nodes().size(); ++id) {
    if (!is_op({id})) continue;
    const auto order = origin_of({id}).order();
    if (order < last) return false;
    last = order;
  }
  return true;
}

void Trace::take_over_in_order(const Trace& from) {
  std::vector<NodeId> order;
  for (std::uint32_t id = 0; id < from.graph_.nodes().size(); ++id) order.push_back({id});
  std::ranges::sort(order, {}, [&](NodeId id) {  // inputs and numbers first
    return from.is_op(id) ? from.origin_of(id).order() : std::pair(std::uint64_t{0}, id);
  });
  const std::vector<std::shared_ptr<TensorBuffer>> inputs = from.inputs_by_node();
  std::vector<NodeId> copies(order.size());
  for (const NodeId id : order) {
    const Node& node = from.graph_.node(id);
    NodeId& copy = copies[id.index];
    copy = inputs[id.index] != nullptr
               ? add_input(node.dtype, from.graph_.shape(node.shape), inputs[id.index])
               : copy_node(from, id, copies, false);
    const std::shared_ptr<TensorNode> tensor = from.tensor_at(id);
    if (tensor == nullptr) continue;
    if (from.is_pending_here(*tensor)) {
      move_here(tensor, copy);
    } else {
      map_to_node(tensor, copy);
    }
  }
}

}  // namespace sinter::detail
