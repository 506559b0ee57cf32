// Which nodes join a segment. Three things decide: the segment's limits, what it reads or
// rematerialises for the node, and what may follow its product and its reductions.
#include "plan/segment_rules.h"

#include <algorithm>

namespace sinter::detail {

SegmentRules::SegmentRules(const Graph& graph, const PlanLimits& limits, Fuse fuse)
    : graph_(graph),
      limits_(limits),
      cost_(graph, limits),
      open_uses_(graph.nodes().size()),
      after_(graph.nodes().size()) {
  result_.live = find_live_values(graph, fuse);
  result_.home.resize(graph.nodes().size(), kNowhere);
  result_.stored.resize(graph.nodes().size());
  result_.stores.resize(graph.nodes().size());
  result_.stages.resize(graph.nodes().size());
  result_.dropped_by.resize(graph.nodes().size(), kNoNode);
  for (NodeId id : result_.live.order) {
    for (NodeId operand : operands(id)) ++open_uses_[operand.index];
  }
}

// --- Joining a segment ---------------------------------------------------------------------------

double SegmentRules::saved_moves(NodeId id, SegmentIndex s) const {
  double saved = 0;
  for (NodeId operand : distinct_operands(id)) {
    if (!is_external(operand, s)) {
      if (is_leaf(graph_.node(operand))) continue;
      const bool unwritten = is_last_use(operand, id, s) && !is_stored(operand);
      saved += cost_.moving(operand) * (unwritten ? 2 : 1);
    } else if (is_read(operand, s)) {
      saved += cost_.moving(operand);
    }
  }
  return saved;
}

std::optional<CutRule> SegmentRules::rule_against(NodeId id, SegmentIndex s) const {
  if (breaks_product(id, s)) return CutRule::product;
  if (breaks_frame(id, s)) return CutRule::reduction;
  const Growth grown = growth(id, s);
  if (grown.operations > limits_.operations) return CutRule::operations;
  const bool alone = segments_[s].members.empty();
  if (grown.instructions > limits_.instructions && !alone) return CutRule::operations;
  if (grown.arguments > limits_.arguments) return CutRule::arguments;
  return std::nullopt;
}

/// A leaf or view that is stored is copied, so it also counts as a read. An open value counts as a
/// buffer, because it may yet be stored.
Growth SegmentRules::growth(NodeId id, SegmentIndex s) const {
  const Segment& segment = segments_[s];
  Growth grown{
      segment.arguments + std::clamp(result_.stores[id.index], 1, max_stores_per_node(limits_)),
      segment.operations + operations(id), segment.instructions + instructions(id)};
  if (is_product(id)) add_copies(id, segment.reads.size(), segment, grown);
  if (!is_computed(graph_.node(id)) && !is_read(id, s)) ++grown.arguments;
  for (NodeId operand : distinct_operands(id)) {
    if (!is_external(operand, s)) {
      const bool closed = is_last_use(operand, id, s) && !is_stored(operand);
      if (closed && !should_store(operand, id, s)) --grown.arguments;
    } else if (is_read(operand, s)) {
      continue;
    } else if (const auto found = recomputation(operand, id, s)) {
      grown.arguments += static_cast<int>(found->reads.count);
      grown.operations += static_cast<int>(found->ops.count);
      grown.instructions += found->instructions;
    } else {
      ++grown.arguments;
    }
  }
  return grown;
}

void SegmentRules::add_copies(NodeId product, std::size_t reads, const Segment& segment,
                              Growth& grown) const {
  grown.operations += 2 * segment.operations;
  grown.instructions += 2 * segment.instructions;
  grown.arguments += 2 * static_cast<int>(reads);
  if (distinct_operands(product).count == 1) ++grown.arguments;
}

// --- Rematerialisation ---------------------------------------------------------------------------

/// How the segment rematerialises a value of an earlier segment for `user`; nullopt if storing and
/// reading the value is cheaper.
std::optional<Recomputation> SegmentRules::recomputation(NodeId value, NodeId user,
                                                         SegmentIndex s) const {
  if (cut_ == CutRule::unfused || is_stored(value) || !is_computed(graph_.node(value))) return {};
  if (is_product(user)) return {};
  Recomputation result;
  result.ops.insert(value);
  double reads = 0;
  for (std::size_t i = 0; i < result.ops.count; ++i) {
    const NodeId op = result.ops[i];
    result.instructions += instructions(op);
    const bool expensive = result.instructions > cost_.max_recomputed();
    if (expensive || i == Recomputation::kMaxOps || is_reduction(op) || is_product(op)) return {};
    for (NodeId operand : operands(op)) {
      if (!is_external(operand, s) || is_read(operand, s)) continue;
      if (is_computed(graph_.node(operand)) && !is_stored(operand))
        result.ops.insert(operand);
      else if (result.reads.insert(operand))
        reads += cost_.moving(operand);
    }
  }
  // Several further reads keep several values alive instead of this one, so no memory is freed.
  const int kept = result.reads.count > 1 ? 0 : static_cast<int>(s - result_.home[value.index]);
  if (!cost_.pays_to_recompute(value, result.instructions, reads, kept)) return {};
  if (cost_.pays_to_store(value, result.instructions, graph_.shape(user))) return {};
  return result;
}

SegmentRules::Recomputations SegmentRules::recomputations(NodeId id, SegmentIndex s) const {
  const auto distinct = distinct_operands(id);
  Recomputations result;
  bool some = false;
  for (std::size_t i = 0; i < distinct.count; ++i) {
    const NodeId operand = distinct[i];
    if (!is_external(operand, s) || is_read(operand, s)) continue;
    result[i] = recomputation(operand, id, s);
    some = some || result[i].has_value();
  }
  return some && rule_against(id, s).has_value() ? Recomputations() : std::move(result);
}

bool SegmentRules::can_do_without(NodeId value, SegmentIndex s) const {
  const Segment& segment = segments_[s];
  const Node& node = graph_.node(value);
  if (!is_computed(node) || is_leaf(node) || is_reduction(value) || is_product(value)) return false;
  if (result_.stores[value.index] > 0 || result_.live.walked[value.index]) return false;
  if (result_.stored[value.index] == CutRule::broadcast) return false;
  if (segment.product && contains(operands(*segment.product), value)) return false;
  // The segment may rematerialise its other reads too, so there must be room for that many ops.
  const auto all = static_cast<int>(segment.reads.size());
  const bool has_room = segment.operations + all <= limits_.operations &&
                        segment.instructions + all * instructions(value) <= limits_.instructions;
  const auto distance = static_cast<int>(s - result_.home[value.index]);
  return has_room && cost_.pays_to_recompute(value, instructions(value), 0, distance) &&
         std::ranges::all_of(operands(value), [&](NodeId operand) {
           const Node& of = graph_.node(operand);
           if (is_leaf(of) && of.op != Op::input) return true;
           return contains(segment.reads, operand) &&
                  (!is_computed(of) || is_leaf(of) || !can_do_without(operand, s));
         });
}

bool SegmentRules::should_store(NodeId value, NodeId user, SegmentIndex s) const {
  return is_at_home(value, s) && graph_.shape(value) != graph_.shape(user) && !is_product(user) &&
         cost_.pays_to_store(value, recomputed(value, s), graph_.shape(user));
}

/// Number of instructions per element from the values that the segment reads to this value. It
/// counts at most kMaxOps ops.
int SegmentRules::recomputed(NodeId value, SegmentIndex s) const {
  constexpr std::size_t kMaxOps = 32;
  NodeSet<1 + kMaxOps * kMaxOperands> cone;
  cone.insert(value);
  int total = 0;
  for (std::size_t i = 0; i < std::min(cone.count, kMaxOps); ++i) {
    total += instructions(cone[i]);
    for (NodeId operand : operands(cone[i])) {
      const bool stored = is_at_home(operand, s) && is_stored(operand);
      if (is_member(operand, s) && !stored) cone.insert(operand);
    }
  }
  return total;
}

// --- Products and reductions ---------------------------------------------------------------------

Frame SegmentRules::frame_of(NodeId reduction) const {
  const auto of = ReductionAttributes::of(graph_, reduction);
  return {graph_.shape(graph_.node(reduction).operands[0]), of.axes, of.chunk};
}

/// True if the node cannot join because of a product. A segment has at most one product. Ops before
/// it (the prologue) are computed for every block of rows or columns that reads them, so they must
/// be cheap. Ops after it (the epilogue) are elementwise over its shape, or reduce elements that
/// one unit of work holds.
bool SegmentRules::breaks_product(NodeId id, SegmentIndex s) const {
  const Segment& segment = segments_[s];
  const auto operands = this->operands(id);
  if (is_product(id)) {
    return segment.product.has_value() || !segment.frames.empty() ||
           std::ranges::any_of(operands, [&](NodeId operand) {
             return is_member(operand, s) && !is_stored(operand) &&
                    recomputed(operand, s) > cost_.max_before_product();
           });
  }
  if (!segment.product.has_value()) return false;
  const bool follows = std::ranges::any_of(
      operands, [&](NodeId operand) { return after(operand, s).reduced == Reduced::multiplied; });
  const bool reduced =
      std::ranges::any_of(operands, [&](NodeId operand) { return is_reduced(after(operand, s)); });
  if (is_reduction(id)) return !(follows || reduced) || !block_holds(frame_of(id), segment);
  return follows && !reduced && graph_.shape(id) != graph_.shape(*segment.product);
}

/// True if the block of the product's result that one unit of work holds has all elements that one
/// result of a reduction over `frame` combines.
bool SegmentRules::block_holds(const Frame& frame, const Segment& segment) const {
  const Shape& shape = graph_.shape(*segment.product);
  if (frame.shape != shape || frame.chunk > 0 || shape.rank() != 2) return false;
  const std::int64_t row_bytes = shape[1] * info(graph_.node(*segment.product).dtype).bytes;
  if (shape.elements() <= 1 || row_bytes > limits_.product_row_bytes) return false;
  // A reduction of a single column combines elements in the order for rows, since axes of length 1
  // are dropped.
  const bool is_column = shape[1] == 1 && !frame.reduces(1);
  return !frame.reduces(0) || (shape[0] <= limits_.product_rows && !is_column);
}

/// True if the node cannot join because of a reduction:
/// - Without a product, all reductions of a segment have one frame. After a product each may have
///   its own, but a node may follow reductions of one frame only.
/// - A node that follows a reduction has one element for each result, or one for each element of
///   the row, if the row is short enough to be walked again.
/// - Nothing follows a reduction to the results of chunks.
bool SegmentRules::breaks_frame(NodeId id, SegmentIndex s) const {
  const Segment& segment = segments_[s];
  if (segment.frames.empty()) return false;
  const bool multiplies = segment.product.has_value();
  if (is_reduction(id) && !multiplies && frame_of(id) != segment.frames[0]) return true;
  std::optional<std::uint8_t> of;
  bool after_kept = false;
  bool after_dropped = false;
  for (NodeId operand : operands(id)) {
    const After before = after(operand, s);
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
  if (is_reduction(id) && frame_of(id) != frame) return true;
  const Shape& shape = is_reduction(id) ? frame.shape : graph_.shape(id);
  if (after_dropped) return is_reduction(id) || !frame.leaves(shape);
  if (shape == frame.reduced(true) && !is_reduction(id)) return false;
  const std::int64_t bytes = info(graph_.node(id).dtype).bytes;
  if (multiplies && frame.axes.rank() > 1 && frame.shape[0] > 1) return true;
  return shape != frame.shape || !frame.has_rows(limits_.row_bytes / bytes);
}

After SegmentRules::after_with(NodeId id, SegmentIndex s) const {
  if (is_product(id)) return {Reduced::multiplied};
  if (is_reduction(id)) {
    const auto& frames = segments_[s].frames;
    const auto frame =
        static_cast<std::uint8_t>(std::ranges::find(frames, frame_of(id)) - frames.begin());
    const auto reduction = ReductionAttributes::of(graph_, id);
    if (reduction.chunk > 0) return {Reduced::chunked, frame};
    return {reduction.keeps ? Reduced::kept : Reduced::dropped, frame};
  }
  After result;
  for (NodeId operand : operands(id)) {
    const After before = after(operand, s);
    if (before.reduced > result.reduced) result = before;
  }
  return result;
}

NodeId SegmentRules::dropped_by(NodeId id, SegmentIndex s) const {
  if (after_[id.index].reduced != Reduced::dropped) return kNoNode;
  if (is_reduction(id)) return id;
  for (NodeId operand : operands(id)) {
    if (after(operand, s).reduced == Reduced::dropped) return result_.dropped_by[operand.index];
  }
  return kNoNode;
}

}  // namespace sinter::detail
