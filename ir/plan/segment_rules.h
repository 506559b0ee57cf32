// SegmentRules: the state of the planner's segments, and the rules that decide which nodes may join
// which segment and what that saves.
//
// The rules only read this state. segments.cpp asks them and adds the nodes.
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

inline constexpr std::uint32_t kNowhere = UINT32_MAX;

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

class SegmentRules {
 protected:
  using SegmentIndex = std::uint32_t;
  using Recomputations = std::array<std::optional<Recomputation>, kMaxOperands>;

  SegmentRules(const Graph& graph, const PlanLimits& limits, Fuse fuse);

  // --- Nodes and segments ------------------------------------------------------------------------

  /// Operands of a computed value; none for inputs and structural ops, which are read from memory.
  [[nodiscard]] std::span<const NodeId> operands(NodeId id) const {
    return is_computed(graph_.node(id)) ? graph_.node(id).inputs() : std::span<const NodeId>();
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
    return result_.home[id.index] == s;
  }
  /// True if the segment computes the value, as its home or by rematerialising it.
  [[nodiscard]] bool is_member(NodeId id, SegmentIndex s) const {
    return is_at_home(id, s) || (contains(segments_[s].rematerialised, id));
  }
  /// True if the segment reads the value in the layout that a further op needs.
  [[nodiscard]] bool is_read(NodeId id, SegmentIndex s) const {
    return contains(std::span(segments_[s].reads).subspan(segments_[s].unshared_reads), id);
  }
  [[nodiscard]] bool is_stored(NodeId id) const { return result_.stored[id.index].has_value(); }
  /// True if the segment has to read the value from memory or rematerialise it.
  [[nodiscard]] bool is_external(NodeId id, SegmentIndex s) const {
    const Node& node = graph_.node(id);
    return !is_computed(node) || (!is_leaf(node) && !is_member(id, s));
  }
  [[nodiscard]] bool is_reduction(NodeId id) const {
    return info(graph_.node(id).op).kind == OpKind::reduction;
  }
  [[nodiscard]] int operations(NodeId id) const { return is_leaf(graph_.node(id)) ? 0 : 1; }
  [[nodiscard]] int instructions(NodeId id) const { return cost_.operations(id); }
  [[nodiscard]] bool is_product(NodeId id) const {
    return info(graph_.node(id).op).kind == OpKind::product;
  }
  /// True if the value's home is the segment and only `user` still has to be placed.
  [[nodiscard]] bool is_last_use(NodeId value, NodeId user, SegmentIndex s) const {
    return is_at_home(value, s) && open_uses_[value.index] == uses_in(user, value);
  }
  /// True if all users of a computed value are placed and none of them needs it in memory. A value
  /// that is neither closed nor stored is open.
  [[nodiscard]] bool is_closed(NodeId value) const {
    const Node& node = graph_.node(value);
    return open_uses_[value.index] == 0 && is_computed(node) && !is_leaf(node) && !is_stored(value);
  }

  // --- Joining a segment -------------------------------------------------------------------------

  /// Cost of the memory accesses that are saved if the node joins this segment.
  [[nodiscard]] double saved_moves(NodeId id, SegmentIndex s) const;
  /// The rule that keeps the node out of a segment in which all its operands are available; nullopt
  /// if the node may join.
  [[nodiscard]] std::optional<CutRule> rule_against(NodeId id, SegmentIndex s) const;
  /// Adds to `grown` the copies that `product` makes of ops that are in its segment already. Ops
  /// before a product may be computed up to three times: for each of its operands, and in its
  /// epilogue. Each copy reads the same values in another layout, so their `reads` are further
  /// arguments.
  void add_copies(NodeId product, std::size_t reads, const Segment& segment, Growth& grown) const;

  // --- Rematerialisation -------------------------------------------------------------------------

  /// Rematerialisations with which the node joins the segment, by index in distinct_operands(). All
  /// are empty if the segment has no room for the node with them.
  [[nodiscard]] Recomputations recomputations(NodeId id, SegmentIndex s) const;
  /// True if the segment, which reads `value`, can rematerialise it at less cost from other values
  /// that it reads.
  [[nodiscard]] bool can_do_without(NodeId value, SegmentIndex s) const;
  /// The broadcast rule: true if a value is stored for `user`, an op of its own segment that
  /// broadcasts it.
  [[nodiscard]] bool should_store(NodeId value, NodeId user, SegmentIndex s) const;

  // --- Products and reductions -------------------------------------------------------------------

  [[nodiscard]] Frame frame_of(NodeId reduction) const;
  /// What the result of the node follows in this segment. If the node is a reduction, the segment's
  /// frames already hold its frame.
  [[nodiscard]] After after_with(NodeId id, SegmentIndex s) const;
  /// The reduction of the segment that drops its axes and that the node is or follows, or kNoNode.
  [[nodiscard]] NodeId dropped_by(NodeId id, SegmentIndex s) const;

  const Graph& graph_;
  const PlanLimits& limits_;
  const CostModel cost_;
  Segments result_;
  std::vector<Segment> segments_;
  /// While set, the rule under which values are stored for users in later segments: `unfused`, or
  /// the limit for which a full segment is cut.
  std::optional<CutRule> cut_;
  std::vector<std::uint32_t> open_uses_;  // by node: uses by nodes that are in no segment yet
  std::vector<After> after_;              // by node: what it follows in its home

 private:
  [[nodiscard]] Growth growth(NodeId id, SegmentIndex s) const;
  [[nodiscard]] std::optional<Recomputation> recomputation(NodeId value, NodeId user,
                                                           SegmentIndex s) const;
  [[nodiscard]] int recomputed(NodeId value, SegmentIndex s) const;
  [[nodiscard]] After after(NodeId id, SegmentIndex s) const {
    return is_at_home(id, s) ? after_[id.index] : After();
  }
  /// True if the value follows a reduction, not only a product.
  [[nodiscard]] static bool is_reduced(After after) { return after.reduced > Reduced::multiplied; }
  [[nodiscard]] bool breaks_product(NodeId id, SegmentIndex s) const;
  [[nodiscard]] bool block_holds(const Frame& frame, const Segment& segment) const;
  [[nodiscard]] bool breaks_frame(NodeId id, SegmentIndex s) const;
};

}  // namespace sinter::detail
