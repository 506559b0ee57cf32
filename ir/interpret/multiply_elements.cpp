// Products, one element of the result and one fused multiply-add at a time.
#include "interpret/multiply_elements.h"

#include <cmath>
#include <cstring>

namespace sinter::detail {
namespace {

/// Strides with which an operand is read, in elements.
struct Walk {
  const std::byte* data = nullptr;
  Strides strides;            ///< along each axis of the result; 0 where the operand is broadcast
  std::int64_t k_stride = 0;  ///< along the contracted dimension
};

/// Returns the strides of `x`, whose contracted dimension is `k_axis`. Axes of `x` and of the
/// result are aligned at the last one. The axis of the result that is aligned with `k_axis` belongs
/// to the other operand or has length 1.
Walk walk(const DenseTensor& x, int k_axis, const Shape& result) {
  const Strides dense = dense_strides(*x.shape);
  Walk made{x.data, {}, dense[k_axis]};
  for (int i = 0; i < result.rank(); ++i) made.strides.push_back(0);
  for (int axis = x.shape->rank() - 1, to = result.rank() - 1; axis >= 0; --axis, --to) {
    if (axis == k_axis) continue;
    if ((*x.shape)[axis] != 1) made.strides[to] = dense[axis];
  }
  return made;
}

template <typename T>
T element(const Walk& x, std::int64_t at) {
  T value;
  std::memcpy(&value, x.data + at * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
void multiply(const Walk& a, const Walk& b, std::int64_t length, TensorData& result) {
  Dims at;
  for (int i = 0; i < result.shape.rank(); ++i) at.push_back(0);
  for (T& total : result.as<T>()) {
    std::int64_t a_at = 0;
    std::int64_t b_at = 0;
    for (int axis = 0; axis < at.rank(); ++axis) {
      a_at += at[axis] * a.strides[axis];
      b_at += at[axis] * b.strides[axis];
    }
    T sum = 0;
    for (std::int64_t k = 0; k < length; ++k) {
      sum =
          std::fma(element<T>(a, a_at + k * a.k_stride), element<T>(b, b_at + k * b.k_stride), sum);
    }
    total = sum;
    for (int axis = at.rank(); axis-- > 0;) {
      if (++at[axis] < result.shape[axis]) break;
      at[axis] = 0;
    }
  }
}

}  // namespace

TensorData multiply_elements(const Graph& graph, NodeId id, const DenseTensor& a,
                             const DenseTensor& b) {
  const Node& node = graph.node(id);
  TensorData result = TensorData::zeros(node.dtype, graph.shape(id));
  const int last = a.shape->rank() - 1;
  const std::int64_t length = (*a.shape)[last];
  const Walk left = walk(a, last, result.shape);
  const Walk right = walk(b, b.shape->rank() - (node.op == Op::mm ? 2 : 1), result.shape);
  if (node.dtype == DType::f64)
    multiply<double>(left, right, length, result);
  else
    multiply<float>(left, right, length, result);
  return result;
}

}  // namespace sinter::detail
