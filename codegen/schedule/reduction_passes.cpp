#include "schedule/reduction_passes.h"

#include <algorithm>
#include <tuple>

namespace sinter::detail {
namespace {

/// Largest number of reductions in one walk. Spilled twice, their accumulators of 256 bytes each
/// fit a kernel's stack beside its other spills (see local_memory.cpp).
constexpr std::size_t kMostInAWalk = 16;

}  // namespace

std::vector<ReductionPass> ReductionPass::walks() const {
  std::vector<ReductionPass> walks;
  for (std::size_t i = 0; i < reductions.size(); ++i) {
    if (i % kMostInAWalk == 0) walks.push_back({{}, lanes});
    walks.back().reductions.push_back(reductions[i]);
  }
  return walks;
}

std::vector<ReductionPass> ReductionPasses::passes() const {
  struct Staged {
    int stage;
    ReductionPass pass;
  };
  std::vector<Staged> staged;
  for (std::uint32_t i = 0; i < body_.nodes().size(); ++i) {
    if (!placement_.is_needed({i}) || !is_reduction({i}) || (only_ && !only_({i}))) continue;
    const Node& node = body_.node({i});
    const int stage = placement_.stages[i];
    const bool free = !is_ordered(node.op, node.dtype);
    const std::int64_t ordered = reduction_lanes(node.dtype);
    const std::int64_t lanes = free ? free_lanes_.value_or(ordered) : ordered;
    const auto takes = [&](const Staged& one) {
      const bool any = free && (free_lanes_ || one.pass.lanes <= lanes);
      return one.stage == stage && (any || one.pass.lanes == lanes);
    };
    auto found = std::ranges::find_if(staged, takes);
    if (found == staged.end()) found = staged.insert(found, {stage, {{}, lanes}});
    found->pass.reductions.push_back({i});
  }
  std::ranges::sort(staged, {}, [](const Staged& one) {
    return std::pair(one.stage, one.pass.reductions.front());
  });
  std::vector<ReductionPass> passes;
  for (const Staged& one : staged) {
    const std::vector<ReductionPass> walks = one.pass.walks();
    passes.insert(passes.end(), walks.begin(), walks.end());
  }
  return passes;
}

ReductionPass ReductionPasses::column_pass() const {
  ReductionPass all{{}, 1};
  for (const ReductionPass& each : passes()) {
    all.reductions.insert(all.reductions.end(), each.reductions.begin(), each.reductions.end());
  }
  return all;
}

std::vector<bool> ReductionPasses::cone(const std::vector<NodeId>& targets,
                                        const std::vector<bool>& known) const {
  std::vector<bool> wanted(body_.nodes().size());
  for (NodeId target : targets) wanted[placement_.value(target).index] = true;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    const NodeId node{static_cast<std::uint32_t>(i)};
    if (!wanted[i] || is_given(node) || (!known.empty() && known[i])) continue;
    for (NodeId operand : body_.node(node).inputs()) {
      wanted[placement_.value(operand).index] = true;
    }
  }
  return wanted;
}

std::vector<bool> ReductionPasses::cone(const ReductionPass& pass,
                                        const std::vector<bool>& known) const {
  return cone(operands(pass), known);
}

std::vector<bool> ReductionPasses::whole_cone() const {
  std::vector<NodeId> targets = outputs(true);
  const auto add = [&](const std::vector<NodeId>& more) {
    targets.insert(targets.end(), more.begin(), more.end());
  };
  if (reduced_extent() > 0) {
    add(outputs(false));
    for (const ReductionPass& pass : passes()) add(operands(pass));
  }
  return cone(targets);
}

std::vector<NodeId> ReductionPasses::operands(const ReductionPass& pass) const {
  std::vector<NodeId> operands;
  for (NodeId reduction : pass.reductions) operands.push_back(body_.node(reduction).operands[0]);
  return operands;
}

/// True if a loop with lanes computes the node.
bool ReductionPasses::is_computed(NodeId node) const {
  const Op op = body_.node(node).op;
  return placement_.level(node) == Level::lane && !is_given(node) && op != Op::input &&
         op != Op::iota && placement_.value(node) == node;
}

int ReductionPasses::operations(NodeId node) const {
  const std::vector<bool> below = cone({node});
  int count = 0;
  for (std::uint32_t i = 0; i < below.size(); ++i) count += below[i] && is_computed({i}) ? 1 : 0;
  return count;
}

std::vector<bool> ReductionPasses::worth_keeping(int least) const {
  std::vector<std::vector<NodeId>> walks;
  for (const ReductionPass& pass : passes()) walks.push_back(operands(pass));
  walks.push_back(outputs(false));
  std::vector<bool> kept(body_.nodes().size());
  std::vector<bool> computed(body_.nodes().size());  // by an earlier walk
  for (const std::vector<NodeId>& targets : walks) {
    // A kept value is loaded, so it needs no operands: the walk from the targets stops there.
    std::vector<bool> wanted(body_.nodes().size());
    for (NodeId target : targets) wanted[placement_.value(target).index] = true;
    for (auto i = static_cast<std::uint32_t>(wanted.size()); i-- > 0;) {
      if (!wanted[i] || is_given({i})) continue;
      kept[i] = kept[i] || (computed[i] && is_computed({i}) && operations({i}) >= least);
      if (kept[i]) continue;
      for (NodeId operand : body_.node({i}).inputs()) {
        wanted[placement_.value(operand).index] = true;
      }
    }
    const std::vector<bool> walked = cone(targets);
    for (std::size_t i = 0; i < walked.size(); ++i) computed[i] = computed[i] || walked[i];
  }
  return kept;
}

bool ReductionPasses::is_row_output(std::size_t output) const {
  for (int axis = outer(); axis < outer() + axes_.reduced; ++axis) {
    if (stride_class(space_, body_.inputs().size() + output, axis) != LaneStride::uniform) {
      return false;
    }
  }
  return true;
}

std::vector<NodeId> ReductionPasses::outputs(bool of_rows) const {
  std::vector<NodeId> nodes;
  for (std::size_t i = 0; i < body_.outputs().size(); ++i) {
    if (is_row_output(i) == of_rows) nodes.push_back(body_.outputs()[i].node);
  }
  return nodes;
}

std::int64_t ReductionPasses::reduced_extent() const {
  std::int64_t extent = 1;
  for (int axis = outer(); axis < outer() + axes_.reduced; ++axis) extent *= space_.extents[axis];
  return extent;
}

std::int64_t ReductionPasses::reduced_to_one() const {
  return space_.chunk > 0 ? space_.chunk : reduced_extent();
}

int ReductionPasses::levels(std::int64_t chunk) const {
  int levels = 0;
  for (std::int64_t rest = reduced_to_one(); rest > chunk; rest = (rest + chunk - 1) / chunk) {
    ++levels;
  }
  return levels;
}

}  // namespace sinter::detail
