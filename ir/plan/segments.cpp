// Visits the live nodes depth first, so that few values are open at a time. Each node joins the
// segment that saves most memory accesses and has room: the earliest one in which its operands are
// available, one that reads the same data, or the newest. If none has room, the node begins a new
// segment. A segment follows all segments that it reads from, so segments may run in their order.
//
// If the newest segment is full, it is cut at the cheapest place in its second half, and the later
// members move to a new segment. At most about half of the members move, so the time is linear.
#include "plan/segments.h"

#include <algorithm>
#include <ranges>

#include "plan/segment_rules.h"

namespace sinter::detail {
namespace {

/// Live range of a value among the members of a segment, by position: first and last member that
/// compute or read it.
struct Crossing {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// The segments that computed or read a value most recently, latest first.
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

class Segmenter : SegmentRules {
 public:
  Segmenter(const Graph& graph, const PlanLimits& limits, Fuse fuse)
      : SegmentRules(graph, limits, fuse),
        join_of_(graph.nodes().size(), kNowhere),
        readers_(graph.nodes().size()),
        position_(graph.nodes().size()),
        read_by_(graph.nodes().size()) {
    add_stores();
  }

  Segments run(Fuse fuse) && {
    for (NodeId id : result_.live.order) fuse == Fuse::none ? add_unfused(id) : place(id);
    if (fuse == Fuse::all) drop_stores();
    for (Segment& segment : segments_) {
      result_.order.insert(result_.order.end(), segment.members.begin(), segment.members.end());
      result_.ends.push_back(static_cast<std::uint32_t>(result_.order.size()));
      result_.frames.push_back(segment.frames.empty() ? std::nullopt
                                                      : std::optional(segment.frames[0]));
      result_.multiplies.push_back(segment.product.has_value());
    }
    return std::move(result_);
  }

 private:
  // --- Values that must be stored ----------------------------------------------------------------

  void add_store(NodeId id, CutRule rule) {
    ++result_.stores[id.index];
    if (!is_stored(id)) result_.stored[id.index] = rule;
  }

  void add_stores() {
    std::vector<bool> dense(graph_.nodes().size());
    for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
      const GraphOutput& output = graph_.outputs()[i];
      if (graph_.node(output.node).op == Op::concat) continue;
      if (const auto& viewed = result_.live.viewed[i]) {
        add_store(viewed->value, CutRule::output);
        continue;
      }
      add_store(output.node, CutRule::output);
      if (output.strides.empty()) dense[output.node.index] = true;
    }
    after_concat_.resize(result_.live.joins.size(), kNowhere);
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

  // --- Order -------------------------------------------------------------------------------------

  /// The first segment that may use the value: its home, or for a value that is read from memory
  /// the segment after all those that write that memory.
  [[nodiscard]] SegmentIndex earliest_reader(NodeId id) {
    const Node& node = graph_.node(id);
    const NodeId memory = node.op == Op::view ? node.operands[0] : id;
    if (graph_.node(memory).op == Op::concat) return after_concat(join_of_[memory.index]);
    if (is_leaf(graph_.node(memory))) return 0;
    const SegmentIndex home = result_.home[memory.index];
    return memory == id ? home : home + 1;
  }

  /// The segment after those of all parts of a concat. The caller places a node that reads the
  /// concat, so all parts are placed already.
  [[nodiscard]] SegmentIndex after_concat(std::uint32_t join) {
    if (after_concat_[join] == kNowhere) {
      SegmentIndex first = 0;
      for (const Part& part : result_.live.joins[join].parts) {
        first = std::max(first, result_.home[part.node.index] + 1);
      }
      after_concat_[join] = first;
    }
    return after_concat_[join];
  }

  [[nodiscard]] SegmentIndex earliest_segment(NodeId id) {
    if (!is_computed(graph_.node(id))) return earliest_reader(id);
    SegmentIndex earliest = 0;
    for (NodeId operand : operands(id)) earliest = std::max(earliest, earliest_reader(operand));
    return earliest;
  }

  // --- Placing a node ----------------------------------------------------------------------------

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

  /// The candidate that has room for the node and saves most; the first of equal ones.
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

  void add(NodeId id, SegmentIndex s) {
    const auto distinct = distinct_operands(id);
    const auto found = recomputations(id, s);  // before the segment changes
    if (is_product(id)) begin_product(id, s);
    for (std::size_t i = 0; i < distinct.count; ++i) {
      const NodeId operand = distinct[i];
      if (found[i].has_value()) {
        rematerialise(*found[i], s);
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

  void add_frame(NodeId reduction, Segment& segment) const {
    const Frame frame = frame_of(reduction);
    if (std::ranges::find(segment.frames, frame) != segment.frames.end()) return;
    segment.frames.push_back(frame);
    if (segment.product.has_value())
      segment.unshared_reads = segment.reads.size();  // ops after the reduction need other layouts
  }

  /// Adds the node itself, after its operands.
  void settle(NodeId id, SegmentIndex s) {
    Segment& segment = segments_[s];
    segment.arguments += std::clamp(result_.stores[id.index], 1, max_stores_per_node(limits_));
    segment.operations += operations(id);
    segment.instructions += instructions(id);
    segment.members.push_back(id);
    if (is_reduction(id)) add_frame(id, segment);
    after_[id.index] = after_with(id, s);
    result_.dropped_by[id.index] = dropped_by(id, s);
    int& stage = result_.stages[id.index] = 0;
    for (NodeId operand : operands(id)) {
      if (is_at_home(operand, s)) stage = std::max(stage, result_.stages[operand.index]);
    }
    if (is_reduction(id) || is_product(id)) ++stage;
    // Ops after the product need other layouts.
    if (is_product(id)) segment.unshared_reads = segment.reads.size();
    result_.home[id.index] = s;
    readers_[id.index].add(s);
  }

  void read(NodeId id, SegmentIndex s) {
    if (is_read(id, s)) return;
    segments_[s].reads.push_back(id);
    ++segments_[s].arguments;
    ++read_by_[id.index];
  }

  /// Counts uses of the value as placed. If that closes the value, it needs no buffer.
  void use(NodeId value, std::uint32_t uses) {
    open_uses_[value.index] -= uses;
    if (is_closed(value)) --segments_[result_.home[value.index]].arguments;
  }

  /// Stores a value for `user`, which is in a later segment. The rule says why the user could not
  /// join the value's home.
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

  void rematerialise(Recomputation found, SegmentIndex s) {
    for (NodeId operand : found.reads) read(operand, s);
    const auto ops = std::span(found.ops.ids).first(found.ops.count);
    std::ranges::sort(ops);  // operands before users
    for (NodeId op : ops) {
      if (contains(segments_[s].rematerialised, op)) continue;
      segments_[s].rematerialised.push_back(op);
      segments_[s].members.push_back(op);
      segments_[s].operations += operations(op);
      segments_[s].instructions += instructions(op);
    }
  }

  /// Drops stores that proved needless: all segments that read the value also read its operands, so
  /// they rematerialise it. When the value was stored, some of them did not read the operands yet.
  void drop_stores() {
    std::vector<std::uint32_t> without(graph_.nodes().size());
    for (SegmentIndex s = 0; s < segments_.size(); ++s) {
      for (NodeId value : segments_[s].reads) {
        if (can_do_without(value, s)) ++without[value.index];
      }
    }
    for (SegmentIndex s = 0; s < segments_.size(); ++s) {
      Segment& segment = segments_[s];
      const auto drops = [&](NodeId value) {
        return without[value.index] > 0 && without[value.index] == read_by_[value.index];
      };
      for (NodeId value : segment.reads) {
        if (!drops(value) || contains(segment.members, value)) continue;
        segment.members.insert(segment.members.begin(), value);
        result_.stored[value.index].reset();
      }
      std::erase_if(segment.reads, drops);
    }
  }

  // --- Cutting the newest segment ----------------------------------------------------------------

  /// Makes room for `id`, for which the newest segment is too full. Ends that segment where moving
  /// the values that cross is cheapest, and adds the later members to a new segment.
  void cut(NodeId id, CutRule rule) {
    const auto full = static_cast<SegmentIndex>(segments_.size()) - 1;
    const std::vector<NodeId> members = segments_[full].members;
    const std::size_t end = cheapest_cut(members, id, full);
    cut_ = rule;
    if (end < members.size()) {
      uproot(full);
      std::vector<NodeId> later;
      for (std::size_t i = 0; i < members.size(); ++i) {
        // A rematerialised member has another home; add() brings it back with its user.
        if (result_.home[members[i].index] != kNowhere) continue;
        if (i < end)
          add(members[i], full);
        else
          later.push_back(members[i]);
      }
      const SegmentIndex next = open();
      for (NodeId member : later) {
        const bool fits = earliest_segment(member) <= next && !rule_against(member, next);
        const auto best = fits ? next : best_segment(member);
        add(member, best.has_value() ? *best : open());
      }
    }
  }

  /// Number of leading members that stay in the segment, such that moving the values that cross the
  /// cut is cheapest: members that later ones use, and values that both sides read. `next` is the
  /// node that would follow the last member.
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

  /// Index from `begin` on at which the prefix sum of `change` is lowest; the last of equal ones.
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

  /// Removes all members from a segment that no other segment reads yet.
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

  std::vector<std::uint32_t> join_of_;      // by node: a concat's index in live.joins
  std::vector<SegmentIndex> after_concat_;  // by index in live.joins: cached after_concat()
  std::vector<Readers> readers_;            // by node
  std::vector<std::uint32_t> position_;     // by node: scratch of cheapest_cut
  std::vector<SegmentIndex> candidates_;    // scratch of candidates()
  std::vector<std::uint32_t> read_by_;      // by node: readers (segments), or more after uproot()
};

}  // namespace

PlanLimits effective_limits(const PlanLimits& limits) {
  PlanLimits result = limits;
  result.arguments = std::max(limits.arguments, kMaxOperands + 1);
  result.operations = std::max(limits.operations, 1);
  return result;
}

Segments cut_segments(const Graph& graph, const PlanLimits& limits, Fuse fuse) {
  return Segmenter(graph, limits, fuse).run(fuse);
}

}  // namespace sinter::detail
