// SegmentRules: what the planner knows of its segments so far, and what of a node may join which.
//
// The questions alone: who asks, and adds nodes to segments, is in segments.cpp.
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

/// Whether a value comes after the product of its segment, or after a reduction there, and if so,
/// of which kind: one that keeps the axes, one that drops them, or one to the results of chunks.
enum class Reduced : std::uint8_t { no, multiplied, kept, dropped, chunked };

/// The same, and the place among the segment's frames of what is reduced.
struct After {
  Reduced reduced = Reduced::no;
  std::uint8_t frame = 0;
};

/// A few nodes, each once.
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

/// What a segment has to take in to compute a value of an earlier one again.
struct Recomputation {
  static constexpr std::size_t kMaxOps = 8;
  NodeSet<1 + kMaxOps * kMaxOperands> ops;
  NodeSet<kMaxOps * kMaxOperands> reads;  // that the segment does not read anyway
  int instructions = 0;
};

/// What a segment would have with one node more.
struct Growth {
  int arguments = 0;
  int operations = 0;
  int instructions = 0;
};

/// A segment that may still grow.
struct Segment {
  std::vector<NodeId> members;    // values at home here, and others that it computes again: guests
  std::vector<NodeId> guests;     // no more than it has operations
  std::vector<NodeId> reads;      // from memory; no more than it has arguments
  std::size_t known_reads = 0;    // of these are read in another way than what comes from here on
  std::vector<Frame> frames;      // once it has a reduction: one, or several behind a product
  std::optional<NodeId> product;  // once it has one
  int arguments = 0;              // buffers, if nothing that is open were to become its member
  int operations = 0;
  int instructions = 0;  // with composites as what they are made of
};

class SegmentRules {
 protected:
  using SegmentIndex = std::uint32_t;
  using Recomputations = std::array<std::optional<Recomputation>, kMaxOperands>;

  SegmentRules(const Graph& graph, const PlanLimits& limits, Fuse fuse);

  // --- Of nodes and segments ---------------------------------------------------------------------

  /// Of a computed value: a view is read, whatever it is a view of.
  [[nodiscard]] std::span<const NodeId> operands(NodeId id) const {
    return is_computed(graph_.node(id)) ? graph_.node(id).inputs() : std::span<const NodeId>();
  }
  /// The same without those that came before.
  [[nodiscard]] NodeSet<kMaxOperands> distinct_operands(NodeId id) const {
    NodeSet<kMaxOperands> distinct;
    for (NodeId operand : operands(id)) distinct.insert(operand);
    return distinct;
  }
  [[nodiscard]] std::uint32_t uses_in(NodeId user, NodeId operand) const {
    return static_cast<std::uint32_t>(std::ranges::count(operands(user), operand));
  }

  [[nodiscard]] bool is_at_home(NodeId id, SegmentIndex s) const {
    return result_.home[id.index] == s;
  }
  /// Whether the segment has computed the value.
  [[nodiscard]] bool is_member(NodeId id, SegmentIndex s) const {
    return is_at_home(id, s) || (contains(segments_[s].guests, id));
  }
  [[nodiscard]] bool is_read(NodeId id, SegmentIndex s) const {
    return contains(std::span(segments_[s].reads).subspan(segments_[s].known_reads), id);
  }
  [[nodiscard]] bool is_stored(NodeId id) const { return result_.stored[id.index].has_value(); }
  /// Whether the segment reads the value from memory, or has to compute it again.
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
  [[nodiscard]] bool is_last_use(NodeId value, NodeId user, SegmentIndex s) const {
    return is_at_home(value, s) && open_uses_[value.index] == uses_in(user, value);
  }
  [[nodiscard]] bool is_closed(NodeId value) const {
    const Node& node = graph_.node(value);
    return open_uses_[value.index] == 0 && is_computed(node) && !is_leaf(node) && !is_stored(value);
  }

  // --- What a node would make of a segment -------------------------------------------------------

  /// The reads and writes of memory that the node saves by joining this segment.
  [[nodiscard]] double saved_moves(NodeId id, SegmentIndex s) const;
  /// Why the node cannot join a segment that comes after all that it reads.
  [[nodiscard]] std::optional<CutRule> rule_against(NodeId id, SegmentIndex s) const;
  /// What comes before a product may be computed for each of its operands and behind it, and what
  /// it reads is read in a way of its own each time.
  void add_copies(NodeId product, std::size_t reads, const Segment& segment, Growth& grown) const;

  // --- Computing again ---------------------------------------------------------------------------

  /// By distinct operand; none where the segment has no room for them.
  [[nodiscard]] Recomputations recomputations(NodeId id, SegmentIndex s) const;
  /// Whether the segment reads all that the value is computed of, by few operations.
  [[nodiscard]] bool can_do_without(NodeId value, SegmentIndex s) const;
  /// The broadcast rule: whether a value is stored for a user in its own segment that repeats it.
  [[nodiscard]] bool should_store(NodeId value, NodeId user, SegmentIndex s) const;

  // --- Products and reductions -------------------------------------------------------------------

  [[nodiscard]] Frame frame_of(NodeId reduction) const;
  /// What the node comes after in this segment, to which its frame belongs.
  [[nodiscard]] After after_with(NodeId id, SegmentIndex s) const;
  [[nodiscard]] NodeId dropped_by(NodeId id, SegmentIndex s) const;

  const Graph& graph_;
  const PlanLimits& limits_;
  const CostModel cost_;
  Segments result_;
  std::vector<Segment> segments_;
  std::optional<CutRule> cut_;            // why values are stored, where that is known
  std::vector<std::uint32_t> open_uses_;  // by nodes that are in no segment yet
  std::vector<After> after_;              // by node, for its home

 private:
  [[nodiscard]] Growth growth(NodeId id, SegmentIndex s) const;
  [[nodiscard]] std::optional<Recomputation> recomputation(NodeId value, NodeId user,
                                                           SegmentIndex s) const;
  [[nodiscard]] int recomputed(NodeId value, SegmentIndex s) const;
  [[nodiscard]] After after(NodeId id, SegmentIndex s) const {
    return is_at_home(id, s) ? after_[id.index] : After();
  }
  /// Whether the value comes after a reduction, not just after the product.
  [[nodiscard]] static bool is_reduced(After after) { return after.reduced > Reduced::multiplied; }
  [[nodiscard]] bool breaks_product(NodeId id, SegmentIndex s) const;
  [[nodiscard]] bool block_holds(const Frame& frame, const Segment& segment) const;
  [[nodiscard]] bool breaks_frame(NodeId id, SegmentIndex s) const;
};

}  // namespace sinter::detail
