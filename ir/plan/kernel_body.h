// Makes the bodies of kernels: the ops between what a kernel reads and what it stores.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sinter/ir/plan.h>

#include "graph/layout.h"

namespace sinter::detail {

/// Where a value lies: the elements of a buffer that its layout says.
struct Place {
  BufferId buffer;
  Layout layout;
};

/// One value that a kernel stores.
struct Store {
  NodeId node;
  Place place;
};

/// Where the values of a plan lie and who computes them, by node of the graph.
struct Places {
  std::vector<Place> place;           ///< of inputs, concats and stored values: where they are read
  std::vector<std::uint32_t> kernel;  ///< that stores the value first; kNotStored for the others
  std::vector<std::uint32_t> home;    ///< of a stored value: the segment of that kernel
  std::vector<NodeId> dropped_by;     ///< the reduction there that drops its axes which it is or
                                      ///< comes after, or kNoNode
};
inline constexpr std::uint32_t kNotStored = UINT32_MAX;

/// Where a value of lower rank stands among the axes of a kernel: all values of a body with a
/// reduction or a product align, at the last axis, to what is reduced or multiplied.
struct Alignment {
  int behind = 0;     ///< axes behind those that the value has not
  int count = 0;      ///< of these, as lengths of 1
  bool swap = false;  ///< its last two axes, before that
  int trailing = 0;   ///< lengths of 1 behind all of that
  int single = 0;     ///< where all values are of one element: of so many axes
  std::unordered_map<std::uint32_t, NodeId> copies = {};

  [[nodiscard]] Layout aligned(Layout layout) const;
  /// The axis of an aligned value that was `axis` of `shape`.
  [[nodiscard]] int aligned_axis(const Shape& shape, int axis) const;
};

/// Builds one kernel after the other with scratch memory that is kept, so that a body takes time
/// linear in its segment and not in the graph.
class BodyBuilder {
 public:
  BodyBuilder(const Plan& plan, const Places& places);
  /// Fills in the kernel of index `k`, which stores `stores`. Its ops are among the `members` of
  /// its segment; what other kernels of that, or other segments, store is read from its buffer.
  void build(PlanKernel& kernel, std::uint32_t k, std::size_t segment,
             std::span<const NodeId> members, std::span<const Store> stores);
  /// Values of other segments that kernels compute for themselves.
  [[nodiscard]] std::vector<PlanRepeat> take_repeats() { return std::move(repeats_); }

 private:
  [[nodiscard]] bool computes(NodeId id) const;
  [[nodiscard]] bool repeats(NodeId id) const;
  void mark_cone(std::span<const NodeId> members);
  [[nodiscard]] NodeId copy(NodeId id);
  [[nodiscard]] NodeId copy_leaf(NodeId id);
  [[nodiscard]] Alignment* alignment_of(NodeId stored);
  [[nodiscard]] NodeId copy_aligned(Alignment& to, NodeId id);
  [[nodiscard]] NodeId copy_op_aligned(Alignment& to, NodeId id);
  [[nodiscard]] NodeId copy_op(NodeId id);
  [[nodiscard]] Place place_of(NodeId id) const;
  [[nodiscard]] NodeId read(const Place& from, DType dtype, bool in_place = true);

  const Plan& plan_;
  const Places& places_;
  std::vector<std::uint32_t> member_;  // by node: the last kernel whose segment has it
  std::vector<std::uint32_t> needed_;  // by node: the last kernel whose cone it is in
  std::vector<std::uint32_t> copied_;  // by node: the last kernel whose body has it, as copy_of_
  std::vector<NodeId> copy_of_;
  bool multiplies_ = false;  ///< the kernel has a product
  bool drops_ = false;       ///< or reductions that drop their axes
  /// What comes after those, by axes behind what is reduced, and the number of axes.
  std::map<std::pair<int, int>, Alignment> after_;
  Alignment product_{.trailing = 1};                        ///< what comes after a product
  Alignment left_{.behind = 1, .count = 1};                 ///< of its first operand
  Alignment right_{.behind = 2, .count = 1, .swap = true};  ///< and of its second
  std::vector<PlanRepeat> repeats_;
  PlanKernel* kernel_ = nullptr;
  std::uint32_t k_ = 0;
  std::size_t segment_ = 0;
};

}  // namespace sinter::detail
