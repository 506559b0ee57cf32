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

/// How often a value changes, and so the block that defines it.
enum class Level : std::uint8_t {
  nest,   ///< never: before all loops
  row,    ///< with the row: in the parallel loop
  group,  ///< with the row of a group of several axes that is reduced
  lane,   ///< with the element: in the loops with lanes
};

struct Placement {
  std::vector<NodeId> values;      ///< [node] whose value it has: a broadcast has its operand's
  std::vector<Level> levels;       ///< [node]
  std::vector<std::size_t> walks;  ///< [node] of an input or iota: its argument in LoopSpace
  /// The nodes to evaluate. An input stands right before its first use, so that it does not hold a
  /// register for longer.
  std::vector<NodeId> order;
  std::vector<bool> needed;  ///< [node]
  std::vector<int> stages;   ///< [node] how many reductions wait for each other up to it

  [[nodiscard]] bool is_needed(NodeId node) const { return needed[node.index]; }
  [[nodiscard]] NodeId value(NodeId node) const { return values[node.index]; }
  [[nodiscard]] Level level(NodeId node) const { return levels[node.index]; }
};

[[nodiscard]] Placement place(const Graph& body, const LoopSpace& space);

/// How many registers one vector of a loop with lanes needs.
struct Pressure {
  int operations = 0;    ///< computed per lane
  int instructions = 0;  ///< of these, as op_cost.h counts them
  int live = 0;          ///< at most alive at once that change with the lane
  int invariant = 0;     ///< alive throughout: used per lane, made outside
};
[[nodiscard]] Pressure pressure(const Graph& body, const Placement& placement);

/// Of a value as it lies in a buffer without gaps.
[[nodiscard]] std::int64_t value_bytes(const Graph& body, NodeId node);

/// Where the stride of `argument` along `axis` stands in LoopSpace::strides.
[[nodiscard]] std::size_t stride_slot(const LoopSpace& space, std::size_t argument, int axis);
/// The class of an output along the innermost axis.
[[nodiscard]] LaneStride store_stride(const LoopSpace& space, std::size_t argument);
/// Whether `argument` is read from a block that was transposed.
[[nodiscard]] bool is_transposed(const LoopSpace& space, std::size_t argument);
/// How far apart loads find the elements of `argument` along the innermost axis.
[[nodiscard]] LaneStride load_stride(const LoopSpace& space, std::size_t argument);
/// How `argument` is walked along `axis`.
[[nodiscard]] LaneStride stride_class(const LoopSpace& space, std::size_t argument, int axis);

}  // namespace sinter::detail
