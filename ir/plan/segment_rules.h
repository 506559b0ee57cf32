// SegmentState: the planner's segments while nodes are added to them. The functions that take a
// constant state are the rules: they decide which nodes may join which segment and what that saves.
//
// segments.cpp owns the state, asks the rules, and adds the nodes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "plan/cost.h"
#include "plan/frame.h"
#include "plan/segments.h"

namespace sinter::detail {

using SegmentIndex = std::uint32_t;
inline constexpr SegmentIndex kNowhere = UINT32_MAX;

inline bool contains(std::span<const NodeId> ids, NodeId id) {
  return std::ranges::find(ids, id) != ids.end();
}

/// What a value follows in its segment: the last of these that applies.
enum class Reduced : std::uint8_t {
  no,          ///< neither a product nor a reduction
  multiplied,  ///< the product of the segment
  kept,        ///< a reduction that keeps its axes with length 1
  dropped,     ///< a reduction that drops its axes
  chunked,     ///< a reduction to the results of chunks
};

/// What a value follows in its segment, with the frame of the reduction.
struct After {
  Reduced reduced = Reduced::no;
  std::uint8_t frame = 0;  ///< index in Segment::frames
};

/// A set of at most kMax nodes, in the order of insertion.
template <std::size_t kMax>
struct NodeSet {
  std::array<NodeId, kMax> ids;
  std::size_t count = 0;

  [[nodiscard]] const NodeId* begin() const { return ids.data(); }
  [[nodiscard]] const NodeId* end() const { return ids.data() + count; }
  [[nodiscard]] NodeId operator[](std::size_t i) const { return ids[i]; }
  bool insert(NodeId id) {
    if (std::find(begin(), end(), id) != end()) return false;
    ids[count++] = id;
    return true;
  }
};

/// What a segment needs in order to rematerialise a value of an earlier segment.
struct Recomputation {
  static constexpr std::size_t kMaxOps = 8;
  NodeSet<1 + kMaxOps * kMaxOperands> ops;  // that the segment has to compute
  NodeSet<kMaxOps * kMaxOperands> reads;    // that the segment does not read anyway
  int instructions = 0;                     // of the ops
};

/// Totals of a segment after one more node joins it; see PlanLimits for their limits.
struct Growth {
  int arguments = 0;
  int operations = 0;
  int instructions = 0;
};

/// A segment that may still grow.
struct Segment {
  std::vector<NodeId> members;         // values whose home it is, and rematerialised ones
  std::vector<NodeId> rematerialised;  // members with another home; at most PlanLimits::operations
  std::vector<NodeId> reads;           // from memory; at most PlanLimits::arguments
  std::size_t unshared_reads = 0;      // leading `reads` whose layout later ops cannot use
  std::vector<Frame> frames;           // of its reductions; several only after a product
  std::optional<NodeId> product;       // if it has one
  int arguments = 0;                   // buffers, if every open value is stored; see is_closed()
  int operations = 0;                  // a composite counts as one
  int instructions = 0;                // a composite counts as the ops of its body
};

/// The segments so far and what is known of each node. The rules read nothing else.
struct SegmentState {
  /// A state without segments. It keeps references to the graph and the limits.
  SegmentState(const Graph& graph, const PlanLimits& limits, Fuse fuse);

  [[nodiscard]] const Node& node(NodeId id) const { return graph.node(id); }
  [[nodiscard]] const Shape& shape(NodeId id) const { return graph.shape(id); }
  /// Operands of a computed value; none for inputs and structural ops, which are read from memory.
  [[nodiscard]] std::span<const NodeId> operands(NodeId id) const {
    return is_computed(node(id)) ? node(id).inputs() : std::span<const NodeId>();
  }
  /// The operands, each once, in order of first use.
  [[nodiscard]] NodeSet<kMaxOperands> distinct_operands(NodeId id) const {
    NodeSet<kMaxOperands> distinct;
    for (NodeId operand : operands(id)) distinct.insert(operand);
    return distinct;
  }
  /// Number of times that `user` takes `operand`.
  [[nodiscard]] std::uint32_t uses_in(NodeId user, NodeId operand) const {
    return static_cast<std::uint32_t>(std::ranges::count(operands(user), operand));
  }

  [[nodiscard]] bool is_at_home(NodeId id, SegmentIndex s) const {
    return result.home[id.index] == s;
  }
  /// True if the segment computes the value, as its home or by rematerialising it.
  [[nodiscard]] bool is_member(NodeId id, SegmentIndex s) const {
    return is_at_home(id, s) || contains(segments[s].rematerialised, id);
  }
  /// True if the segment reads the value in the layout that a further op needs.
  [[nodiscard]] bool is_read(NodeId id, SegmentIndex s) const {
    return contains(std::span(segments[s].reads).subspan(segments[s].unshared_reads), id);
  }
  [[nodiscard]] bool is_stored(NodeId id) const { return result.stored[id.index].has_value(); }
  /// True if the segment has to read the value from memory or rematerialise it.
  [[nodiscard]] bool is_external(NodeId id, SegmentIndex s) const {
    const Node& node = graph.node(id);
    return !is_computed(node) || (!is_leaf(node) && !is_member(id, s));
  }
  [[nodiscard]] bool is_reduction(NodeId id) const {
    return info(node(id).op).kind == OpKind::reduction;
  }
  [[nodiscard]] int operations(NodeId id) const { return is_leaf(node(id)) ? 0 : 1; }
  [[nodiscard]] int instructions(NodeId id) const { return cost.operations(id); }
  /// Number of buffers that the value takes in its home while it is open or stored.
  [[nodiscard]] int buffers(NodeId id) const {
    return std::clamp(result.stores[id.index], 1, max_stores_per_node(limits));
  }
  [[nodiscard]] bool is_product(NodeId id) const {
    return info(node(id).op).kind == OpKind::product;
  }
  /// True if the value's home is the segment and only `user` still has to be placed.
  [[nodiscard]] bool is_last_use(NodeId value, NodeId user, SegmentIndex s) const {
    return is_at_home(value, s) && open_uses[value.index] == uses_in(user, value);
  }
  /// True if all users of a computed value are placed and none of them needs it in memory. A value
  /// that is neither closed nor stored is open.
  [[nodiscard]] bool is_closed(NodeId value) const {
    const Node& node = graph.node(value);
    return open_uses[value.index] == 0 && is_computed(node) && !is_leaf(node) && !is_stored(value);
  }
  [[nodiscard]] Frame frame_of(NodeId reduction) const;

  const Graph& graph;
  const PlanLimits& limits;
  const CostModel cost;
  /// What the planner returns. Its order and its fields by segment are empty until all nodes are
  /// placed.
  Segments result;
  std::vector<Segment> segments;
  /// While set, the rule under which values are stored for users in later segments: `unfused`, or
  /// the limit for which a full segment is cut.
  std::optional<CutRule> cut;
  std::vector<std::uint32_t> open_uses;  ///< by node: uses by nodes that are in no segment yet
  std::vector<After> after;              ///< by node: what it follows in its home
};

// --- Joining a segment ---------------------------------------------------------------------------

/// Cost of the memory accesses that are saved if the node joins this segment.
[[nodiscard]] double saved_moves(const SegmentState& state, NodeId id, SegmentIndex s);
/// The rule that keeps the node out of a segment in which all its operands are available; nullopt
/// if the node may join.
[[nodiscard]] std::optional<CutRule> rule_against(const SegmentState& state, NodeId id,
                                                  SegmentIndex s);
/// Adds to `grown` the copies that `product` makes of ops that are in its segment already. Ops
/// before a product may be computed up to three times: for each of its operands, and in its
/// epilogue. Each copy reads the same values in another layout, so their `reads` are further
/// arguments.
void add_copies(const SegmentState& state, NodeId product, std::size_t reads,
                const Segment& segment, Growth& grown);

// --- Rematerialisation ---------------------------------------------------------------------------

/// By index in distinct_operands(): how a segment rematerialises an operand, if it does.
using Recomputations = std::array<std::optional<Recomputation>, kMaxOperands>;

/// Rematerialisations with which the node joins the segment. All are empty if the segment has no
/// room for the node with them.
[[nodiscard]] Recomputations recomputations(const SegmentState& state, NodeId id, SegmentIndex s);
/// True if the segment, which reads `value`, can rematerialise it at less cost from other values
/// that it reads.
[[nodiscard]] bool can_do_without(const SegmentState& state, NodeId value, SegmentIndex s);
/// The broadcast rule: true if a value is stored for `user`, an op of its own segment that
/// broadcasts it.
[[nodiscard]] bool should_store(const SegmentState& state, NodeId value, NodeId user,
                                SegmentIndex s);

// --- Products and reductions ---------------------------------------------------------------------

/// What the result of the node follows in this segment. If the node is a reduction, the segment's
/// frames already hold its frame.
[[nodiscard]] After after_with(const SegmentState& state, NodeId id, SegmentIndex s);
/// The reduction of the segment that drops its axes and that the node is or follows, or kNoNode.
/// `state.after` already holds what the node follows.
[[nodiscard]] NodeId dropped_by(const SegmentState& state, NodeId id, SegmentIndex s);

}  // namespace sinter::detail
