// Makes the bodies of kernels: the ops between what a kernel reads and what it stores.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include <sinter/ir/plan.h>

#include "layout.h"

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
};
inline constexpr std::uint32_t kNotStored = UINT32_MAX;

/// Builds one kernel after the other with scratch memory that is kept, so that a body takes time
/// linear in its segment and not in the graph.
class BodyBuilder {
 public:
  BodyBuilder(const Plan& plan, const Places& places);
  /// Fills in the kernel of index `k`, which stores `stores`. Its ops come from `segment`; what
  /// other kernels store is read from its buffer.
  void build(PlanKernel& kernel, std::uint32_t k, std::span<const NodeId> segment,
             std::span<const Store> stores);

 private:
  [[nodiscard]] bool computes(NodeId id) const;
  void mark_cone(std::span<const NodeId> segment);
  [[nodiscard]] NodeId copy(NodeId id);
  [[nodiscard]] NodeId copy_leaf(NodeId id);
  [[nodiscard]] NodeId copy_spread(NodeId id);
  [[nodiscard]] NodeId copy_op_spread(NodeId id);
  [[nodiscard]] Layout spread(const Layout& layout) const;
  [[nodiscard]] NodeId copy_op(NodeId id);
  [[nodiscard]] Place place_of(NodeId id) const;
  [[nodiscard]] NodeId read(const Place& from, DType dtype);

  const Plan& plan_;
  const Places& places_;
  std::vector<std::uint32_t> needed_;  // by node: the last kernel whose cone it is in
  std::vector<std::uint32_t> copied_;  // by node: the last kernel whose body has it, as copy_of_
  std::vector<NodeId> copy_of_;
  /// Of a kernel whose reductions drop their axes: what comes after them, with those axes as
  /// lengths of 1, so that all of a body is aligned to what is reduced.
  struct Dropped {
    int behind = 0;  ///< axes behind the dropped ones
    int count = 0;
    std::unordered_map<std::uint32_t, NodeId> copies;
  };
  std::optional<Dropped> dropped_;
  PlanKernel* kernel_ = nullptr;
  std::uint32_t k_ = 0;
};

}  // namespace sinter::detail
