// Gradients of a loss with respect to tensors: the gradients of their trace's graph. An error if a
// tensor between the loss and one of these tensors has been evaluated.
#include <fmt/format.h>

#include <sinter/ir/gradients.h>
#include <sinter/ir/rethrow.h>

#include "engine_core.h"

namespace sinter {
namespace detail {
namespace {

std::string type_text(DType dtype, const Shape& shape) {
  return fmt::format("{}{}", to_string(dtype), to_string(shape));
}

[[noreturn]] void refuse_evaluated_loss() {
  fail(ErrorCode::invalid_argument,
       "gradients: the loss has been evaluated already, which discards its graph: call "
       "gradients before anything reads the loss or runs its trace");
}

[[noreturn]] void refuse_evaluated(const TensorNode& of, std::size_t k, const std::string& type) {
  fail(ErrorCode::invalid_argument,
       fmt::format(
           "gradients: the path from value {} of the list, {}, to the loss passes a tensor {} "
           "that has been evaluated already, which discards its graph: call gradients "
           "before anything on that path is read, or runs because its trace is full "
           "(EngineOptions::trace); or detach() what should be a constant",
           k, type_text(of.dtype, of.shape), type));
}

/// For each node up to the loss: true if a gradient of the loss passes to it.
std::vector<bool> reached_from(const Graph& graph, NodeId loss) {
  std::vector<bool> reached(loss.index + 1, false);
  reached[loss.index] = true;
  for (std::uint32_t id = loss.index + 1; id-- > 0;) {
    const std::span<const NodeId> operands = graph.node({id}).inputs();
    for (std::size_t i = 0; reached[id] && i < operands.size(); ++i) {
      if (passes_gradient(graph, {id}, i)) reached[operands[i].index] = true;
    }
  }
  return reached;
}

/// Throws Error(invalid_argument) if a gradient would end at an evaluated tensor that was computed
/// from one of `of`.
void check_paths(const Lineage& lineage, const Trace& trace, NodeId loss,
                 std::span<TensorNode* const> of) {
  std::vector<const Identity*> identities;
  for (TensorNode* tensor : of) identities.push_back(tensor->identity().get());
  Lineage::Search search(lineage, identities);
  const Graph& graph = trace.graph();
  const std::vector<bool> reached = reached_from(graph, loss);
  for (const GraphInput& input : graph.inputs()) {
    if (input.node > loss || !reached[input.node.index]) continue;
    const Node& node = graph.node(input.node);
    const std::shared_ptr<Identity>& evaluated = trace.inputs()[node.payload]->identity;
    const auto k = evaluated != nullptr ? search.leading_to(*evaluated) : std::nullopt;
    if (!k.has_value()) continue;
    if (input.node == loss) refuse_evaluated_loss();
    refuse_evaluated(*of[*k], *k, type_text(node.dtype, graph.shape(node.shape)));
  }
}

}  // namespace

std::vector<Tensor> Recorder::gradients(const Tensor& loss, std::span<const Tensor> of) {
  const std::shared_ptr<EngineCore>& core = loss.node_->core;
  const auto lock = enter({&loss, 1});
  check_whole(of);
  static_cast<void>(trace_->place(loss.node_));
  for (const Tensor& tensor : of) static_cast<void>(trace_->place(tensor.node_));
  restore_recording_order();
  const Value value = value_of(loss);
  std::vector<Value> values;
  std::vector<TensorNode*> nodes;
  for (const Tensor& tensor : of) {
    values.push_back(value_of(tensor));
    nodes.push_back(tensor.node_.get());
  }
  check_paths(lineage_, *trace_, value.id(), nodes);
  std::vector<Tensor> results = adopt(core, sinter::gradients(value, values));
  if (is_half_full()) run(*core, trace_->split_live(nullptr));
  return results;
}

}  // namespace detail

std::vector<Tensor> gradients(const Tensor& loss, std::span<const Tensor> of) try {
  detail::EngineCore& core = *loss.node().core;
  for (std::size_t k = 0; k < of.size(); ++k) {
    if (of[k].node().core.get() == &core) continue;
    detail::refuse_other_engine("gradients", fmt::format("value {} of the list", k));
  }
  return core.recorder().gradients(loss, of);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
