#include "reduction_passes.h"

#include <algorithm>
#include <tuple>

namespace sinter::detail {

std::vector<ReductionPass> ReductionPasses::passes() const {
  struct Staged {
    int stage;
    ReductionPass pass;
  };
  std::vector<Staged> staged;
  for (std::uint32_t i = 0; i < body_.nodes().size(); ++i) {
    if (!placement_.is_needed({i}) || !is_reduction({i})) continue;
    const Node& node = body_.node({i});
    const int stage = placement_.stages[i];
    const std::int64_t lanes = reduction_lanes(node.dtype);
    const bool free = !is_ordered(node.op, node.dtype);
    const auto takes = [&](const Staged& one) {
      return one.stage == stage && (free ? one.pass.lanes <= lanes : one.pass.lanes == lanes);
    };
    auto found = std::ranges::find_if(staged, takes);
    if (found == staged.end()) found = staged.insert(found, {stage, {{}, lanes}});
    found->pass.reductions.push_back({i});
  }
  std::ranges::sort(staged, {}, [](const Staged& one) {
    return std::pair(one.stage, one.pass.reductions.front());
  });
  std::vector<ReductionPass> passes;
  for (Staged& one : staged) passes.push_back(std::move(one.pass));
  return passes;
}

std::vector<bool> ReductionPasses::cone(const std::vector<NodeId>& targets) const {
  std::vector<bool> wanted(body_.nodes().size());
  for (NodeId target : targets) wanted[placement_.value(target).index] = true;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    const NodeId node{static_cast<std::uint32_t>(i)};
    if (!wanted[i] || is_reduction(node)) continue;
    for (NodeId operand : body_.node(node).inputs()) {
      wanted[placement_.value(operand).index] = true;
    }
  }
  return wanted;
}

std::vector<bool> ReductionPasses::cone(const ReductionPass& pass) const {
  std::vector<NodeId> targets;
  for (NodeId reduction : pass.reductions) targets.push_back(body_.node(reduction).operands[0]);
  return cone(targets);
}

bool ReductionPasses::is_row_output(std::size_t output) const {
  for (int axis = outer(); axis < outer() + space_.reduced; ++axis) {
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
  for (int axis = outer(); axis < outer() + space_.reduced; ++axis) extent *= space_.extents[axis];
  return extent;
}

std::int64_t ReductionPasses::reduced_to_one() const {
  const std::int64_t extent = reduced_extent();
  return space_.chunk > 0 ? std::min(extent, space_.chunk) : extent;
}

int ReductionPasses::levels(std::int64_t chunk) const {
  int levels = 0;
  for (std::int64_t rest = reduced_to_one(); rest > chunk; rest = (rest + chunk - 1) / chunk) {
    ++levels;
  }
  return levels;
}

}  // namespace sinter::detail
