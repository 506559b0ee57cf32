// Matrix products, and the order in which they accumulate.
//
// The order is part of the definition. An element of a product is
//   acc = +0;  acc = fma(a[k], b[k], acc)  for k = 0, 1, ..., K - 1
// in the dtype of the operands; f16 and bf16 accumulate in f32 and are rounded at the end. So the
// bits do not depend on tiles, threads or the backend. With K = 0 the result is +0. `sum(a * b)`
// adds in the order of a reduction, so the planner never replaces one by the other.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include <sinter/ir/op.h>
#include <sinter/ir/shape.h>

namespace sinter {

namespace detail {
/// Throws Error(shape_mismatch) unless the operands of `method` have the ranks `a_rank` and
/// `b_rank` and equal lengths of the contracted dimension K. If both ranks are 3, the numbers of
/// matrices must be equal, or one of them 1.
SINTER_API void check_product(std::string_view method, const Shape& a, int a_rank, const Shape& b,
                              int b_rank);
/// Throws Error(shape_mismatch) unless both operands of `outer` have rank 1.
SINTER_API void check_outer(const Shape& a, const Shape& b);
/// Shapes of the operands of matmul as matrices, and of its result, which lacks the axis that a
/// vector operand gains.
struct MatmulShapes {
  Shape a, b, result;
};
/// Returns the shapes for operands of shapes `a` and `b`. Throws Error(shape_mismatch) if these do
/// not fit.
[[nodiscard]] SINTER_API MatmulShapes matmul_shapes(const Shape& a, const Shape& b);
}  // namespace detail

/// The methods of tensors that multiply matrices: a base class of Value and of Tensor.
/// elementwise.h says what the type `Self` supplies.
///
/// Both operands have the same floating dtype, and so has the result. A transposed operand is read
/// through its strides, without a copy. Elementwise ops that follow a product (its epilogue) run on
/// a tile of the result while it is in registers or in the cache. All methods throw Error:
/// shape_mismatch for shapes that do not fit, dtype_mismatch.
template <typename Self>
class ProductMethods {
 public:
  /// Product of two matrices: [M, K] and [K, N] give [M, N].
  [[nodiscard]] Self mm(const Self& other) const {
    detail::check_product("mm", self().shape(), 2, other.shape(), 2);
    return product(self(), other);
  }
  /// Products of B pairs of matrices: [B, M, K] and [B, K, N] give [B, M, N]. A batch of one matrix
  /// broadcasts.
  [[nodiscard]] Self bmm(const Self& other) const {
    detail::check_product("bmm", self().shape(), 3, other.shape(), 3);
    return product(self(), other);
  }
  /// Product of a matrix and a vector: [M, K] and [K] give [M].
  [[nodiscard]] Self mv(const Self& vector) const {
    detail::check_product("mv", self().shape(), 2, vector.shape(), 1);
    return matmul(vector);
  }
  /// Outer product of two vectors: [M] and [N] give [M, N]. Each element is the product of one
  /// element of each vector, rounded once.
  [[nodiscard]] Self outer(const Self& other) const {
    detail::check_outer(self().shape(), other.shape());
    return self().reshape({self().shape()[0], 1}).mul(other);
  }
  /// Product as in NumPy: [..., M, K] and [..., K, N] give [..., M, N]; leading axes broadcast. A
  /// vector on the left is a matrix of one row, on the right of one column, and the result lacks
  /// that axis.
  [[nodiscard]] Self matmul(const Self& other) const {
    const detail::MatmulShapes to = detail::matmul_shapes(self().shape(), other.shape());
    const Self result = product(reshaped(self(), to.a), reshaped(other, to.b));
    return reshaped(result, to.result);
  }

 private:
  friend Self;
  ProductMethods() = default;

  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }
  static Self product(const Self& a, const Self& b) {
    const std::array<Self, 2> operands{a, b};
    return Self::apply(Op::mm, std::span<const Self>(operands));
  }
  static Self reshaped(const Self& x, const Shape& shape) {
    return x.shape() == shape ? x : x.reshape(shape);
  }
};

}  // namespace sinter
