// The cost model: all that the planner knows about the speed of machines, and the decisions that
// follow from it. Everything is weighed in one unit, the time in which a core moves a byte of a
// large vector between its registers and its caches.
//
//   moving      a byte costs 1 while its value fits the caches, kFarMemory beyond
//   computing   an operation (an add, a product, a compare) on a vector costs 1/kOperationsPerMove
//               of moving the vector; divisions and roots count as several, and what vector units
//               lack as the instructions that replace it, see op_cost.h
//   keeping     a byte costs kKeeping for each kernel between those that write and read it, up to
//               kMaxKept of them: it takes the room of others
//   a kernel    costs kKernelStart to begin with
//
// Composites count as the operations of their bodies. Nothing here asks which ops a graph is made
// of beyond their number, so no pattern is better known than another.
#pragma once

#include <vector>

#include <sinter/ir/op_cost.h>
#include <sinter/ir/plan.h>

namespace sinter::detail {

/// How many elements of a value are computed with one that broadcasts it: all that the user
/// repeats, but for repetition along the innermost axis, which the scheduler does with one.
[[nodiscard]] double computed_with(const Shape& value, const Shape& user);

class CostModel {
 public:
  CostModel(const Graph& graph, const PlanLimits& limits);

  /// Of writing the value to memory, or reading it, once.
  [[nodiscard]] double moving(NodeId value) const { return moving_[value.index]; }
  /// Of which it consists, per element.
  [[nodiscard]] int operations(NodeId value) const { return operations_[value.index]; }
  /// Of so many operations for each of `elements` of the dtype of `value`.
  [[nodiscard]] double computing(NodeId value, int operations, double elements) const;

  /// Whether `value`, of so many operations, is stored for a user that repeats it: computed with
  /// the user instead, it is computed once for each repetition. Only what no memory access hides
  /// counts, and the price of storing is a write and a kernel; the user reads it in place of its
  /// operands.
  [[nodiscard]] bool pays_to_store(NodeId value, int operations, const Shape& user) const;

  /// Whether a kernel that needs `value` of another, so many kernels earlier, computes it again:
  /// `operations` of it, over operands that cost `reads` where the kernel does not have them
  /// anyway. It would be written only for this and such kernels, kept until then, and read.
  [[nodiscard]] bool pays_to_recompute(NodeId value, int operations, double reads,
                                       int distance) const;
  /// The most operations for which it can.
  [[nodiscard]] int max_recomputed() const;
  /// The most operations before a product that are computed for every block of rows or columns that
  /// reads them, rather than stored.
  [[nodiscard]] int max_before_product() const;

 private:
  const Graph& graph_;
  std::vector<double> moving_;   // by node
  std::vector<int> operations_;  // by node
};

}  // namespace sinter::detail
