// Recorder: a run declares the wanted tensors as outputs of the trace, and compiles it like any
// graph.
#include "tensor/recorder.h"

#include <algorithm>
#include <array>
#include <ranges>

#include <fmt/format.h>

#include <sinter/ir/element.h>

#include "engine_core.h"

namespace sinter::detail {
namespace {

using Nodes = std::vector<std::shared_ptr<TensorNode>>;
using Buffers = std::vector<std::shared_ptr<TensorBuffer>>;

/// A buffer that holds the number of a node.
std::shared_ptr<TensorBuffer> buffer_of(const TensorNode& node, double number) {
  auto buffer = std::make_shared<TensorBuffer>(node.core->share_services(), node.dtype, node.shape);
  const std::uint64_t bits = element_bits(number, node.dtype);
  buffer->write(std::as_bytes(std::span(&bits, 1)).first(buffer->bytes()));
  return buffer;
}

/// Input buffers that no one needs after a run. Each may become the buffer of one output.
class Donations {
 public:
  /// `recorded`: tensors that stay recorded, whose inputs must not be overwritten. `dies`: true if
  /// nobody else uses the trace.
  Donations(const Trace& trace, const Signature& signature, const Nodes& recorded, bool dies)
      : signature_(signature), buffers_(trace.inputs().size()) {
    if (!dies) return;
    const std::vector<bool> needed = trace.inputs_of(recorded);
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      const std::shared_ptr<TensorBuffer>& input = trace.inputs()[i];
      if (input.use_count() == 1 && !needed[i]) buffers_[i] = input;
    }
  }
  /// Takes an input's buffer for an output; null if no remaining one fits.
  [[nodiscard]] std::shared_ptr<TensorBuffer> take(std::size_t output) {
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      if (buffers_[i] != nullptr && signature_.may_take_place(i, output)) {
        return std::exchange(buffers_[i], nullptr);
      }
    }
    return nullptr;
  }

 private:
  const Signature& signature_;
  Buffers buffers_;
};

/// Declares an output for each tensor.
void declare_outputs(Graph& graph, const Nodes& wanted) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    graph.output("y" + std::to_string(i), graph.value(wanted[i]->id));
  }
}

std::shared_ptr<TensorBuffer> make_output(const EngineCore& core, DType dtype, const Shape& shape) {
  try {
    return std::make_shared<TensorBuffer>(core.share_services(), dtype, shape);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::limit_exceeded) throw;
    fail(error.code(), fmt::format("{}; the recorded ops are kept: release other tensors, and "
                                   "read again",
                                   error.what()));
  }
}

Buffers make_outputs(const EngineCore& core, const Graph& graph, Donations donations) {
  Buffers buffers;
  for (const GraphOutput& output : graph.outputs()) {
    const Node& node = graph.node(output.node);
    std::shared_ptr<TensorBuffer> buffer = donations.take(buffers.size());
    buffers.push_back(buffer != nullptr ? std::move(buffer)
                                        : make_output(core, node.dtype, graph.shape(node.shape)));
  }
  return buffers;
}

TensorView view_of(const TensorBuffer& buffer, const Graph& graph, NodeId node) {
  return buffer.view(graph.node(node).dtype, graph.shape(node));
}

void run_program(const Program& program, Trace& trace, const Buffers& buffers) {
  const Graph& graph = trace.graph();
  std::vector<ConstTensorView> inputs;
  inputs.reserve(graph.inputs().size());
  for (const GraphInput& input : graph.inputs()) {
    inputs.push_back(view_of(*trace.inputs()[inputs.size()], graph, input.node));
  }
  std::vector<TensorView> outputs;
  outputs.reserve(buffers.size());
  for (const GraphOutput& output : graph.outputs()) {
    outputs.push_back(view_of(*buffers[outputs.size()], graph, output.node));
  }
  program.run(inputs, outputs, {});
}

}  // namespace

Recorder::~Recorder() {
  const bool torn = mutex_.lock() || torn_;
  if (!torn) return;
  new (&trace_) std::shared_ptr<Trace>();
  new (&lineage_) Lineage();
}

std::unique_lock<ForkSafeMutex> Recorder::enter(std::span<const Tensor> tensors) {
  torn_ |= mutex_.lock();
  std::unique_lock lock(mutex_, std::adopt_lock);
  if (torn_) {
    auto next = std::make_shared<Trace>(serial_ + 2);
    new (&trace_)
        std::shared_ptr<Trace>(std::move(next));  // leaves the old trace as it is, never frees it
    new (&lineage_) Lineage();
    serial_ += 2;
    held_at_ = limits_.bytes;
    whole_from_ = process_epoch();
    torn_ = false;
  }
  check_whole(tensors);
  return lock;
}

void Recorder::check_whole(std::span<const Tensor> tensors) const {
  for (const Tensor& tensor : tensors) {
    if (tensor.node_->process >= whole_from_) continue;
    fail(ErrorCode::unsupported,
         "a tensor from before the fork cannot be used in this process: another thread of the "
         "parent was using tensors of this engine at the fork. Make a new tensor, or fork while no "
         "other thread uses the engine's tensors");
  }
}

Tensor Recorder::apply(Op op, std::span<const Tensor> operands, const Attributes& attributes) {
  const std::shared_ptr<EngineCore>& core = operands[0].node_->core;
  const auto lock = enter(operands);
  if (is_full()) run(*core, trace_->split_live(nullptr));
  std::array<NodeId, kMaxOperands> nodes;
  std::ranges::transform(operands, nodes.begin(),
                         [&](const Tensor& operand) { return trace_->place(operand.node_); });
  const NodeId result = trace_->graph().apply(op, {nodes.data(), operands.size()}, attributes);
  return Tensor(trace_->adopt(core, result));
}

Value Recorder::value_of(const Tensor& tensor) {
  return trace_->graph().value(trace_->place(tensor.node_));
}

std::vector<Tensor> Recorder::adopt(const std::shared_ptr<EngineCore>& core,
                                    std::span<const Value> values) {
  std::vector<Tensor> tensors;
  for (const Value& value : values) {
    tensors.push_back(Tensor(trace_->adopt(core, value.id())));
  }
  return tensors;
}

std::vector<Tensor> Recorder::record(
    std::span<const Tensor> tensors,
    const std::function<std::vector<Value>(std::span<const Value>)>& function) {
  const std::shared_ptr<EngineCore>& core = tensors[0].node_->core;
  const auto lock = enter(tensors);
  std::vector<Value> values;
  for (const Tensor& tensor : tensors) values.push_back(value_of(tensor));
  const std::vector<Value> results = function(values);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (trace_->graph().holds(results[i])) continue;
    fail(ErrorCode::invalid_graph,
         fmt::format(
             "record: value {} that the function returned is default-constructed or of another "
             "Graph: return Values recorded from those that it is given",
             i));
  }
  return adopt(core, results);
}

void Recorder::evaluate(EngineCore& core, std::span<const Tensor> tensors) {
  const auto lock = enter(tensors);
  Nodes wanted;
  for (const Tensor& tensor : tensors) {
    if (tensor.node_->pending == nullptr) continue;
    static_cast<void>(trace_->place(tensor.node_));
    wanted.push_back(tensor.node_);
  }
  std::ranges::sort(wanted, {}, &TensorNode::id);
  const auto repeated = std::ranges::unique(wanted);
  wanted.erase(repeated.begin(), repeated.end());
  if (!wanted.empty()) run(core, {std::move(wanted), {}});
}

std::shared_ptr<const TensorBuffer> Recorder::read(const Tensor& tensor) {
  TensorNode& node = *tensor.node_;
  const auto lock = enter({&tensor, 1});
  if (node.buffer == nullptr && node.number.has_value()) {
    node.buffer = buffer_of(node, node.number->value);
  }
  if (node.buffer == nullptr) {
    static_cast<void>(trace_->place(tensor.node_));
    run(*node.core, trace_->split_live(&node));
  }
  return node.buffer;
}

bool Recorder::is_full() {
  if (trace_->graph().nodes().size() >= limits_.nodes) return true;
  if (trace_->input_bytes() < held_at_) return false;
  held_at_ = trace_->input_bytes() + limits_.bytes;
  return trace_->held_bytes() >= limits_.bytes;
}

bool Recorder::is_half_full() const {
  if (trace_->graph().nodes().size() >= limits_.nodes / 2) return true;
  return trace_->input_bytes() >= limits_.bytes / 2 && trace_->held_bytes() >= limits_.bytes / 2;
}

std::shared_ptr<Trace> Recorder::begin_trace() {
  auto next = std::make_shared<Trace>(serial_ + 1);
  std::shared_ptr<Trace> trace = std::exchange(trace_, std::move(next));
  ++serial_;
  held_at_ = limits_.bytes;
  return trace;
}

void Recorder::restore_recording_order() {
  if (trace_->is_in_recording_order()) return;
  const std::shared_ptr<Trace> trace = begin_trace();
  trace_->take_over_in_order(*trace);
}

void Recorder::run(EngineCore& core, const Trace::SplitLive& live) {
  // The old trace never grows again, even if the run fails. The next use of a tensor still pending
  // in it copies what it needs into the current trace.
  const std::shared_ptr<Trace> trace = begin_trace();
  if (!live.stored.empty()) store(core, trace, live);
  // Each tensor that this run does not store moves to a new trace, with only the ops that it needs.
  // Such tensors among those that it is computed from move along, so the last goes first.
  for (const std::shared_ptr<TensorNode>& node : std::views::reverse(live.recorded)) {
    if (!trace->is_pending_here(*node)) continue;
    static_cast<void>(std::make_shared<Trace>(++serial_)->place(node));
  }
}

void Recorder::store(EngineCore& core, const std::shared_ptr<Trace>& trace,
                     const Trace::SplitLive& live) {
  const Nodes& wanted = live.stored;
  declare_outputs(trace->graph(), wanted);
  const std::shared_ptr<const Program> program = core.compile_for_any_parameters(trace->graph());
  // The references of live tensors and of the caller; further ones mean that others use the trace.
  const std::size_t references = wanted.size() + live.recorded.size() + 1;
  const bool dies = trace.use_count() == static_cast<std::int64_t>(references);
  const Buffers buffers = make_outputs(
      core, trace->graph(), Donations(*trace, program->planned->signature, live.recorded, dies));
  lineage_.add(trace->serial(), trace->graph(), trace->identities());
  run_program(*program, *trace, buffers);
  // The run may have overwritten donated inputs, so nothing may fail from here on.
  lineage_.mark_evaluated(trace->serial());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    buffers[i]->identity = std::move(wanted[i]->own);
    wanted[i]->buffer = buffers[i];
    wanted[i]->pending = nullptr;
  }
}

}  // namespace sinter::detail
