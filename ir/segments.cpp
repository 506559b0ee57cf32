// Orders the live nodes depth first, so that few values are open at a time, and cuts that order
// greedily: a node joins the open segment unless the segment would outgrow the limits.
#include "segments.h"

#include <algorithm>

namespace sinter::detail {
namespace {

constexpr std::uint32_t kNowhere = UINT32_MAX;

/// Time of one op in units of an add: divisions and roots have a quarter of its throughput or less.
int cost(Op op) {
  const bool divides =
      op == Op::div || op == Op::sqrt || op == Op::hardsigmoid || op == Op::hardswish;
  return divides ? 4 : 1;
}

/// Whether `from` changes along the innermost axis of `to` that is longer than 1. Where it does
/// not, the scheduler computes it once a row.
bool varies_along_rows(const Shape& from, const Shape& to) {
  int axis = to.rank() - 1;
  while (axis >= 0 && to[axis] == 1) --axis;
  const int own = axis - (to.rank() - from.rank());
  return own >= 0 && from[own] > 1;
}

/// What the reductions of a segment reduce.
struct Frame {
  Shape shape;
  Dims axes;
  friend bool operator==(const Frame&, const Frame&) = default;

  [[nodiscard]] bool reduces(int axis) const {
    return axis >= axes[0] && axis < axes[0] + axes.rank();
  }
  /// The shape that is left, with reduced lengths as 1 or without them.
  [[nodiscard]] Shape reduced(bool keep) const {
    Shape result;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (!reduces(axis)) result.push_back(shape[axis]);
      if (reduces(axis) && keep) result.push_back(1);
    }
    return result;
  }
  /// Whether nothing lies behind what is reduced, and a row of it is at most this long.
  [[nodiscard]] bool has_rows(std::int64_t max_elements) const {
    std::int64_t behind = 1;
    std::int64_t row = 1;
    for (int axis = static_cast<int>(axes[0]); axis < shape.rank(); ++axis) {
      (reduces(axis) ? row : behind) *= shape[axis];
    }
    return behind == 1 && row <= max_elements;
  }
};

class Segmenter {
 public:
  Segmenter(const Graph& graph, const PlanLimits& limits)
      : graph_(graph),
        limits_(limits),
        join_of_(graph.nodes().size(), kNowhere),
        open_uses_(graph.nodes().size()),
        segment_of_(graph.nodes().size(), kNowhere),
        read_by_(graph.nodes().size(), kNowhere),
        reduced_(graph.nodes().size()) {
    result_.live = find_live_values(graph);
    result_.stored.resize(graph.nodes().size());
    result_.stores.resize(graph.nodes().size());
    result_.stages.resize(graph.nodes().size());
    add_stores();
    for (NodeId id : result_.live.order) {
      for (NodeId operand : operands(id)) ++open_uses_[operand.index];
    }
  }

  Segments run(Fuse fuse) && {
    for (NodeId id : result_.live.order) {
      if (end_ > begin_) {
        if (const auto rule = rule_against(id, fuse)) close(*rule);
      }
      add(id);
    }
    if (end_ > begin_) close(CutRule::output);  // nothing is open but outputs
    return std::move(result_);
  }

 private:
  void add_store(NodeId id, CutRule rule) {
    ++result_.stores[id.index];
    if (!is_stored(id)) result_.stored[id.index] = rule;
  }

  void add_stores() {
    std::vector<bool> dense(graph_.nodes().size());
    for (const GraphOutput& output : graph_.outputs()) {
      if (graph_.node(output.node).op == Op::concat) continue;
      add_store(output.node, CutRule::output);
      if (output.strides.empty()) dense[output.node.index] = true;
    }
    closed_joins_.resize(result_.live.joins.size());
    for (std::uint32_t j = 0; j < result_.live.joins.size(); ++j) {
      const Join& join = result_.live.joins[j];
      join_of_[join.concat.index] = j;
      for (const Part& part : join.parts) add_store(part.node, CutRule::concat);
    }
    for (std::uint32_t i = 0; i < graph_.nodes().size(); ++i) {
      const Op op = graph_.node({i}).op;
      const bool has_memory = op == Op::input || op == Op::concat || dense[i];
      if (result_.live.walked[i] && !has_memory) add_store({i}, CutRule::view);
    }
  }

  /// Of a computed value: a view is read, whatever it is a view of.
  [[nodiscard]] std::span<const NodeId> operands(NodeId id) const {
    return is_computed(graph_.node(id)) ? graph_.node(id).inputs() : std::span<const NodeId>();
  }

  /// Whether the memory that `id` is read from is written by the open segment.
  [[nodiscard]] bool reads_open_memory(NodeId id) {
    const Node& node = graph_.node(id);
    const NodeId memory = node.op == Op::view ? node.operands[0] : id;
    if (graph_.node(memory).op == Op::concat) return is_open_join(join_of_[memory.index]);
    return memory != id && is_open(memory);
  }

  [[nodiscard]] bool is_open_join(std::uint32_t join) {
    if (closed_joins_[join]) return false;
    const auto& parts = result_.live.joins[join].parts;
    const bool open =
        std::ranges::any_of(parts, [&](const Part& part) { return is_open(part.node); });
    closed_joins_[join] = !open;  // whoever asks comes after all parts
    return open;
  }

  [[nodiscard]] bool is_open(NodeId id) const { return segment_of_[id.index] == segment_; }
  [[nodiscard]] bool is_stored(NodeId id) const { return result_.stored[id.index].has_value(); }
  [[nodiscard]] bool is_external(NodeId id) const {
    const Node& node = graph_.node(id);
    return !is_computed(node) || (!is_leaf(node) && !is_open(id));
  }

  [[nodiscard]] std::optional<CutRule> rule_against(NodeId id, Fuse fuse) {
    if (fuse == Fuse::none) return CutRule::unfused;
    const auto reads_open = [this](NodeId value) { return reads_open_memory(value); };
    if (reads_open(id) || std::ranges::any_of(operands(id), reads_open)) return CutRule::view;
    if (breaks_product(id)) return CutRule::product;
    if (breaks_frame(id)) return CutRule::reduction;
    if (operations_with(id) > limits_.operations) return CutRule::operations;
    if (arguments_with(id) > limits_.arguments) return CutRule::arguments;
    return std::nullopt;
  }

  // --- Reductions --------------------------------------------------------------------------------

  /// Whether a value of the open segment comes after one of its reductions, and if so, of which
  /// kind: one that keeps the axes, or one that drops them. Or after its product.
  enum class Reduced : std::uint8_t { no, kept, dropped, multiplied };

  [[nodiscard]] Reduced reduced(NodeId id) const {
    return is_open(id) ? reduced_[id.index] : Reduced::no;
  }

  [[nodiscard]] bool is_reduction(NodeId id) const {
    return info(graph_.node(id).op).kind == OpKind::reduction;
  }
  [[nodiscard]] Frame frame_of(NodeId reduction) const {
    return {graph_.shape(graph_.node(reduction).operands[0]),
            graph_.attributes(reduction).lists[0]};
  }

  [[nodiscard]] bool is_product(NodeId id) const {
    return info(graph_.node(id).op).kind == OpKind::product;
  }
  /// A segment has one product. What comes before it is computed as often as its operands are
  /// read, for every block of rows or columns, and so costs little; what comes after it happens to
  /// its elements, one by one.
  [[nodiscard]] bool breaks_product(NodeId id) const {
    constexpr int kMaxProducerCost = 4;
    const auto operands = this->operands(id);
    if (is_product(id)) {
      return product_.has_value() || frame_.has_value() ||
             std::ranges::any_of(operands, [&](NodeId operand) {
               return is_open(operand) && !is_stored(operand) &&
                      recomputing_costs(operand, kMaxProducerCost);
             });
    }
    if (!product_.has_value()) return false;
    const bool after = std::ranges::any_of(
        operands, [&](NodeId operand) { return reduced(operand) == Reduced::multiplied; });
    return is_reduction(id) || (after && graph_.shape(id) != graph_.shape(*product_));
  }

  /// All reductions of a segment reduce the same axes of the same shape. What comes after one has
  /// an element for each that it leaves, or for each of its row, if that is short enough to be
  /// walked again.
  [[nodiscard]] bool breaks_frame(NodeId id) const {
    if (is_reduction(id) && frame_.has_value() && frame_of(id) != *frame_) return true;
    if (product_.has_value()) return false;
    bool after_kept = false;
    bool after_dropped = false;
    for (NodeId operand : operands(id)) {
      after_kept = after_kept || reduced(operand) == Reduced::kept;
      after_dropped = after_dropped || reduced(operand) == Reduced::dropped;
    }
    if (!after_kept && !after_dropped) return false;
    if (after_kept && after_dropped) return true;
    const Shape& shape = is_reduction(id) ? frame_->shape : graph_.shape(id);
    if (after_dropped) return is_reduction(id) || shape != frame_->reduced(false);
    if (shape == frame_->reduced(true) && !is_reduction(id)) return false;
    const std::int64_t bytes = info(graph_.node(id).dtype).bytes;
    return shape != frame_->shape || !frame_->has_rows(limits_.row_bytes / bytes);
  }

  [[nodiscard]] Reduced reduced_with(NodeId id) const {
    if (is_product(id)) return Reduced::multiplied;
    if (is_reduction(id)) {
      return graph_.attributes(id).lists[1][0] == 1 ? Reduced::kept : Reduced::dropped;
    }
    Reduced result = Reduced::no;
    for (NodeId operand : operands(id)) result = std::max(result, reduced(operand));
    return result;
  }

  /// The ops of the segment with `id`. What comes before a product may be computed for each of its
  /// operands and behind it.
  [[nodiscard]] int operations_with(NodeId id) const {
    const int before = is_product(id) ? 3 * operations_ : operations_;
    return before + (is_leaf(graph_.node(id)) ? 0 : 1);
  }

  /// The buffers of the segment if it took `id` and closed. Leaves that are outputs are copied.
  [[nodiscard]] int arguments_with(NodeId id) const {
    int arguments =
        arguments_ + std::clamp(result_.stores[id.index], 1, max_stores_per_node(limits_));
    if (!is_computed(graph_.node(id)) && read_by_[id.index] != reader_) ++arguments;
    const auto operands = this->operands(id);
    // Each is read in a way of its own.
    if (is_product(id)) arguments += 2 * reads_ + (operands[0] == operands[1] ? 1 : 0);
    for (auto it = operands.begin(); it != operands.end(); ++it) {
      if (std::find(operands.begin(), it, *it) != it) continue;
      if (is_external(*it)) {
        if (read_by_[it->index] != reader_) ++arguments;
      } else if (is_last_use(*it, operands) && !is_stored(*it) && !should_store(*it, id)) {
        --arguments;
      }
    }
    return arguments;
  }

  [[nodiscard]] bool is_last_use(NodeId value, std::span<const NodeId> operands) const {
    return is_open(value) && open_uses_[value.index] ==
                                 static_cast<std::uint32_t>(std::ranges::count(operands, value));
  }

  void add(NodeId id) {
    arguments_ = arguments_with(id);
    operations_ = operations_with(id);
    if (!is_computed(graph_.node(id))) read(id);
    for (NodeId operand : operands(id)) {
      if (is_external(operand)) {
        read(operand);
      } else if (is_open(operand) && !is_stored(operand) && should_store(operand, id)) {
        result_.stored[operand.index] = CutRule::broadcast;
      }
      --open_uses_[operand.index];
    }
    reduced_[id.index] = reduced_with(id);
    int& stage = result_.stages[id.index];
    for (NodeId operand : operands(id)) {
      if (is_open(operand)) stage = std::max(stage, result_.stages[operand.index]);
    }
    if (is_reduction(id) || is_product(id)) ++stage;
    if (is_product(id)) {
      product_ = id;
      ++reader_;
    }
    if (is_reduction(id)) frame_ = frame_of(id);
    segment_of_[id.index] = segment_;
    ++end_;
  }

  void read(NodeId id) {
    if (read_by_[id.index] != reader_) ++reads_;
    read_by_[id.index] = reader_;
  }

  /// The broadcast rule. `value` is smaller than its user, so that fusing computes it again for
  /// every row of the user. Stored instead, the user reads its bytes, where it would have read at
  /// least as many of its operands; the price is writing it once, which is 1/expansion of what the
  /// user reads of it, and a kernel call. The gain is the ops behind it per element of the user.
  [[nodiscard]] bool should_store(NodeId value, NodeId user) const {
    constexpr std::int64_t kMinExpansion = 8;
    constexpr int kMinCost = 4;
    const Shape& from = graph_.shape(value);
    const Shape& to = graph_.shape(user);
    if (is_product(user)) return false;
    return from.elements() > 0 && to.elements() / from.elements() >= kMinExpansion &&
           varies_along_rows(from, to) && recomputing_costs(value, kMinCost);
  }

  /// Whether the ops between `value` and what its segment reads cost `least` or more. Looks at no
  /// more than `least` ops.
  [[nodiscard]] bool recomputing_costs(NodeId value, int least) const {
    std::vector<NodeId> cone{value};
    int total = 0;
    for (std::size_t i = 0; i < cone.size(); ++i) {
      total += cost(graph_.node(cone[i]).op);
      if (total >= least) return true;
      for (NodeId operand : operands(cone[i])) {
        if (!is_open(operand) || is_stored(operand)) continue;
        if (std::ranges::find(cone, operand) == cone.end()) cone.push_back(operand);
      }
    }
    return false;
  }

  void close(CutRule rule) {
    for (std::uint32_t i = begin_; i < end_; ++i) {
      const NodeId id = result_.live.order[i];
      if (open_uses_[id.index] > 0 && !is_stored(id)) result_.stored[id.index] = rule;
    }
    result_.ends.push_back(end_);
    begin_ = end_;
    frame_.reset();
    product_.reset();
    ++segment_;
    ++reader_;
    reads_ = 0;
    arguments_ = 0;
    operations_ = 0;
  }

  const Graph& graph_;
  const PlanLimits& limits_;
  Segments result_;
  std::vector<std::uint32_t> join_of_;     // by node: a concat's place in live.joins
  std::vector<bool> closed_joins_;         // by place in live.joins: no part is open any more
  std::vector<std::uint32_t> open_uses_;   // by nodes that are in no segment yet
  std::vector<std::uint32_t> segment_of_;  // by node
  std::vector<std::uint32_t> read_by_;     // the last reader of a value from outside
  std::vector<Reduced> reduced_;           // by node of the open segment
  // The open segment.
  std::optional<Frame> frame_;     // once it has a reduction
  std::optional<NodeId> product_;  // once it has one
  std::uint32_t segment_ = 0;
  std::uint32_t reader_ = 0;  // what comes before and behind the product of a segment
  int reads_ = 0;             // from outside, so far
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  int arguments_ = 0;
  int operations_ = 0;
};

}  // namespace

PlanLimits effective_limits(const PlanLimits& limits) {
  PlanLimits result = limits;
  result.arguments = std::max(limits.arguments, kMaxOperands + 1);
  result.operations = std::max(limits.operations, 1);
  return result;
}

Segments cut_segments(const Graph& graph, const PlanLimits& limits, Fuse fuse) {
  return Segmenter(graph, limits).run(fuse);
}

}  // namespace sinter::detail
