// Placement of a kernel's values: a few passes over the nodes, each in linear time.
#include "schedule/placement.h"

#include <algorithm>

#include <sinter/ir/op_cost.h>

#include "schedule/block_reductions.h"

namespace sinter::detail {
namespace {

bool varies(const LoopSpace& space, std::size_t argument, int from, int to) {
  for (int axis = from; axis < to; ++axis) {
    if (stride_class(space, argument, axis) != LaneStride::uniform) return true;
  }
  return false;
}

Level input_level(const LoopSpace& space, std::size_t argument) {
  const int inner = space.rank() - 1;
  const int group_end = space.rank() - space.inner;
  const int group = group_end - space.reduced;
  if (varies(space, argument, inner, inner + 1)) return Level::lane;
  if (varies(space, argument, group, std::min(group_end, inner))) return Level::group;
  const bool by_row =
      varies(space, argument, 0, group) || varies(space, argument, group_end, inner);
  return by_row ? Level::row : Level::nest;
}

std::vector<NodeId> resolve_broadcasts(const Graph& body) {
  std::vector<NodeId> values;
  for (const Node& node : body.nodes()) {
    const NodeId own{static_cast<std::uint32_t>(values.size())};
    values.push_back(node.op == Op::broadcast ? values[node.operands[0].index] : own);
  }
  return values;
}

/// Returns, by node, the `argument` of each input and iota in LoopSpace::strides.
std::vector<std::size_t> find_walks(const Graph& body) {
  std::vector<std::size_t> walks;
  std::size_t iotas = body.inputs().size() + body.outputs().size();
  for (const Node& node : body.nodes()) {
    walks.push_back(node.op == Op::iota ? iotas++ : node.op == Op::input ? node.payload : 0);
  }
  return walks;
}

/// True if a reduction reduces the axis of lanes.
bool reduces_lanes(const Graph& body, const Node& node, const LoopSpace& space) {
  if (!space.product) return space.inner == 0;
  const NodeId id{static_cast<std::uint32_t>(&node - body.nodes().data())};
  return reduction_kind(body, id) != Reduces::columns;
}

std::vector<Level> find_levels(const Graph& body, const LoopSpace& space,
                               const std::vector<std::size_t>& walks) {
  std::vector<Level> levels;
  for (const Node& node : body.nodes()) {
    const bool walked = node.op == Op::input || node.op == Op::iota;
    Level level = walked ? input_level(space, walks[levels.size()]) : Level::nest;
    for (NodeId operand : node.inputs()) level = std::max(level, levels[operand.index]);
    // A reduction of rows has one result per row, a reduction of columns one per lane.
    const bool reduces = info(node.op).kind == OpKind::reduction;
    if (reduces) level = reduces_lanes(body, node, space) ? Level::row : Level::lane;
    if (node.op == Op::dot) level = Level::lane;
    levels.push_back(level);
  }
  return levels;
}

std::vector<int> find_stages(const Graph& body) {
  std::vector<int> stages;
  for (const Node& node : body.nodes()) {
    int stage = 0;
    for (NodeId operand : node.inputs()) {
      const bool waits = info(body.node(operand).op).kind == OpKind::reduction;
      stage = std::max(stage, stages[operand.index] + (waits ? 1 : 0));
    }
    stages.push_back(stage);
  }
  return stages;
}

std::vector<bool> find_needed(const Graph& body, const std::vector<NodeId>& values) {
  std::vector<bool> needed(body.nodes().size());
  for (const GraphOutput& output : body.outputs()) needed[values[output.node.index].index] = true;
  for (std::size_t i = needed.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (NodeId operand : body.nodes()[i].inputs()) needed[values[operand.index].index] = true;
  }
  return needed;
}

/// The needed nodes in the order of the graph, but inputs as late as possible.
class Order {
 public:
  Order(const Graph& body, const std::vector<NodeId>& values, std::vector<bool> needed)
      : body_(body), values_(values), pending_(std::move(needed)) {
    for (std::uint32_t i = 0; i < pending_.size(); ++i) {
      if (pending_[i] && body.nodes()[i].op != Op::input) add_with_inputs({i});
    }
    for (const GraphOutput& output : body.outputs()) add(values[output.node.index]);
  }
  [[nodiscard]] std::vector<NodeId> take() { return std::move(order_); }

 private:
  void add_with_inputs(NodeId node) {
    for (NodeId operand : body_.node(node).inputs()) add(values_[operand.index]);
    add(node);
  }
  void add(NodeId node) {
    if (pending_[node.index]) order_.push_back(node);
    pending_[node.index] = false;
  }

  const Graph& body_;
  const std::vector<NodeId>& values_;
  std::vector<bool> pending_;
  std::vector<NodeId> order_;
};

/// Returns, by node, the position in Placement::order of the last node of Level::lane that uses it.
/// The stores of outputs count as uses after all nodes.
std::vector<std::size_t> last_uses(const Graph& body, const Placement& placement) {
  std::vector<std::size_t> last(body.nodes().size());
  for (std::size_t i = 0; i < placement.order.size(); ++i) {
    for (NodeId operand : body.node(placement.order[i]).inputs()) {
      if (placement.level(placement.order[i]) == Level::lane) {
        last[placement.value(operand).index] = i;
      }
    }
  }
  for (const GraphOutput& output : body.outputs()) {
    last[placement.value(output.node).index] = placement.order.size();
  }
  return last;
}

}  // namespace

int instructions(const Graph& body, const Node& node) {
  if (node.operand_count == 0) return 0;
  const DType from = body.node(node.operands[node.operand_count - 1U]).dtype;
  return count_operations(node.op, from, node.dtype);
}

std::int64_t value_bytes(const Graph& body, NodeId node) {
  return body.shape(node).elements() * info(body.node(node).dtype).bytes;
}

std::size_t stride_slot(const LoopSpace& space, std::size_t argument, int axis) {
  return argument * static_cast<std::size_t>(space.rank()) + static_cast<std::size_t>(axis);
}

LaneStride stride_class(const LoopSpace& space, std::size_t argument, int axis) {
  const std::int64_t stride = space.strides[stride_slot(space, argument, axis)];
  if (stride == 0) return LaneStride::uniform;
  if (stride == -1) return LaneStride::reversed;
  return stride == 1 ? LaneStride::contiguous : LaneStride::strided;
}

bool is_transposed(const LoopSpace& space, std::size_t argument) {
  if (space.tile == 0) return false;
  const int inner = space.rank() - 1;
  const LaneStride along = stride_class(space, argument, inner);
  return (along == LaneStride::strided || along == LaneStride::reversed) &&
         stride_class(space, argument, inner - 1) == LaneStride::contiguous;
}

LaneStride load_stride(const LoopSpace& space, std::size_t argument) {
  if (is_transposed(space, argument)) return LaneStride::contiguous;
  return stride_class(space, argument, space.rank() - 1);
}

LaneStride store_stride(const LoopSpace& space, std::size_t argument) {
  const LaneStride stride = stride_class(space, argument, space.rank() - 1);
  // An output has stride 0 only along an axis without elements.
  return stride == LaneStride::uniform ? LaneStride::contiguous : stride;
}

Placement place(const Graph& body, const LoopSpace& space) {
  std::vector<std::size_t> walks = find_walks(body);
  std::vector<Level> levels = find_levels(body, space, walks);
  Placement placement{resolve_broadcasts(body), std::move(levels), std::move(walks), {}, {},
                      find_stages(body)};
  placement.needed = find_needed(body, placement.values);
  placement.order = Order(body, placement.values, placement.needed).take();
  return placement;
}

Pressure pressure(const Graph& body, const Placement& placement) {
  const std::vector<std::size_t> last = last_uses(body, placement);
  std::vector<int> dying(placement.order.size() + 1);
  Pressure result;
  int live = 0;
  for (std::size_t i = 0; i < placement.order.size(); ++i) {
    const NodeId node = placement.order[i];
    if (placement.level(node) != Level::lane) {
      if (last[node.index] != 0) ++result.invariant;
      continue;
    }
    if (body.node(node).op != Op::input) ++result.operations;
    result.instructions += instructions(body, body.node(node));
    ++dying[last[node.index]];
    // The result may take the register of an operand whose last use this is.
    live += 1 - dying[i];
    result.live = std::max(result.live, live);
  }
  return result;
}

}  // namespace sinter::detail
