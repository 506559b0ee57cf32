// Every way to use every op, from the op table, and operands at which implementations differ.
#pragma once

#include <string>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::test {

/// One way to use an op: what its operands are, and what the result of a conversion is.
struct OpUse {
  Op op{};
  std::vector<DType> operands;
  DType to{};
  [[nodiscard]] Attributes attributes() const;
};

/// Every op of `kind` that computes, on every dtype that its row allows.
[[nodiscard]] std::vector<OpUse> uses_of(OpKind kind);
[[nodiscard]] std::string text(const OpUse& use);

/// y = op(x0, x1, ...), all of `shape`; attributes take their default, or 1.
[[nodiscard]] Graph graph_of(const OpUse& use, const Shape& shape);

/// Zeros, limits, ties, infinities and NaN in both signs, and what overflows in a narrower dtype.
[[nodiscard]] std::vector<double> operand_values(DType dtype);
/// Every combination of them: one tensor an operand.
[[nodiscard]] std::vector<TensorData> operand_grid(const OpUse& use);

/// A tensor of one axis.
[[nodiscard]] TensorData tensor_of(DType dtype, const std::vector<double>& values);

}  // namespace sinter::test
