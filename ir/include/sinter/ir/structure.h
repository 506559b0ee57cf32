// The fluent methods that move elements and compute none, written once for every type that stands
// for a tensor.
//
// None of them costs a pass over memory by itself: a kernel reads its inputs, and writes its
// outputs, in the way that they describe. `Self` supplies `apply` and `scalar`, as for
// ElementwiseMethods, and
//   DType dtype() const;
//   const Shape& shape() const;
// An axis may be given from the end, -1 being the last. All methods throw Error: invalid_argument,
// shape_mismatch or dtype_mismatch.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include <sinter/ir/elementwise.h>
#include <sinter/ir/shape.h>

namespace sinter {

namespace detail {
/// `axis` of a tensor of this shape, counted from the first.
[[nodiscard]] SINTER_API int checked_axis(std::string_view op, const Shape& shape,
                                          std::int64_t axis);
/// Attributes of a slice along one axis, and of its reverse.
[[nodiscard]] SINTER_API Attributes slice_attributes(const Shape& shape, std::int64_t axis,
                                                     std::int64_t start,
                                                     std::optional<std::int64_t> stop,
                                                     std::int64_t step);
[[nodiscard]] SINTER_API Attributes flip_attributes(const Shape& shape, std::int64_t axis);
/// Attributes of a transpose; no axes reverse their order.
[[nodiscard]] SINTER_API Attributes transpose_attributes(const Shape& shape, const Dims& axes);
[[noreturn]] SINTER_API void refuse_empty_concat();
}  // namespace detail

template <typename Self>
class StructuralMethods {
 public:
  /// Axis k of the result is axis `axes[k]` of this value; without axes, their order is reversed.
  [[nodiscard]] Self transpose(const Dims& axes = {}) const {
    return unary(Op::transpose, detail::transpose_attributes(self().shape(), axes));
  }
  /// The elements in row-major order under another shape; one length may be -1, and is then what
  /// the others leave.
  [[nodiscard]] Self reshape(const Shape& shape) const {
    Attributes attributes;
    attributes.shape = shape;
    return unary(Op::reshape, attributes);
  }
  /// Along one axis the elements start, start + step, ... before stop, as in Python: negative
  /// positions count from the end, no stop means as far as it goes. Positions beyond the axis are
  /// an error.
  [[nodiscard]] Self slice(std::int64_t axis, std::int64_t start,
                           std::optional<std::int64_t> stop = std::nullopt,
                           std::int64_t step = 1) const {
    return unary(Op::slice, detail::slice_attributes(self().shape(), axis, start, stop, step));
  }
  /// The elements of one axis from last to first.
  [[nodiscard]] Self flip(std::int64_t axis) const {
    return unary(Op::slice, detail::flip_attributes(self().shape(), axis));
  }
  /// `low[k]` elements of `value` before axis k and `high[k]` behind it, none negative.
  [[nodiscard]] Self pad(const Dims& low, const Dims& high, Scalar value = 0) const {
    if (self().dtype() == DType::boolean) {  // numbers have a dtype, which no mask has
      const DType stand_in = DType::u8;
      const Scalar filled = value.is_zero() ? 0 : 1;
      return self().convert(stand_in).pad(low, high, filled).convert(DType::boolean);
    }
    Attributes attributes;
    attributes.lists = {low, high};
    const Self operands[] = {self(), self().scalar(value)};
    return Self::apply(Op::pad, operands, attributes);
  }
  /// The parts one after the other along an axis; their other lengths are equal. Of one part, that
  /// part as a value of its own.
  [[nodiscard]] static Self concat(std::span<const Self> parts, std::int64_t axis) {
    if (parts.empty()) detail::refuse_empty_concat();
    Self joined = parts[0];
    Attributes attributes;
    attributes.lists[0].push_back(detail::checked_axis("concat", joined.shape(), axis));
    if (parts.size() == 1) return joined.convert(joined.dtype());
    for (const Self& part : parts.subspan(1)) {
      const Self operands[] = {joined, part};
      joined = Self::apply(Op::concat, operands, attributes);
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
