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

class Segmenter {
 public:
  Segmenter(const Graph& graph, const PlanLimits& limits, Fuse fuse)
      : state_(graph, limits, fuse),
        join_of_(graph.nodes().size(), kNowhere),
        readers_(graph.nodes().size()),
        position_(graph.nodes().size()),
        read_by_(graph.nodes().size()) {
    add_stores();
  }

  Segments run(Fuse fuse) && {
    for (NodeId id : state_.result.live.order) fuse == Fuse::none ? add_unfused(id) : place(id);
    if (fuse == Fuse::all) drop_stores();
    Segments& result = state_.result;
    for (Segment& segment : state_.segments) {
      result.order.insert(result.order.end(), segment.members.begin(), segment.members.end());
      result.ends.push_back(static_cast<std::uint32_t>(result.order.size()));
      result.frames.push_back(segment.frames.empty() ? std::nullopt
                                                     : std::optional(segment.frames[0]));
      result.multiplies.push_back(segment.product.has_value());
    }
    return std::move(result);
  }

 private:
  // --- Values that must be stored ----------------------------------------------------------------

  void add_store(NodeId id, CutRule rule) {
    ++state_.result.stores[id.index];
    if (!state_.is_stored(id)) state_.result.stored[id.index] = rule;
  }

  void add_stores() {
    std::vector<bool> dense(state_.graph.nodes().size());
    for (std::size_t i = 0; i < state_.graph.outputs().size(); ++i) {
      const GraphOutput& output = state_.graph.outputs()[i];
      if (state_.node(output.node).op == Op::concat) continue;
      if (const auto& viewed = state_.result.live.viewed[i]) {
        add_store(viewed->value, CutRule::output);
        continue;
      }
      add_store(output.node, CutRule::output);
      if (output.strides.empty()) dense[output.node.index] = true;
    }
    after_concat_.resize(state_.result.live.joins.size(), kNowhere);
    for (std::uint32_t j = 0; j < state_.result.live.joins.size(); ++j) {
      const Join& join = state_.result.live.joins[j];
      join_of_[join.concat.index] = j;
      for (const Part& part : join.parts) add_store(part.node, CutRule::concat);
    }
    for (std::uint32_t i = 0; i < state_.graph.nodes().size(); ++i) {
      const Op op = state_.node({i}).op;
      const bool has_memory = op == Op::input || op == Op::concat || dense[i];
      if (state_.result.live.walked[i] && !has_memory) add_store({i}, CutRule::view);
    }
  }

  // --- Order -------------------------------------------------------------------------------------

  /// The first segment that may use the value: its home, or for a value that is read from memory
  /// the segment after all those that write that memory.
  [[nodiscard]] SegmentIndex earliest_reader(NodeId id) {
    const Node& node = state_.node(id);
    const NodeId memory = node.op == Op::view ? node.operands[0] : id;
    if (state_.node(memory).op == Op::concat) return after_concat(join_of_[memory.index]);
    if (is_leaf(state_.node(memory))) return 0;
    const SegmentIndex home = state_.result.home[memory.index];
    return memory == id ? home : home + 1;
  }

  /// The segment after those of all parts of a concat. The caller places a node that reads the
  /// concat, so all parts are placed already.
  [[nodiscard]] SegmentIndex after_concat(std::uint32_t join) {
    if (after_concat_[join] == kNowhere) {
      SegmentIndex first = 0;
      for (const Part& part : state_.result.live.joins[join].parts) {
        first = std::max(first, state_.result.home[part.node.index] + 1);
      }
      after_concat_[join] = first;
    }
    return after_concat_[join];
  }

  [[nodiscard]] SegmentIndex earliest_segment(NodeId id) {
    if (!is_computed(state_.node(id))) return earliest_reader(id);
    SegmentIndex earliest = 0;
    for (NodeId operand : state_.operands(id))
      earliest = std::max(earliest, earliest_reader(operand));
    return earliest;
  }

  // --- Placing a node ----------------------------------------------------------------------------

  void add_unfused(NodeId id) {
    state_.cut = CutRule::unfused;
    add(id, open());
  }

  void place(NodeId id) {
    if (const auto best = best_segment(id)) return add(id, *best);
    const auto newest = static_cast<SegmentIndex>(state_.segments.size()) - 1;
    if (!state_.segments.empty() && earliest_segment(id) == newest) {
      const auto rule = rule_against(state_, id, newest);
      if (rule == CutRule::operations || rule == CutRule::arguments) {
        cut(id, *rule);
        const auto best = best_segment(id);
        add(id, best.has_value() ? *best : open());
        return state_.cut.reset();
      }
    }
    add(id, open());
  }

  SegmentIndex open() {
    state_.segments.emplace_back();
    return static_cast<SegmentIndex>(state_.segments.size()) - 1;
  }

  /// The candidate that has room for the node and saves most; the first of equal ones.
  [[nodiscard]] std::optional<SegmentIndex> best_segment(NodeId id) {
    const SegmentIndex earliest = earliest_segment(id);
    std::optional<SegmentIndex> best;
    double best_saved = 0;
    for (SegmentIndex s : candidates(id, earliest)) {
      if (s < earliest || s >= state_.segments.size()) continue;
      const double saved = saved_moves(state_, id, s);
      if ((best.has_value() && saved <= best_saved) || rule_against(state_, id, s).has_value())
        continue;
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
    for (NodeId operand : state_.operands(id)) {
      if (is_leaf(state_.node(operand)) && state_.node(operand).op != Op::input) continue;
      std::ranges::for_each(readers_[operand.index].segments, add);
    }
    add(static_cast<SegmentIndex>(state_.segments.size()) - 1);
    return candidates_;
  }

  void add(NodeId id, SegmentIndex s) {
    const auto distinct = state_.distinct_operands(id);
    const auto found = recomputations(state_, id, s);  // before the segment changes
    if (state_.is_product(id)) begin_product(id, s);
    for (std::size_t i = 0; i < distinct.count; ++i) {
      const NodeId operand = distinct[i];
      if (found[i].has_value()) {
        rematerialise(*found[i], s);
      } else if (state_.is_external(operand, s)) {
        store_for(id, operand);
        read(operand, s);
      } else if (state_.is_at_home(operand, s) && !state_.is_stored(operand) &&
                 should_store(state_, operand, id, s)) {
        state_.result.stored[operand.index] = CutRule::broadcast;
      }
      use(operand, state_.uses_in(id, operand));
      readers_[operand.index].add(s);
    }
    if (!is_computed(state_.node(id))) read(id, s);
    settle(id, s);
  }

  void begin_product(NodeId id, SegmentIndex s) {
    Segment& segment = state_.segments[s];
    Growth grown;
    add_copies(state_, id, segment.reads.size(), segment, grown);
    segment.arguments += grown.arguments;
    segment.operations += grown.operations;
    segment.instructions += grown.instructions;
    segment.product = id;
  }

  void add_frame(NodeId reduction, Segment& segment) const {
    const Frame frame = state_.frame_of(reduction);
    if (std::ranges::find(segment.frames, frame) != segment.frames.end()) return;
    segment.frames.push_back(frame);
    if (segment.product.has_value())
      segment.unshared_reads = segment.reads.size();  // ops after the reduction need other layouts
  }

  /// Adds the node itself, after its operands.
  void settle(NodeId id, SegmentIndex s) {
    Segment& segment = state_.segments[s];
    segment.arguments += state_.buffers(id);
    segment.operations += state_.operations(id);
    segment.instructions += state_.instructions(id);
    segment.members.push_back(id);
    if (state_.is_reduction(id)) add_frame(id, segment);
    state_.after[id.index] = after_with(state_, id, s);
    state_.result.dropped_by[id.index] = dropped_by(state_, id, s);
    int& stage = state_.result.stages[id.index] = 0;
    for (NodeId operand : state_.operands(id)) {
      if (state_.is_at_home(operand, s))
        stage = std::max(stage, state_.result.stages[operand.index]);
    }
    if (state_.is_reduction(id) || state_.is_product(id)) ++stage;
    // Ops after the product need other layouts.
    if (state_.is_product(id)) segment.unshared_reads = segment.reads.size();
    state_.result.home[id.index] = s;
    readers_[id.index].add(s);
  }

  void read(NodeId id, SegmentIndex s) {
    if (state_.is_read(id, s)) return;
    state_.segments[s].reads.push_back(id);
    ++state_.segments[s].arguments;
    ++read_by_[id.index];
  }

  /// Counts uses of the value as placed. If that closes the value, it needs no buffer.
  void use(NodeId value, std::uint32_t uses) {
    state_.open_uses[value.index] -= uses;
    if (state_.is_closed(value)) --state_.segments[state_.result.home[value.index]].arguments;
  }

  /// Stores a value for `user`, which is in a later segment. The rule says why the user could not
  /// join the value's home.
  void store_for(NodeId user, NodeId value) {
    const Node& node = state_.node(value);
    if (!is_computed(node) || state_.is_stored(value)) return;
    const SegmentIndex home = state_.result.home[value.index];
    CutRule rule = CutRule::order;
    if (state_.cut.has_value())
      rule = *state_.cut;
    else if (earliest_segment(user) == home)
      rule = rule_against(state_, user, home).value_or(CutRule::order);
    state_.result.stored[value.index] = rule;
  }

  void rematerialise(Recomputation found, SegmentIndex s) {
    for (NodeId operand : found.reads) read(operand, s);
    const auto ops = std::span(found.ops.ids).first(found.ops.count);
    std::ranges::sort(ops);  // operands before users
    Segment& segment = state_.segments[s];
    for (NodeId op : ops) {
      if (contains(segment.rematerialised, op)) continue;
      segment.rematerialised.push_back(op);
      segment.members.push_back(op);
      segment.operations += state_.operations(op);
      segment.instructions += state_.instructions(op);
    }
  }

  /// Drops stores that proved needless: all segments that read the value also read its operands, so
  /// they rematerialise it. When the value was stored, some of them did not read the operands yet.
  void drop_stores() {
    std::vector<std::uint32_t> without(state_.graph.nodes().size());
    for (SegmentIndex s = 0; s < state_.segments.size(); ++s) {
      for (NodeId value : state_.segments[s].reads) {
        if (can_do_without(state_, value, s)) ++without[value.index];
      }
    }
    for (SegmentIndex s = 0; s < state_.segments.size(); ++s) {
      Segment& segment = state_.segments[s];
      const auto drops = [&](NodeId value) {
        return without[value.index] > 0 && without[value.index] == read_by_[value.index];
      };
      for (NodeId value : segment.reads) {
        if (!drops(value) || contains(segment.members, value)) continue;
        segment.members.insert(segment.members.begin(), value);
        state_.result.stored[value.index].reset();
      }
      std::erase_if(segment.reads, drops);
    }
  }

  // --- Cutting the newest segment ----------------------------------------------------------------

  /// Makes room for `id`, for which the newest segment is too full. Ends that segment where moving
  /// the values that cross is cheapest, and adds the later members to a new segment.
  void cut(NodeId id, CutRule rule) {
    const auto full = static_cast<SegmentIndex>(state_.segments.size()) - 1;
    const std::vector<NodeId> members = state_.segments[full].members;
    const std::size_t end = cheapest_cut(members, id, full);
    state_.cut = rule;
    if (end < members.size()) {
      uproot(full);
      std::vector<NodeId> later;
      for (std::size_t i = 0; i < members.size(); ++i) {
        // A rematerialised member has another home; add() brings it back with its user.
        if (state_.result.home[members[i].index] != kNowhere) continue;
        if (i < end)
          add(members[i], full);
        else
          later.push_back(members[i]);
      }
      const SegmentIndex next = open();
      for (NodeId member : later) {
        const bool fits = earliest_segment(member) <= next && !rule_against(state_, member, next);
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
      const bool open = state_.is_at_home(member, s) && state_.open_uses[member.index] > 0;
      crossings[i] = {i, open ? size : i};
    }
    for (std::size_t i = 0; i <= size; ++i) {
      for (NodeId operand : state_.operands(i < size ? members[i] : next)) {
        if (is_leaf(state_.node(operand)) && state_.node(operand).op != Op::input) continue;
        if (state_.is_member(operand, s)) {
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
      if (!state_.is_at_home(members[i], s)) continue;
      add(crossings[i], state_.cost.moving(members[i]) * (state_.is_stored(members[i]) ? 1 : 2));
    }
    for (const auto& [read, crossing] : reads) add(crossing, state_.cost.moving(read));
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
    std::vector<NodeId> members = std::move(state_.segments[s].members);
    state_.segments[s] = {};
    for (NodeId member : members | std::views::reverse) {
      for (NodeId operand : state_.distinct_operands(member)) {
        if (state_.is_at_home(member, s)) return_use(operand, member, s);
      }
      if (state_.is_at_home(member, s)) state_.result.home[member.index] = kNowhere;
    }
  }

  void return_use(NodeId value, NodeId user, SegmentIndex s) {
    const bool reopens = state_.is_closed(value) && !state_.is_at_home(value, s);
    if (reopens) ++state_.segments[state_.result.home[value.index]].arguments;
    state_.open_uses[value.index] += state_.uses_in(user, value);
  }

  SegmentState state_;
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
