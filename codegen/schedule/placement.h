// Placement: which values of a kernel's body are needed, in which order, and how often each
// changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/graph.h>

namespace sinter::detail {

/// How often a value changes, which decides the block that defines it.
enum class Level : std::uint8_t {
  nest,   ///< once per call: defined before all loops
  row,    ///< with the row or the unit of work: defined in the loop over these
  group,  ///< with the reduced axes except the last axis of the space: defined in serial loops
  lane,   ///< with the element: defined in loops with lanes
};

/// Where the values of a kernel's body are computed.
struct Placement {
  std::vector<NodeId> values;      ///< [node] node with its value: for a broadcast, the operand
  std::vector<Level> levels;       ///< [node]
  std::vector<std::size_t> walks;  ///< [node] of an input or iota: `argument` in LoopSpace::strides
  /// The needed nodes, operands first. An input precedes its first use directly, so that its live
  /// range is short.
  std::vector<NodeId> order;
  std::vector<bool> needed;  ///< [node]
  std::vector<int> stages;   ///< [node] most reductions on one path from a leaf to its operands

  [[nodiscard]] bool is_needed(NodeId node) const { return needed[node.index]; }
  [[nodiscard]] NodeId value(NodeId node) const { return values[node.index]; }
  [[nodiscard]] Level level(NodeId node) const { return levels[node.index]; }
};

/// Returns the placement of a kernel's body. Linear time.
[[nodiscard]] Placement place(const Graph& body, const LoopSpace& space);

/// Registers that one vector of a loop with lanes needs, and the work on it.
struct Pressure {
  int operations = 0;    ///< ops computed per lane
  int instructions = 0;  ///< instructions of these ops, as op_cost.h counts them
  int live = 0;          ///< most values of Level::lane that are live at once
  int invariant = 0;     ///< values of other levels that the lanes use, live throughout the loop
};
/// Returns the register pressure of the values of Level::lane.
[[nodiscard]] Pressure pressure(const Graph& body, const Placement& placement);

/// Returns the instructions of an op per element, as op_cost.h counts them.
[[nodiscard]] int instructions(const Graph& body, const Node& node);

/// Returns the bytes of a value in a dense buffer.
[[nodiscard]] std::int64_t value_bytes(const Graph& body, NodeId node);

/// Returns the position of the stride of `argument` along `axis` in LoopSpace::strides.
[[nodiscard]] std::size_t stride_slot(const LoopSpace& space, std::size_t argument, int axis);
/// Returns the stride class of stores to an output along the innermost axis.
[[nodiscard]] LaneStride store_stride(const LoopSpace& space, std::size_t argument);
/// True if loads of `argument` read a transposed block in local memory.
[[nodiscard]] bool is_transposed(const LoopSpace& space, std::size_t argument);
/// Returns the stride class of loads of `argument` along the innermost axis, after transposes.
[[nodiscard]] LaneStride load_stride(const LoopSpace& space, std::size_t argument);
/// Returns the class of the stride of `argument` along `axis`.
[[nodiscard]] LaneStride stride_class(const LoopSpace& space, std::size_t argument, int axis);

}  // namespace sinter::detail
