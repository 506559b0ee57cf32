// StructuralMethods: the methods of tensors that move elements and compute none. A base class of
// Value and of Tensor.
//
// Where strides can express them, they cost no pass over memory: kernels read their inputs, and
// write their outputs, with these strides. The type `Self` supplies `apply`, `scalar`, `dtype` and
// `shape`, as elementwise.h says. Negative axes count from the end; -1 is the last axis. All
// methods throw Error: invalid_argument, shape_mismatch, dtype_mismatch, invalid_graph or
// limit_exceeded.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include <sinter/ir/attributes.h>
#include <sinter/ir/elementwise.h>
#include <sinter/ir/shape.h>

namespace sinter {

namespace detail {
/// Returns `axis` of a tensor of shape `shape`, counted from the first axis. `op` is the name of
/// the method in messages. Throws Error(invalid_argument) if there is no such axis.
[[nodiscard]] SINTER_API int checked_axis(std::string_view op, const Shape& shape,
                                          std::int64_t axis);
/// Returns the attributes of a slice along one axis; see StructuralMethods::slice.
[[nodiscard]] SINTER_API SliceAttributes slice_attributes(const Shape& shape, std::int64_t axis,
                                                          std::int64_t start,
                                                          std::optional<std::int64_t> stop,
                                                          std::int64_t step);
/// Returns the attributes of the slice that reverses an axis.
[[nodiscard]] SINTER_API SliceAttributes flip_attributes(const Shape& shape, std::int64_t axis);
/// Returns the attributes of a transpose. Empty `axes` reverse the order of the axes.
[[nodiscard]] SINTER_API TransposeAttributes transpose_attributes(const Shape& shape,
                                                                  const Dims& axes);
/// Throws Error(invalid_argument).
[[noreturn]] SINTER_API void refuse_empty_concat();
}  // namespace detail

template <typename Self>
class StructuralMethods {
 public:
  /// Permutes the axes: axis k of the result is axis `axes[k]` of this value. Empty `axes` reverse
  /// their order.
  [[nodiscard]] Self transpose(const Dims& axes = {}) const {
    return unary(Op::transpose, detail::transpose_attributes(self().shape(), axes).generic());
  }
  /// The same elements, in row-major order, with another shape of as many elements. One length may
  /// be -1: it is inferred from the others.
  [[nodiscard]] Self reshape(const Shape& shape) const {
    return unary(Op::reshape, ReshapeAttributes{shape}.generic());
  }
  /// The elements start, start + step, ... before `stop` along one axis, as Python's
  /// x[start:stop:step]. Negative positions count from the end. Without `stop` the slice goes to
  /// the last element, or to the first one if `step` is negative. Unlike in Python, positions
  /// beyond the axis are an error.
  [[nodiscard]] Self slice(std::int64_t axis, std::int64_t start,
                           std::optional<std::int64_t> stop = std::nullopt,
                           std::int64_t step = 1) const {
    const auto part = detail::slice_attributes(self().shape(), axis, start, stop, step);
    return unary(Op::slice, part.generic());
  }
  /// The elements in reverse order along one axis.
  [[nodiscard]] Self flip(std::int64_t axis) const {
    return unary(Op::slice, detail::flip_attributes(self().shape(), axis).generic());
  }
  /// This value with `low[k]` elements equal to `value` before its elements along axis k, and
  /// `high[k]` after them. No count may be negative.
  [[nodiscard]] Self pad(const Dims& low, const Dims& high, Scalar value = 0) const {
    if (self().dtype() == DType::boolean) {  // no parameter is a bool, so pad as u8
      const DType stand_in = DType::u8;
      const Scalar filled = value.is_zero() ? 0 : 1;
      return self().convert(stand_in).pad(low, high, filled).convert(DType::boolean);
    }
    const Self operands[] = {self(), self().scalar(value)};
    return Self::apply(Op::pad, operands, PadAttributes{low, high}.generic());
  }
  /// The concatenation of `parts` along an axis. The parts have the same dtype, and the same
  /// lengths along all other axes. A single part gives a new value equal to it.
  [[nodiscard]] static Self concat(std::span<const Self> parts, std::int64_t axis) {
    if (parts.empty()) detail::refuse_empty_concat();
    Self joined = parts[0];
    const ConcatAttributes along{detail::checked_axis("concat", joined.shape(), axis)};
    if (parts.size() == 1) return joined.convert(joined.dtype());
    for (const Self& part : parts.subspan(1)) {
      const Self operands[] = {joined, part};
      joined = Self::apply(Op::concat, operands, along.generic());
    }
    return joined;
  }
  [[nodiscard]] static Self concat(std::initializer_list<Self> parts, std::int64_t axis) {
    return concat(std::span<const Self>(parts.begin(), parts.size()), axis);
  }

 private:
  friend Self;
  StructuralMethods() = default;

  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }
  [[nodiscard]] Self unary(Op op, const Attributes& attributes) const {
    return Self::apply(op, std::span<const Self>(&self(), 1), attributes);
  }
};

}  // namespace sinter
