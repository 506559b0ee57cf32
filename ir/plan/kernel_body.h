// Makes the bodies of kernels: the ops from the values that a kernel reads to those that it stores.
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

/// Location of a value: the elements of `buffer` that `layout` reaches.
struct Place {
  BufferId buffer;
  Layout layout;

  friend bool operator==(const Place&, const Place&) = default;
};

/// One value that a kernel stores.
struct StoredValue {
  NodeId node;
  Place place;
};

/// Locations of the values of a plan and the kernels that compute them, by node of the graph.
struct Places {
  std::vector<Place> place;           ///< of inputs, concats and stored values: where they are read
  std::vector<std::uint32_t> kernel;  ///< first kernel that stores the value, or kNotStored
  std::vector<std::uint32_t> home;    ///< home segment of the value
  /// The reduction in the value's home that drops its axes and that the value is or follows;
  /// kNoNode if there is none.
  std::vector<NodeId> dropped_by;
};
inline constexpr std::uint32_t kNotStored = UINT32_MAX;

/// How the axes of a value are mapped to the axes of a kernel with a reduction or a product. A
/// reduction's kernel has the axes of its operand; a product's has M, N and K. Values of lower rank
/// get further axes of length 1.
struct Alignment {
  int axes_after = 0;  ///< number of axes of the value after the inserted axes
  int count = 0;       ///< number of inserted axes of length 1
  bool swap = false;   ///< true if the value's last two axes are swapped first
  int trailing = 0;    ///< number of axes of length 1 that are appended last
  int single = 0;      ///< if positive: rank to which values of one element are brought instead
  std::unordered_map<std::uint32_t, NodeId> copies = {};  ///< by node: its aligned copy in the body

  [[nodiscard]] Layout aligned(Layout layout) const;
  /// The axis of the aligned value that corresponds to `axis` of `shape`.
  [[nodiscard]] int aligned_axis(const Shape& shape, int axis) const;
};

/// Builds the kernels of a plan one after the other. Scratch memory is kept between kernels, so a
/// body takes time linear in its segment, not in the graph.
class BodyBuilder {
 public:
  BodyBuilder(const Plan& plan, const Places& places);
  /// Fills in the kernel of index `k`, which stores `stores`. Its ops are among the `members` of
  /// its segment. Values that other kernels store, of this segment or others, are read from their
  /// buffers.
  void build(PlanKernel& kernel, std::uint32_t k, std::size_t segment,
             std::span<const NodeId> members, std::span<const StoredValue> stores);
  /// Returns the values of other segments that kernels rematerialise.
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
  std::vector<std::uint32_t> member_;  // by node: the last kernel built whose segment has it
  std::vector<std::uint32_t> needed_;  // by node: the last kernel built whose cone has it
  std::vector<std::uint32_t> copied_;  // by node: the last kernel built whose body has it
  std::vector<NodeId> copy_of_;        // by node: its copy in that body
  bool multiplies_ = false;            ///< true if the kernel has a product
  bool drops_ = false;                 ///< true if it has reductions that drop their axes
  /// Of values that follow such reductions, by the number of axes after the reduced ones and the
  /// number of reduced axes.
  std::map<std::pair<int, int>, Alignment> after_;
  Alignment product_{.trailing = 1};                            ///< of [M, N] after a product
  Alignment left_{.axes_after = 1, .count = 1};                 ///< of its first operand, [M, K]
  Alignment right_{.axes_after = 2, .count = 1, .swap = true};  ///< of its second operand, [K, N]
  std::vector<PlanRepeat> repeats_;
  PlanKernel* kernel_ = nullptr;
  std::uint32_t k_ = 0;
  std::size_t segment_ = 0;
};

}  // namespace sinter::detail
