// Trace: the graph that ops on tensors record into, and the tensors that its nodes stand for.
//
// A tensor is a number, evaluated (it has a buffer), or pending (its trace holds the node that
// computes it). A trace grows while it is the current trace of its Recorder. After it has run, it
// no longer grows, and lives only for tensors that are still pending in it. A use of such a tensor
// takes over the ops that it needs into the current trace. So a run for other tensors, or a failed
// one, loses nothing. Tensors own their trace, and a trace owns buffers but refers to tensors
// weakly, so no cycle keeps anything alive.
//
// All functions run under the lock of the Recorder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <sinter/ir/graph.h>

#include "process.h"
#include "tensor/buffer.h"
#include "tensor/sources.h"

namespace sinter::detail {

class EngineCore;
class Trace;

/// A number used with tensors: recorded as a constant if it is structural, else as a parameter.
struct TraceNumber {
  double value = 0;
  bool structural = false;
};

/// A value that Tensors refer to.
struct TensorNode {
  std::shared_ptr<EngineCore> core;
  DType dtype{};
  Shape shape;
  std::optional<TraceNumber> number = {};
  // The lock of the Recorder guards the members below.
  std::shared_ptr<TensorBuffer> buffer = {};
  std::shared_ptr<Trace> pending = {};      ///< trace that records it; null once evaluated
  std::uint64_t trace = 0;                  ///< serial of the last trace that it was placed in
  NodeId id = {};                           ///< its node in that trace
  std::shared_ptr<Identity> own = {};       ///< its identity until it has a buffer
  std::uint32_t process = process_epoch();  ///< epoch of the process that made it

  [[nodiscard]] std::size_t bytes() const {
    return static_cast<std::size_t>(shape.elements()) * info(dtype).bytes;
  }
  /// Its identity in the Lineage; null until a trace that contains it has run.
  [[nodiscard]] std::shared_ptr<Identity>& identity() {
    return buffer != nullptr && !number.has_value() ? buffer->identity : own;
  }
};

class Trace : public std::enable_shared_from_this<Trace> {
 public:
  /// `serial`: unique in an EngineCore, ascending, not 0.
  explicit Trace(std::uint64_t serial) : serial_(serial) {}

  /// Returns the node of a tensor in this trace. If there is none, records the tensor as an input
  /// or a number, or takes over the ops that it needs from the trace in which it is pending.
  [[nodiscard]] NodeId place(const std::shared_ptr<TensorNode>& node);
  /// Returns the tensor of a node of this graph: the existing one, or a new pending one.
  [[nodiscard]] std::shared_ptr<TensorNode> adopt(const std::shared_ptr<EngineCore>& core,
                                                  NodeId id);
  /// The tensors pending in this trace that a Tensor still refers to, in the order of their nodes.
  [[nodiscard]] std::vector<std::shared_ptr<TensorNode>> live() const;
  [[nodiscard]] bool is_pending_here(const TensorNode& node) const {
    return node.pending.get() == this;
  }
  /// The identity of each node that is an input or whose tensor still exists, by node; else null.
  [[nodiscard]] Lineage::Identities identities() const;

  [[nodiscard]] std::uint64_t serial() const { return serial_; }
  [[nodiscard]] Graph& graph() { return graph_; }
  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] std::span<const std::shared_ptr<TensorBuffer>> inputs() const { return inputs_; }
  [[nodiscard]] std::size_t input_bytes() const { return input_bytes_; }
  /// The live tensors of a trace that runs, both parts in the order of their nodes.
  struct SplitLive {
    std::vector<std::shared_ptr<TensorNode>> stored;    ///< the run stores them
    std::vector<std::shared_ptr<TensorNode>> recorded;  ///< they stay recorded
  };
  /// Selects the live tensors that a run stores. A tensor other than `asked` stays recorded if it
  /// takes more memory than all inputs that it is computed from, and if no op that it needs comes
  /// from a trace that has run. The latter ensures that no op is computed more than twice for this
  /// reason.
  [[nodiscard]] SplitLive split_live(const TensorNode* asked) const;
  /// By position of the input: true if at least one of these tensors is computed from it.
  [[nodiscard]] std::vector<bool> inputs_of(
      std::span<const std::shared_ptr<TensorNode>> tensors) const;
  /// True if the ops are in the order in which they were first recorded. Ops taken over from
  /// another trace may break this order.
  [[nodiscard]] bool is_in_recording_order() const;
  /// Takes over every node of `from`, with the ops in the order in which they were first recorded.
  /// After an exception some tensors are still pending in `from`, which must not grow any more.
  void take_over_in_order(const Trace& from);
  /// Bytes of inputs that only this trace holds.
  [[nodiscard]] std::size_t held_bytes() const;

 private:
  [[nodiscard]] NodeId add_input(DType dtype, const Shape& shape,
                                 std::shared_ptr<TensorBuffer> buffer);
  /// Makes node `id` of this trace stand for the tensor.
  void map_to_node(const std::shared_ptr<TensorNode>& node, NodeId id);

  // Taking over copies the nodes that a pending tensor needs from its trace. It stops at tensors
  // that are no longer pending there: evaluated, or already taken over.
  struct Needed {
    bool needed = false;
    std::shared_ptr<TensorNode> elsewhere = {};  ///< tensor at which to stop
  };
  /// The trace and node in which an op was first recorded. Serials of traces ascend, so `order` is
  /// the order of recording.
  struct Origin {
    std::uint64_t trace = 0;
    NodeId id;
    bool was_run = false;  ///< true if that trace, or a later one that took the op over, has run
    [[nodiscard]] std::pair<std::uint64_t, NodeId> order() const { return {trace, id}; }
  };
  [[nodiscard]] Origin origin_of(NodeId id) const;
  [[nodiscard]] bool is_op(NodeId id) const { return !graph_.node(id).inputs().empty(); }
  void take_over(const std::shared_ptr<TensorNode>& wanted);
  [[nodiscard]] std::vector<Needed> needed_for(NodeId last) const;
  [[nodiscard]] NodeId copy_node(const Trace& from, NodeId id, std::span<const NodeId> copies,
                                 bool was_run);
  void move_here(const std::shared_ptr<TensorNode>& node, NodeId id);
  [[nodiscard]] std::shared_ptr<TensorNode> tensor_at(NodeId id) const;
  [[nodiscard]] std::vector<std::shared_ptr<TensorBuffer>> inputs_by_node() const;
  [[nodiscard]] Sources sources() const;
  /// By node: true if it is an op of an earlier trace that has run, or computed from one.
  [[nodiscard]] std::vector<bool> from_earlier_run() const;

  const std::uint64_t serial_;
  Graph graph_;
  std::vector<std::shared_ptr<TensorBuffer>> inputs_;  ///< by position
  std::size_t input_bytes_ = 0;
  std::vector<std::weak_ptr<TensorNode>> tensors_;  ///< by node; may be shorter than the graph
  std::vector<Origin> origins_;  ///< by node, trace 0 unless taken over; may be shorter
};

}  // namespace sinter::detail
