// Every use of every op, generated from the op table, and operand values at which implementations
// are likely to differ.
#pragma once

#include <string>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::test {

/// One use of an op: the dtypes of its operands and, for a conversion, the dtype of its result.
struct OpUse {
  Op op{};
  std::vector<DType> operands;
  DType to{};
  [[nodiscard]] Attributes attributes() const;
};

/// Returns every use of the ops of `kind` that compute, on every dtype that the row allows.
[[nodiscard]] std::vector<OpUse> uses_of(OpKind kind);
[[nodiscard]] std::string text(const OpUse& use);

/// Returns the graph of y = op(x0, x1, ...), with operands of `shape`. An attribute without a
/// default is 1.
[[nodiscard]] Graph graph_of(const OpUse& use, const Shape& shape);

/// Zeros, limits, ties, infinities and NaN in both signs, and values that overflow in a narrower
/// dtype.
[[nodiscard]] std::vector<double> operand_values(DType dtype);
/// Returns one tensor for each operand; together they hold every combination of operand values.
[[nodiscard]] std::vector<TensorData> operand_grid(const OpUse& use);

/// Returns a tensor with one axis.
[[nodiscard]] TensorData tensor_of(DType dtype, const std::vector<double>& values);

}  // namespace sinter::test
