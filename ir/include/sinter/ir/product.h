// Matrix products.
//
// The order is part of the meaning, as that of a sum is: an element of a product is
//   acc = +0;  acc = fma(a[k], b[k], acc)  for k = 0, 1, ..., K - 1
// in the dtype of the operands, in f32 for f16 and bf16, which are rounded at the end. So tiles,
// threads and backends do not show in the bits, and the product of nothing is +0. It is not the sum
// of `a * b`, whose order is a reduction's, and the planner never exchanges the two.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include <sinter/ir/op.h>
#include <sinter/ir/shape.h>

namespace sinter {

namespace detail {
/// Throws Error(shape_mismatch) unless the operands of `method` have these ranks, equal lengths of
/// the contracted dimension K and, of rank 3, equal numbers of matrices.
SINTER_API void check_product(std::string_view method, const Shape& a, int a_rank, const Shape& b,
                              int b_rank);
/// Throws Error(shape_mismatch) unless the operands of `outer` are vectors.
SINTER_API void check_outer(const Shape& a, const Shape& b);
/// The operands of matmul as matrices, and the shape of its result where one of them is a vector.
struct MatmulShapes {
  Shape a, b, result;
};
[[nodiscard]] SINTER_API MatmulShapes matmul_shapes(const Shape& a, const Shape& b);
}  // namespace detail

/// The fluent products, written once for every type that stands for a tensor; see StructuralMethods
/// for what `Self` supplies. Operands have one floating dtype, which is the result's. A transposed
/// operand is read where it lies. What is elementwise behind a product is computed on its tiles
/// while they are in registers or in the cache. All throw Error: shape_mismatch where lengths do
/// not meet, dtype_mismatch.
template <typename Self>
class ProductMethods {
 public:
  /// Of matrices: [M, K] and [K, N] give [M, N].
  [[nodiscard]] Self mm(const Self& other) const {
    detail::check_product("mm", self().shape(), 2, other.shape(), 2);
    return product(self(), other);
  }
  /// Of as many matrices: [B, M, K] and [B, K, N] give [B, M, N].
  [[nodiscard]] Self bmm(const Self& other) const {
    detail::check_product("bmm", self().shape(), 3, other.shape(), 3);
    return product(self(), other);
  }
  /// Of a matrix and a vector: [M, K] and [K] give [M].
  [[nodiscard]] Self mv(const Self& vector) const {
    detail::check_product("mv", self().shape(), 2, vector.shape(), 1);
    return matmul(vector);
  }
  /// Of two vectors: [M] and [N] give [M, N], each element a product of two.
  [[nodiscard]] Self outer(const Self& other) const {
    detail::check_outer(self().shape(), other.shape());
    return self().reshape({self().shape()[0], 1}).mul(other);
  }
  /// As in NumPy: [..., M, K] and [..., K, N] give [..., M, N], axes in front broadcast; a vector
  /// is a row on the left and a column on the right, and that axis is dropped from the result.
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
