// Trace: the graph that ops on tensors record into, and which tensors its nodes stand for.
//
// A tensor is a number, evaluated (it has a buffer), or pending (a trace holds the node that
// computes it). A trace grows while it is the current one of its Recorder. Once it has run it grows
// no more, and lives on only for tensors that are still pending in it: a use takes over, into the
// current trace, the part of it that they need. So nothing is lost by a run that was for other
// tensors, or that failed. References go from tensors to their trace and from a trace to buffers,
// never back.
//
// Everything here is done under the lock of the Recorder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <sinter/ir/graph.h>

#include "process.h"
#include "tensor_buffer.h"
#include "tensor_sources.h"

namespace sinter::detail {

class EngineCore;
class Trace;

/// A number beside tensors: a parameter, or a constant where it is structural.
struct TraceNumber {
  double value = 0;
  bool structural = false;
};

/// The value of Tensors.
struct TensorNode {
  std::shared_ptr<EngineCore> core;
  DType dtype{};
  Shape shape;
  std::optional<TraceNumber> number = {};
  // What follows is under the lock.
  std::shared_ptr<TensorBuffer> buffer = {};
  std::shared_ptr<Trace> pending = {};      ///< where it is recorded, until it is evaluated
  std::uint64_t trace = 0;                  ///< serial of the last trace that it was placed in
  NodeId id = {};                           ///< there
  std::shared_ptr<Identity> own = {};       ///< until it has a buffer
  std::uint32_t process = process_epoch();  ///< that made it

  [[nodiscard]] std::size_t bytes() const {
    return static_cast<std::size_t>(shape.elements()) * info(dtype).bytes;
  }
  /// Null before a trace with it has run.
  [[nodiscard]] std::shared_ptr<Identity>& identity() {
    return buffer != nullptr && !number.has_value() ? buffer->identity : own;
  }
};

class Trace : public std::enable_shared_from_this<Trace> {
 public:
  /// Serials are unique in a core, and not 0.
  explicit Trace(std::uint64_t serial) : serial_(serial) {}

  /// The node that stands for a tensor here. Records it as an input or a number, or takes over what
  /// it needs of another trace, unless it is there.
  [[nodiscard]] NodeId place(const std::shared_ptr<TensorNode>& node);
  /// The tensor that a node of this graph stands for: the one that is there, or a new one.
  [[nodiscard]] std::shared_ptr<TensorNode> adopt(const std::shared_ptr<EngineCore>& core,
                                                  NodeId id);
  /// The pending tensors that somebody still holds, in the order of their nodes.
  [[nodiscard]] std::vector<std::shared_ptr<TensorNode>> live() const;
  [[nodiscard]] bool is_pending_here(const TensorNode& node) const {
    return node.pending.get() == this;
  }
  /// By node those of the tensors that somebody holds, and of the inputs.
  [[nodiscard]] Lineage::Identities identities() const;

  [[nodiscard]] std::uint64_t serial() const { return serial_; }
  [[nodiscard]] Graph& graph() { return graph_; }
  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] std::span<const std::shared_ptr<TensorBuffer>> inputs() const { return inputs_; }
  [[nodiscard]] std::size_t input_bytes() const { return input_bytes_; }
  struct SplitLive {
    std::vector<std::shared_ptr<TensorNode>> stored;    ///< in the order of their nodes
    std::vector<std::shared_ptr<TensorNode>> recorded;  ///< stay so, in the order of their nodes
  };
  /// What a run is to store of what is live. A tensor other than `asked` stays recorded where it
  /// would take more memory than all that it is computed from, unless a trace before this one held
  /// an op of it already: so no op is computed more than twice because of this.
  [[nodiscard]] SplitLive split_live(const TensorNode* asked) const;
  /// Which inputs some of these tensors, recorded here, are computed from; by position.
  [[nodiscard]] std::vector<bool> inputs_of(
      std::span<const std::shared_ptr<TensorNode>> tensors) const;
  /// True if every op follows all ops that were recorded before it. An op that was taken over from
  /// another trace may not.
  [[nodiscard]] bool is_in_recording_order() const;
  /// Takes over every node of `from`, the ops in the order in which they were first recorded. If an
  /// exception leaves it, some tensors stay pending in `from`, which must take no new nodes then.
  void take_over_in_order(const Trace& from);
  /// Bytes of inputs that nobody but this trace holds.
  [[nodiscard]] std::size_t held_bytes() const;

 private:
  [[nodiscard]] NodeId add_input(DType dtype, const Shape& shape,
                                 std::shared_ptr<TensorBuffer> buffer);
  void settle(const std::shared_ptr<TensorNode>& node, NodeId id);

  // Taking over: what a pending tensor needs of its trace, up to tensors that were evaluated since,
  // or taken over before.
  struct Needed {
    bool needed = false;
    std::shared_ptr<TensorNode> elsewhere = {};  ///< where to stop
  };
  /// The trace and node as which an op was first recorded; traces have rising serials, so these
  /// are in the order of recording.
  struct Origin {
    std::uint64_t trace = 0;
    NodeId id;
    bool was_run = false;  ///< that trace, or one that took the op over, has run
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
  /// By node: computed from an op of a trace that has run, or one.
  [[nodiscard]] std::vector<bool> from_earlier_run() const;

  const std::uint64_t serial_;
  Graph graph_;
  std::vector<std::shared_ptr<TensorBuffer>> inputs_;  ///< by position
  std::size_t input_bytes_ = 0;
  std::vector<std::weak_ptr<TensorNode>> tensors_;  ///< by node; may be shorter than the graph
  std::vector<Origin> origins_;  ///< by node: of ops taken over, else trace 0; may be shorter, too
};

}  // namespace sinter::detail
