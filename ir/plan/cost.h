// The cost model: how the planner weighs work by the numbers of a machine (PlanCosts), and the
// decisions that follow. The unit of cost is the time in which the machine moves one byte of a
// large vector between its registers and its caches.
//
//   moving      a byte costs 1 if its value fits the caches, else `far_memory`
//   computing   an operation (an add, a multiply, a compare) on a vector costs
//               1/`operations_per_move` of moving the vector; divisions and roots count as several,
//               an op without a vector instruction as the instructions that replace it (op_cost.h)
//   keeping     a stored value costs `keeping` times its moving cost for each kernel between writer
//               and reader, at most `most_kept` kernels: it occupies cache that others could use
//   a kernel    costs `kernel_start` once
//
// Composites count as the operations of their bodies. The model counts ops and matches no patterns
// of ops.
#pragma once

#include <vector>

#include <sinter/ir/op_cost.h>
#include <sinter/ir/plan.h>

namespace sinter::detail {

/// Number of times that an element of a value of shape `value` is computed, in total, in the loops
/// of a user of shape `user` that broadcasts the value. It is the number of the user's elements, or
/// of the value's own elements if the value is uniform along the user's innermost axis (of those
/// longer than 1).
[[nodiscard]] double computed_with(const Shape& value, const Shape& user);

class CostModel {
 public:
  CostModel(const Graph& graph, const PlanLimits& limits);

  /// Cost of writing the value to memory once, or of reading it once.
  [[nodiscard]] double moving(NodeId value) const { return moving_[value.index]; }
  /// Number of operations per element of the op that computes the value.
  [[nodiscard]] int operations(NodeId value) const { return operations_[value.index]; }
  /// Cost of `operations` operations per element on `elements` elements of the dtype of `value`.
  [[nodiscard]] double computing(NodeId value, int operations, double elements) const;

  /// True if storing `value` is cheaper than computing it in the loops of a user of shape `user`
  /// that broadcasts it. `operations` is the number of operations per element of the value.
  /// Computed with the user, the value is computed once for each repetition; operations that
  /// overlap with memory accesses are free. Storing it costs a write and a kernel. A read is not
  /// counted: the user reads the value in place of the value's operands.
  [[nodiscard]] bool pays_to_store(NodeId value, int operations, const Shape& user) const;

  /// True if rematerialising `value` in a segment is cheaper than storing and reading it.
  /// `operations` is the number of operations per element, `reads` the cost of reading operands
  /// that the segment does not read anyway, and `distance` the number of segments from the value's
  /// home to this one. Rematerialising saves a write, a read, and keeping the value in between: the
  /// model assumes that no other consumer needs the value in memory.
  [[nodiscard]] bool pays_to_recompute(NodeId value, int operations, double reads,
                                       int distance) const;
  /// Most operations per element for which `pays_to_recompute` may hold.
  [[nodiscard]] int max_recomputed() const;
  /// Most operations per element before a product that are computed once for every block of rows or
  /// columns that reads them; with more, the product's operand is stored.
  [[nodiscard]] int max_before_product() const;

 private:
  const Graph& graph_;
  const PlanCosts costs_;
  std::vector<double> moving_;   // by node
  std::vector<int> operations_;  // by node
};

}  // namespace sinter::detail
