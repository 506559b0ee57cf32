// Goes through the live nodes depth first, so that few values are open at a time, and adds each to
// the segment that saves most memory accesses: that of its latest operand, one that reads the same
// data, or the newest, if its limits allow; else to a new one. A segment comes after all that it
// reads, so segments may run in their order.
//
// Where the newest segment is full, it is cut at the cheapest place in its second half, and what
// comes behind goes into the new one. A node is thus moved once at most for each that stays: the
// time is linear.
#include "segments.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "cost.h"

namespace sinter::detail {
namespace {

constexpr std::uint32_t kNowhere = UINT32_MAX;

bool contains(std::span<const NodeId> ids, NodeId id) {
  return std::ranges::find(ids, id) != ids.end();
}

/// Whether a value comes after a reduction of its segment, and if so, of which kind: one that keeps
/// the axes, one that drops them, or one to the results of chunks. Or after its product.
enum class Reduced : std::uint8_t { no, kept, dropped, multiplied, chunked };

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

/// The members of a segment between which a value is needed.
struct Crossing {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// What a segment would have with one node more.
struct Growth {
  int arguments = 0;
  int operations = 0;
  int instructions = 0;
};

/// The segments that read a value last, latest first.
struct Readers {
  static constexpr std::size_t kKept = 4;
  std::array<std::uint32_t, kKept> segments = {kNowhere, kNowhere, kNowhere, kNowhere};

  void add(std::uint32_t segment) {
    const auto known = std::ranges::find(segments, segment);
    const auto end = known == segments.end() ? known : known + 1;
    std::rotate(segments.begin(), end - 1, end);
    segments.front() = segment;
  }
};

/// A segment that may still grow.
struct Segment {
  std::vector<NodeId> members;    // values at home here, and others that it computes again: guests
  std::vector<NodeId> guests;     // no more than it has operations
  std::vector<NodeId> reads;      // from memory; no more than it has arguments
  std::optional<Frame> frame;     // once it has a reduction
  std::optional<NodeId> product;  // once it has one
  int arguments = 0;              // buffers, if nothing that is open were to become its member
  int operations = 0;
  int instructions = 0;  // with composites as what they are made of
};

class Segmenter {
 public:
  Segmenter(const Graph& graph, const PlanLimits& limits)
      : graph_(graph),
        limits_(limits),
        cost_(graph, limits),
        join_of_(graph.nodes().size(), kNowhere),
        open_uses_(graph.nodes().size()),
        readers_(graph.nodes().size()),
        position_(graph.nodes().size()),
        reduced_(graph.nodes().size()) {
    result_.live = find_live_values(graph);
    result_.home.resize(graph.nodes().size(), kNowhere);
    result_.stored.resize(graph.nodes().size());
    result_.stores.resize(graph.nodes().size());
    result_.stages.resize(graph.nodes().size());
    result_.drops.resize(graph.nodes().size());
    add_stores();
    for (NodeId id : result_.live.order) {
      for (NodeId operand : operands(id)) ++open_uses_[operand.index];
    }
  }

  Segments run(Fuse fuse) && {
    for (NodeId id : result_.live.order) fuse == Fuse::none ? add_unfused(id) : place(id);
    for (Segment& segment : segments_) {
      result_.order.insert(result_.order.end(), segment.members.begin(), segment.members.end());
      result_.ends.push_back(static_cast<std::uint32_t>(result_.order.size()));
      result_.frames.push_back(segment.frame);
    }
    return std::move(result_);
  }

 private:
  using SegmentIndex = std::uint32_t;

  // --- What has to be stored ---------------------------------------------------------------------

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
    behind_join_.resize(result_.live.joins.size(), kNowhere);
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
    return contains(segments_[s].reads, id);
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

  /// The first segment that may read the value: its home, or the one after all that write the
  /// memory in which it lies.
  [[nodiscard]] SegmentIndex earliest_reader(NodeId id) {
    const Node& node = graph_.node(id);
    const NodeId memory = node.op == Op::view ? node.operands[0] : id;
    if (graph_.node(memory).op == Op::concat) return behind_join(join_of_[memory.index]);
    if (is_leaf(graph_.node(memory))) return 0;
    const SegmentIndex home = result_.home[memory.index];
    return memory == id ? home : home + 1;
  }

  [[nodiscard]] SegmentIndex behind_join(std::uint32_t join) {
    if (behind_join_[join] == kNowhere) {  // whoever asks comes after all parts
      SegmentIndex behind = 0;
      for (const Part& part : result_.live.joins[join].parts) {
        behind = std::max(behind, result_.home[part.node.index] + 1);
      }
      behind_join_[join] = behind;
    }
    return behind_join_[join];
  }

  [[nodiscard]] SegmentIndex earliest_segment(NodeId id) {
    if (!is_computed(graph_.node(id))) return earliest_reader(id);
    SegmentIndex earliest = 0;
    for (NodeId operand : operands(id)) earliest = std::max(earliest, earliest_reader(operand));
    return earliest;
  }

  // --- Where a node goes -------------------------------------------------------------------------

  void add_unfused(NodeId id) {
    cut_ = CutRule::unfused;
    add(id, open());
  }

  void place(NodeId id) {
    if (const auto best = best_segment(id)) return add(id, *best);
    const auto newest = static_cast<SegmentIndex>(segments_.size()) - 1;
    if (!segments_.empty() && earliest_segment(id) == newest) {
      const auto rule = rule_against(id, newest);
      if (rule == CutRule::operations || rule == CutRule::arguments) {
        cut(id, *rule);
        const auto best = best_segment(id);
        add(id, best.has_value() ? *best : open());
        return cut_.reset();
      }
    }
    add(id, open());
  }

  SegmentIndex open() {
    segments_.emplace_back();
    return static_cast<SegmentIndex>(segments_.size()) - 1;
  }

  /// The segment with room for the node that saves most; of equals the first that is asked.
  [[nodiscard]] std::optional<SegmentIndex> best_segment(NodeId id) {
    const SegmentIndex earliest = earliest_segment(id);
    std::optional<SegmentIndex> best;
    double best_saved = 0;
    for (SegmentIndex s : candidates(id, earliest)) {
      if (s < earliest || s >= segments_.size()) continue;
      const double saved = saved_moves(id, s);
      if ((best.has_value() && saved <= best_saved) || rule_against(id, s).has_value()) continue;
      best = s;
      best_saved = saved;
    }
    return best;
  }

  [[nodiscard]] std::span<const SegmentIndex> candidates(NodeId id, SegmentIndex earliest) {
    candidates_.assign({earliest});
    const auto add = [this](SegmentIndex s) {
      if (std::ranges::find(candidates_, s) == candidates_.end()) candidates_.push_back(s);
    };
    for (NodeId operand : operands(id)) {
      if (is_leaf(graph_.node(operand)) && graph_.node(operand).op != Op::input) continue;
      std::ranges::for_each(readers_[operand.index].segments, add);
    }
    add(static_cast<SegmentIndex>(segments_.size()) - 1);
    return candidates_;
  }

  /// The reads and writes of memory that the node saves by joining this segment.
  [[nodiscard]] double saved_moves(NodeId id, SegmentIndex s) const {
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

  /// Why the node cannot join a segment that comes after all that it reads.
  [[nodiscard]] std::optional<CutRule> rule_against(NodeId id, SegmentIndex s) const {
    if (breaks_product(id, s)) return CutRule::product;
    if (breaks_frame(id, s)) return CutRule::reduction;
    const Growth grown = growth(id, s);
    if (grown.operations > limits_.operations) return CutRule::operations;
    const bool alone = segments_[s].members.empty();
    if (grown.instructions > limits_.instructions && !alone) return CutRule::operations;
    if (grown.arguments > limits_.arguments) return CutRule::arguments;
    return std::nullopt;
  }

  /// Leaves that are outputs are copied. What is open counts as a buffer, which it may become.
  [[nodiscard]] Growth growth(NodeId id, SegmentIndex s) const {
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
      } else if (const auto again = recomputation(operand, id, s)) {
        grown.arguments += static_cast<int>(again->reads.count);
        grown.operations += static_cast<int>(again->ops.count);
        grown.instructions += again->instructions;
      } else {
        ++grown.arguments;
      }
    }
    return grown;
  }

  /// What comes before a product may be computed for each of its operands and behind it, and what
  /// it reads is read in a way of its own each time.
  void add_copies(NodeId product, std::size_t reads, const Segment& segment, Growth& grown) const {
    grown.operations += 2 * segment.operations;
    grown.instructions += 2 * segment.instructions;
    grown.arguments += 2 * static_cast<int>(reads);
    if (distinct_operands(product).count == 1) ++grown.arguments;
  }

  [[nodiscard]] bool is_last_use(NodeId value, NodeId user, SegmentIndex s) const {
    return is_at_home(value, s) && open_uses_[value.index] == uses_in(user, value);
  }

  void add(NodeId id, SegmentIndex s) {
    const auto distinct = distinct_operands(id);
    const auto again = recomputations(id, s);  // before anything changes
    if (is_product(id)) begin_product(id, s);
    for (std::size_t i = 0; i < distinct.count; ++i) {
      const NodeId operand = distinct[i];
      if (again[i].has_value()) {
        add_guests(*again[i], s);
      } else if (is_external(operand, s)) {
        store_for(id, operand);
        read(operand, s);
      } else if (is_at_home(operand, s) && !is_stored(operand) && should_store(operand, id, s)) {
        result_.stored[operand.index] = CutRule::broadcast;
      }
      use(operand, uses_in(id, operand));
      readers_[operand.index].add(s);
    }
    if (!is_computed(graph_.node(id))) read(id, s);
    settle(id, s);
  }

  void begin_product(NodeId id, SegmentIndex s) {
    Segment& segment = segments_[s];
    Growth grown;
    add_copies(id, segment.reads.size(), segment, grown);
    segment.arguments += grown.arguments;
    segment.operations += grown.operations;
    segment.instructions += grown.instructions;
    segment.product = id;
  }

  using Recomputations = std::array<std::optional<Recomputation>, kMaxOperands>;

  /// By distinct operand; none where the segment has no room for them.
  [[nodiscard]] Recomputations recomputations(NodeId id, SegmentIndex s) const {
    const auto distinct = distinct_operands(id);
    Recomputations again;
    bool some = false;
    for (std::size_t i = 0; i < distinct.count; ++i) {
      const NodeId operand = distinct[i];
      if (!is_external(operand, s) || is_read(operand, s)) continue;
      again[i] = recomputation(operand, id, s);
      some = some || again[i].has_value();
    }
    return some && rule_against(id, s).has_value() ? Recomputations() : std::move(again);
  }

  /// The node itself, whose operands are there.
  void settle(NodeId id, SegmentIndex s) {
    Segment& segment = segments_[s];
    segment.arguments += std::clamp(result_.stores[id.index], 1, max_stores_per_node(limits_));
    segment.operations += operations(id);
    segment.instructions += instructions(id);
    segment.members.push_back(id);
    reduced_[id.index] = reduced_with(id, s);
    result_.drops[id.index] =
        reduced_[id.index] == Reduced::dropped || reduced_[id.index] == Reduced::multiplied;
    int& stage = result_.stages[id.index] = 0;
    for (NodeId operand : operands(id)) {
      if (is_at_home(operand, s)) stage = std::max(stage, result_.stages[operand.index]);
    }
    if (is_reduction(id) || is_product(id)) ++stage;
    if (is_reduction(id)) segment.frame = frame_of(id);
    if (is_product(id)) segment.reads.clear();  // what is behind it reads anew
    result_.home[id.index] = s;
    readers_[id.index].add(s);
  }

  void read(NodeId id, SegmentIndex s) {
    if (is_read(id, s)) return;
    segments_[s].reads.push_back(id);
    ++segments_[s].arguments;
  }

  /// A value that nothing is left to read needs no buffer.
  void use(NodeId value, std::uint32_t uses) {
    open_uses_[value.index] -= uses;
    if (is_closed(value)) --segments_[result_.home[value.index]].arguments;
  }
  [[nodiscard]] bool is_closed(NodeId value) const {
    const Node& node = graph_.node(value);
    return open_uses_[value.index] == 0 && is_computed(node) && !is_leaf(node) && !is_stored(value);
  }

  /// A value that a later segment reads is stored; why that reader could not join its home.
  void store_for(NodeId user, NodeId value) {
    const Node& node = graph_.node(value);
    if (!is_computed(node) || is_stored(value)) return;
    const SegmentIndex home = result_.home[value.index];
    CutRule rule = CutRule::order;
    if (cut_.has_value())
      rule = *cut_;
    else if (earliest_segment(user) == home)
      rule = rule_against(user, home).value_or(CutRule::order);
    result_.stored[value.index] = rule;
  }

  // --- Computing again ---------------------------------------------------------------------------

  /// What it takes to compute a value of an earlier segment again, if that is cheaper than to store
  /// and read it.
  [[nodiscard]] std::optional<Recomputation> recomputation(NodeId value, NodeId user,
                                                           SegmentIndex s) const {
    if (cut_ == CutRule::unfused || is_stored(value) || !is_computed(graph_.node(value))) return {};
    if (is_product(user)) return {};
    Recomputation again;
    again.ops.insert(value);
    double reads = 0;
    for (std::size_t i = 0; i < again.ops.count; ++i) {
      const NodeId op = again.ops[i];
      again.instructions += instructions(op);
      const bool dear = again.instructions > cost_.max_recomputed();
      if (dear || i == Recomputation::kMaxOps || is_reduction(op) || is_product(op)) return {};
      for (NodeId operand : operands(op)) {
        if (!is_external(operand, s) || is_read(operand, s)) continue;
        if (is_computed(graph_.node(operand)) && !is_stored(operand))
          again.ops.insert(operand);
        else if (again.reads.insert(operand))
          reads += cost_.moving(operand);
      }
    }
    if (!cost_.pays_to_recompute(value, again.instructions, reads)) return {};
    if (cost_.pays_to_store(value, again.instructions, graph_.shape(user))) return {};
    return again;
  }

  void add_guests(Recomputation again, SegmentIndex s) {
    for (NodeId operand : again.reads) read(operand, s);
    const auto ops = std::span(again.ops.ids).first(again.ops.count);
    std::ranges::sort(ops);  // operands before users
    for (NodeId op : ops) {
      if (contains(segments_[s].guests, op)) continue;
      segments_[s].guests.push_back(op);
      segments_[s].members.push_back(op);
      segments_[s].operations += operations(op);
      segments_[s].instructions += instructions(op);
    }
  }

  /// The broadcast rule: whether a value is stored for a user in its own segment that repeats it.
  [[nodiscard]] bool should_store(NodeId value, NodeId user, SegmentIndex s) const {
    return is_at_home(value, s) && graph_.shape(value) != graph_.shape(user) && !is_product(user) &&
           cost_.pays_to_store(value, recomputed(value, s), graph_.shape(user));
  }

  /// Instructions between the value and what its segment reads. Looks at a few ops only.
  [[nodiscard]] int recomputed(NodeId value, SegmentIndex s) const {
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

  // --- Cutting the newest segment ----------------------------------------------------------------

  /// Makes room for `id`, which is too much for the newest segment: ends that where least has to
  /// cross, and opens the next with what is behind.
  void cut(NodeId id, CutRule rule) {
    const auto full = static_cast<SegmentIndex>(segments_.size()) - 1;
    const std::vector<NodeId> members = segments_[full].members;
    const std::size_t end = cheapest_cut(members, id, full);
    cut_ = rule;
    if (end < members.size()) {
      uproot(full);
      std::vector<NodeId> behind;
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (result_.home[members[i].index] != kNowhere) continue;  // a guest, who comes with others
        if (i < end)
          add(members[i], full);
        else
          behind.push_back(members[i]);
      }
      const SegmentIndex next = open();
      for (NodeId member : behind) {
        const bool fits = earliest_segment(member) <= next && !rule_against(member, next);
        const auto best = fits ? next : best_segment(member);
        add(member, best.has_value() ? *best : open());
      }
    }
  }

  /// How many of the members stay where what crosses behind them is cheapest to move: values that
  /// are read behind, and what is read on both sides. `next` would be the member after the last.
  [[nodiscard]] std::size_t cheapest_cut(std::span<const NodeId> members, NodeId next,
                                         SegmentIndex s) {
    const std::size_t size = members.size();
    std::vector<Crossing> crossings(size);
    std::vector<std::pair<NodeId, Crossing>> reads;
    for (std::size_t i = 0; i < size; ++i) {
      const NodeId member = members[i];
      position_[member.index] = static_cast<std::uint32_t>(i);
      const bool open = is_at_home(member, s) && open_uses_[member.index] > 0;
      crossings[i] = {i, open ? size : i};
    }
    for (std::size_t i = 0; i <= size; ++i) {
      for (NodeId operand : operands(i < size ? members[i] : next)) {
        if (is_leaf(graph_.node(operand)) && graph_.node(operand).op != Op::input) continue;
        if (is_member(operand, s)) {
          Crossing& own = crossings[position_[operand.index]];
          own.last = std::max(own.last, i);
          continue;
        }
        const auto known = std::ranges::find(reads, operand, &std::pair<NodeId, Crossing>::first);
        if (known == reads.end())
          reads.push_back({operand, {i, i}});
        else
          known->second.last = i;
      }
    }
    std::vector<double> change(size + 2);
    const auto add = [&change](const Crossing& crossing, double cost) {
      change[crossing.first + 1] += cost;
      change[crossing.last + 1] -= cost;
    };
    for (std::size_t i = 0; i < size; ++i) {
      if (!is_at_home(members[i], s)) continue;
      add(crossings[i], cost_.moving(members[i]) * (is_stored(members[i]) ? 1 : 2));
    }
    for (const auto& [read, crossing] : reads) add(crossing, cost_.moving(read));
    return cheapest(change, std::max<std::size_t>(size / 2, 1));
  }

  /// The last of the lowest sums of changes from `begin` on.
  [[nodiscard]] static std::size_t cheapest(std::span<const double> change, std::size_t begin) {
    std::size_t best = begin;
    double sum = 0;
    double lowest = 0;
    for (std::size_t i = 0; i + 1 < change.size(); ++i) {
      sum += change[i];
      if (i < begin || (i > begin && sum > lowest)) continue;
      best = i;
      lowest = sum;
    }
    return best;
  }

  /// Takes all members out of a segment that nothing reads yet.
  void uproot(SegmentIndex s) {
    std::vector<NodeId> members = std::move(segments_[s].members);
    segments_[s] = {};
    for (NodeId member : members | std::views::reverse) {
      for (NodeId operand : distinct_operands(member)) {
        if (is_at_home(member, s)) return_use(operand, member, s);
      }
      if (is_at_home(member, s)) result_.home[member.index] = kNowhere;
    }
  }

  void return_use(NodeId value, NodeId user, SegmentIndex s) {
    const bool reopens = is_closed(value) && !is_at_home(value, s);
    if (reopens) ++segments_[result_.home[value.index]].arguments;
    open_uses_[value.index] += uses_in(user, value);
  }

  // --- Reductions --------------------------------------------------------------------------------

  [[nodiscard]] Reduced reduced(NodeId id, SegmentIndex s) const {
    return is_at_home(id, s) ? reduced_[id.index] : Reduced::no;
  }

  [[nodiscard]] Frame frame_of(NodeId reduction) const {
    const Attributes attributes = graph_.attributes(reduction);
    return {graph_.shape(graph_.node(reduction).operands[0]), attributes.lists[0],
            reduction_chunk(attributes)};
  }

  [[nodiscard]] bool is_product(NodeId id) const {
    return info(graph_.node(id).op).kind == OpKind::product;
  }

  /// A segment has one product. What comes before it is computed for every block of rows or columns
  /// that reads it, and so costs little; what comes after it happens to its elements, one by one.
  [[nodiscard]] bool breaks_product(NodeId id, SegmentIndex s) const {
    const Segment& segment = segments_[s];
    const auto operands = this->operands(id);
    if (is_product(id)) {
      return segment.product.has_value() || segment.frame.has_value() ||
             std::ranges::any_of(operands, [&](NodeId operand) {
               return is_member(operand, s) && !is_stored(operand) &&
                      recomputed(operand, s) > cost_.max_before_product();
             });
    }
    if (!segment.product.has_value()) return false;
    const bool after = std::ranges::any_of(
        operands, [&](NodeId operand) { return reduced(operand, s) == Reduced::multiplied; });
    return is_reduction(id) || (after && graph_.shape(id) != graph_.shape(*segment.product));
  }

  /// All reductions of a segment reduce the same axes of the same shape. What comes after one has
  /// an element for each that it leaves, or for each of its row, if that is short enough to be
  /// walked again; nothing comes after one to chunks.
  [[nodiscard]] bool breaks_frame(NodeId id, SegmentIndex s) const {
    const std::optional<Frame>& frame = segments_[s].frame;
    if (!frame.has_value()) return false;
    if (is_reduction(id) && frame_of(id) != *frame) return true;
    bool after_kept = false;
    bool after_dropped = false;
    for (NodeId operand : operands(id)) {
      if (reduced(operand, s) == Reduced::chunked) return true;
      after_kept = after_kept || reduced(operand, s) == Reduced::kept;
      after_dropped = after_dropped || reduced(operand, s) == Reduced::dropped;
    }
    if (!after_kept && !after_dropped) return false;
    if (after_kept && after_dropped) return true;
    const Shape& shape = is_reduction(id) ? frame->shape : graph_.shape(id);
    if (after_dropped) return is_reduction(id) || shape != frame->reduced(false);
    if (shape == frame->reduced(true) && !is_reduction(id)) return false;
    const std::int64_t bytes = info(graph_.node(id).dtype).bytes;
    return shape != frame->shape || !frame->has_rows(limits_.row_bytes / bytes);
  }

  [[nodiscard]] Reduced reduced_with(NodeId id, SegmentIndex s) const {
    if (is_product(id)) return Reduced::multiplied;
    if (is_reduction(id)) {
      const Attributes attributes = graph_.attributes(id);
      if (reduction_chunk(attributes) > 0) return Reduced::chunked;
      return attributes.lists[1][0] == 1 ? Reduced::kept : Reduced::dropped;
    }
    Reduced result = Reduced::no;
    for (NodeId operand : operands(id)) result = std::max(result, reduced(operand, s));
    return result;
  }

  const Graph& graph_;
  const PlanLimits& limits_;
  const CostModel cost_;
  Segments result_;
  std::vector<Segment> segments_;
  std::optional<CutRule> cut_;             // why values are stored, where that is known
  std::vector<std::uint32_t> join_of_;     // by node: a concat's place in live.joins
  std::vector<SegmentIndex> behind_join_;  // by place in live.joins, once somebody asked
  std::vector<std::uint32_t> open_uses_;   // by nodes that are in no segment yet
  std::vector<Readers> readers_;           // by node
  std::vector<std::uint32_t> position_;    // by node: scratch of cheapest_cut
  std::vector<SegmentIndex> candidates_;   // scratch
  std::vector<Reduced> reduced_;           // by node, for its home
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
