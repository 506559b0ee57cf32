// Which nodes join a segment. Three things decide: the segment's limits, what it reads or
// rematerialises for the node, and what may follow its product and its reductions.
#include "plan/segment_rules.h"

#include <algorithm>

namespace sinter::detail {

SegmentState::SegmentState(const Graph& of, const PlanLimits& within, Fuse fuse)
    : graph(of),
      limits(within),
      cost(graph, limits),
      open_uses(graph.nodes().size()),
      after(graph.nodes().size()) {
  result.live = find_live_values(graph, fuse);
  result.home.resize(graph.nodes().size(), kNowhere);
  result.stored.resize(graph.nodes().size());
  result.stores.resize(graph.nodes().size());
  result.stages.resize(graph.nodes().size());
  result.dropped_by.resize(graph.nodes().size(), kNoNode);
  for (NodeId id : result.live.order) {
    for (NodeId operand : operands(id)) ++open_uses[operand.index];
  }
}

Frame SegmentState::frame_of(NodeId reduction) const {
  const auto of = ReductionAttributes::of(graph, reduction);
  return {shape(node(reduction).operands[0]), of.axes, of.chunk};
}

namespace {

// --- Rematerialisation ---------------------------------------------------------------------------

/// How the segment rematerialises a value of an earlier segment for `user`; nullopt if storing and
/// reading the value is cheaper.
std::optional<Recomputation> recomputation(const SegmentState& state, NodeId value, NodeId user,
                                           SegmentIndex s) {
  if (state.cut == CutRule::unfused || state.is_stored(value) || !is_computed(state.node(value)))
    return {};
  if (state.is_product(user)) return {};
  Recomputation result;
  result.ops.insert(value);
  double reads = 0;
  for (std::size_t i = 0; i < result.ops.count; ++i) {
    const NodeId op = result.ops[i];
    result.instructions += state.instructions(op);
    const bool expensive = result.instructions > state.cost.max_recomputed();
    if (expensive || i == Recomputation::kMaxOps || state.is_reduction(op) || state.is_product(op))
      return {};
    for (NodeId operand : state.operands(op)) {
      if (!state.is_external(operand, s) || state.is_read(operand, s)) continue;
      if (is_computed(state.node(operand)) && !state.is_stored(operand))
        result.ops.insert(operand);
      else if (result.reads.insert(operand))
        reads += state.cost.moving(operand);
    }
  }
  // Several further reads keep several values alive instead of this one, so no memory is freed.
  const int kept =
      result.reads.count > 1 ? 0 : static_cast<int>(s - state.result.home[value.index]);
  if (!state.cost.pays_to_recompute(value, result.instructions, reads, kept)) return {};
  if (state.cost.pays_to_store(value, result.instructions, state.shape(user))) return {};
  return result;
}

/// Number of instructions per element from the values that the segment reads to this value. It
/// counts at most kMaxOps ops.
int recomputed(const SegmentState& state, NodeId value, SegmentIndex s) {
  constexpr std::size_t kMaxOps = 32;
  NodeSet<1 + kMaxOps * kMaxOperands> cone;
  cone.insert(value);
  int total = 0;
  for (std::size_t i = 0; i < std::min(cone.count, kMaxOps); ++i) {
    total += state.instructions(cone[i]);
    for (NodeId operand : state.operands(cone[i])) {
      const bool stored = state.is_at_home(operand, s) && state.is_stored(operand);
      if (state.is_member(operand, s) && !stored) cone.insert(operand);
    }
  }
  return total;
}

// --- Products and reductions ---------------------------------------------------------------------

/// What the value follows, if this segment is its home.
After after_in(const SegmentState& state, NodeId id, SegmentIndex s) {
  return state.is_at_home(id, s) ? state.after[id.index] : After();
}

/// True if the value follows a reduction, not only a product.
bool is_reduced(After after) { return after.reduced > Reduced::multiplied; }

/// True if the block of the product's result that one unit of work holds has all elements that one
/// result of a reduction over `frame` combines.
bool block_holds(const SegmentState& state, const Frame& frame, const Segment& segment) {
  const Shape& shape = state.shape(*segment.product);
  if (frame.shape != shape || frame.chunk > 0 || shape.rank() != 2) return false;
  const std::int64_t row_bytes = shape[1] * info(state.node(*segment.product).dtype).bytes;
  if (shape.elements() <= 1 || row_bytes > state.limits.product_row_bytes) return false;
  // A reduction of a single column combines elements in the order for rows, since axes of length 1
  // are dropped.
  const bool is_column = shape[1] == 1 && !frame.reduces(1);
  return !frame.reduces(0) || (shape[0] <= state.limits.product_rows && !is_column);
}

/// True if the node cannot join because of a product. A segment has at most one product. Ops before
/// it (the prologue) are computed for every block of rows or columns that reads them, so they must
/// be cheap. Ops after it (the epilogue) are elementwise over its shape, or reduce elements that
/// one unit of work holds.
bool breaks_product(const SegmentState& state, NodeId id, SegmentIndex s) {
  const Segment& segment = state.segments[s];
  const auto operands = state.operands(id);
  if (state.is_product(id)) {
    return segment.product.has_value() || !segment.frames.empty() ||
           std::ranges::any_of(operands, [&](NodeId operand) {
             return state.is_member(operand, s) && !state.is_stored(operand) &&
                    recomputed(state, operand, s) > state.cost.max_before_product();
           });
  }
  if (!segment.product.has_value()) return false;
  const bool follows = std::ranges::any_of(operands, [&](NodeId operand) {
    return after_in(state, operand, s).reduced == Reduced::multiplied;
  });
  const bool reduced = std::ranges::any_of(
      operands, [&](NodeId operand) { return is_reduced(after_in(state, operand, s)); });
  if (state.is_reduction(id))
    return !(follows || reduced) || !block_holds(state, state.frame_of(id), segment);
  return follows && !reduced && state.shape(id) != state.shape(*segment.product);
}

/// True if the node cannot join because of a reduction:
/// - Without a product, all reductions of a segment have one frame. After a product each may have
///   its own, but a node may follow reductions of one frame only.
/// - A node that follows a reduction has one element for each result, or one for each element of
///   the row, if the row is short enough to be walked again.
/// - Nothing follows a reduction to the results of chunks.
bool breaks_frame(const SegmentState& state, NodeId id, SegmentIndex s) {
  const Segment& segment = state.segments[s];
  if (segment.frames.empty()) return false;
  const bool multiplies = segment.product.has_value();
  if (state.is_reduction(id) && !multiplies && state.frame_of(id) != segment.frames[0]) return true;
  std::optional<std::uint8_t> of;
  bool after_kept = false;
  bool after_dropped = false;
  for (NodeId operand : state.operands(id)) {
    const After before = after_in(state, operand, s);
    if (!is_reduced(before)) continue;
    if (before.reduced == Reduced::chunked || of.value_or(before.frame) != before.frame) {
      return true;
    }
    of = before.frame;
    after_kept = after_kept || before.reduced == Reduced::kept;
    after_dropped = after_dropped || before.reduced == Reduced::dropped;
  }
  if (!of.has_value()) return false;
  if (after_kept && after_dropped) return true;
  const Frame& frame = segment.frames[*of];
  if (state.is_reduction(id) && state.frame_of(id) != frame) return true;
  const Shape& shape = state.is_reduction(id) ? frame.shape : state.shape(id);
  if (after_dropped) return state.is_reduction(id) || !frame.leaves(shape);
  if (shape == frame.reduced(true) && !state.is_reduction(id)) return false;
  const std::int64_t bytes = info(state.node(id).dtype).bytes;
  if (multiplies && frame.axes.rank() > 1 && frame.shape[0] > 1) return true;
  return shape != frame.shape || !frame.has_rows(state.limits.row_bytes / bytes);
}

// --- Limits --------------------------------------------------------------------------------------

/// Totals of the segment if the node joins it. A leaf or view that is stored is copied, so it also
/// counts as a read. An open value counts as a buffer, because it may yet be stored.
Growth growth(const SegmentState& state, NodeId id, SegmentIndex s) {
  const Segment& segment = state.segments[s];
  Growth grown{segment.arguments + state.buffers(id), segment.operations + state.operations(id),
               segment.instructions + state.instructions(id)};
  if (state.is_product(id)) add_copies(state, id, segment.reads.size(), segment, grown);
  if (!is_computed(state.node(id)) && !state.is_read(id, s)) ++grown.arguments;
  for (NodeId operand : state.distinct_operands(id)) {
    if (!state.is_external(operand, s)) {
      const bool closed = state.is_last_use(operand, id, s) && !state.is_stored(operand);
      if (closed && !should_store(state, operand, id, s)) --grown.arguments;
    } else if (state.is_read(operand, s)) {
      continue;
    } else if (const auto found = recomputation(state, operand, id, s)) {
      grown.arguments += static_cast<int>(found->reads.count);
      grown.operations += static_cast<int>(found->ops.count);
      grown.instructions += found->instructions;
    } else {
      ++grown.arguments;
    }
  }
  return grown;
}

}  // namespace

double saved_moves(const SegmentState& state, NodeId id, SegmentIndex s) {
  double saved = 0;
  for (NodeId operand : state.distinct_operands(id)) {
    if (!state.is_external(operand, s)) {
      if (is_leaf(state.node(operand))) continue;
      const bool unwritten = state.is_last_use(operand, id, s) && !state.is_stored(operand);
      saved += state.cost.moving(operand) * (unwritten ? 2 : 1);
    } else if (state.is_read(operand, s)) {
      saved += state.cost.moving(operand);
    }
  }
  return saved;
}

std::optional<CutRule> rule_against(const SegmentState& state, NodeId id, SegmentIndex s) {
  if (breaks_product(state, id, s)) return CutRule::product;
  if (breaks_frame(state, id, s)) return CutRule::reduction;
  const Growth grown = growth(state, id, s);
  if (grown.operations > state.limits.operations) return CutRule::operations;
  const bool alone = state.segments[s].members.empty();
  if (grown.instructions > state.limits.instructions && !alone) return CutRule::operations;
  if (grown.arguments > state.limits.arguments) return CutRule::arguments;
  return std::nullopt;
}

void add_copies(const SegmentState& state, NodeId product, std::size_t reads,
                const Segment& segment, Growth& grown) {
  grown.operations += 2 * segment.operations;
  grown.instructions += 2 * segment.instructions;
  grown.arguments += 2 * static_cast<int>(reads);
  if (state.distinct_operands(product).count == 1) ++grown.arguments;
}

Recomputations recomputations(const SegmentState& state, NodeId id, SegmentIndex s) {
  const auto distinct = state.distinct_operands(id);
  Recomputations result;
  bool some = false;
  for (std::size_t i = 0; i < distinct.count; ++i) {
    const NodeId operand = distinct[i];
    if (!state.is_external(operand, s) || state.is_read(operand, s)) continue;
    result[i] = recomputation(state, operand, id, s);
    some = some || result[i].has_value();
  }
  return some && rule_against(state, id, s).has_value() ? Recomputations() : std::move(result);
}

bool can_do_without(const SegmentState& state, NodeId value, SegmentIndex s) {
  const Segment& segment = state.segments[s];
  const Node& node = state.node(value);
  if (!is_computed(node) || is_leaf(node) || state.is_reduction(value) || state.is_product(value))
    return false;
  if (state.result.stores[value.index] > 0 || state.result.live.walked[value.index]) return false;
  if (state.result.stored[value.index] == CutRule::broadcast) return false;
  if (segment.product && contains(state.operands(*segment.product), value)) return false;
  // The segment may rematerialise its other reads too, so there must be room for that many ops.
  const auto all = static_cast<int>(segment.reads.size());
  const bool has_room =
      segment.operations + all <= state.limits.operations &&
      segment.instructions + all * state.instructions(value) <= state.limits.instructions;
  const auto distance = static_cast<int>(s - state.result.home[value.index]);
  return has_room && state.cost.pays_to_recompute(value, state.instructions(value), 0, distance) &&
         std::ranges::all_of(state.operands(value), [&](NodeId operand) {
           const Node& of = state.node(operand);
           if (is_leaf(of) && of.op != Op::input) return true;
           return contains(segment.reads, operand) &&
                  (!is_computed(of) || is_leaf(of) || !can_do_without(state, operand, s));
         });
}

bool should_store(const SegmentState& state, NodeId value, NodeId user, SegmentIndex s) {
  return state.is_at_home(value, s) && state.shape(value) != state.shape(user) &&
         !state.is_product(user) &&
         state.cost.pays_to_store(value, recomputed(state, value, s), state.shape(user));
}

After after_with(const SegmentState& state, NodeId id, SegmentIndex s) {
  if (state.is_product(id)) return {Reduced::multiplied};
  if (state.is_reduction(id)) {
    const auto& frames = state.segments[s].frames;
    const auto frame =
        static_cast<std::uint8_t>(std::ranges::find(frames, state.frame_of(id)) - frames.begin());
    const auto reduction = ReductionAttributes::of(state.graph, id);
    if (reduction.chunk > 0) return {Reduced::chunked, frame};
    return {reduction.keeps ? Reduced::kept : Reduced::dropped, frame};
  }
  After result;
  for (NodeId operand : state.operands(id)) {
    const After before = after_in(state, operand, s);
    if (before.reduced > result.reduced) result = before;
  }
  return result;
}

NodeId dropped_by(const SegmentState& state, NodeId id, SegmentIndex s) {
  if (state.after[id.index].reduced != Reduced::dropped) return kNoNode;
  if (state.is_reduction(id)) return id;
  for (NodeId operand : state.operands(id)) {
    if (after_in(state, operand, s).reduced == Reduced::dropped)
      return state.result.dropped_by[operand.index];
  }
  return kNoNode;
}

}  // namespace sinter::detail
