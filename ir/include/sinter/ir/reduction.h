// Reductions: sums and their like over axes, and the order in which they add.
//
// The order is part of the meaning, so that every backend, thread count and vector width gives the
// same bits. Reduced axes that are neighbours (axes of length 1 do not part them) are one group, in
// row-major order; groups are reduced one after the other, the innermost first. A group of n
// elements x, with
//   W = reduction_lanes(dtype) where the group contains the last axis, else 1
//   C = kChunkSteps * W elements, a chunk
// is reduced chunk by chunk: a[0 .. W - 1] start at the identity, a[i mod W] = a[i mod W] op x[i]
// for ascending i, then a[j] = a[j] op a[j + h] for j < h, h = W/2, ..., 2, 1; the chunk gives
// a[0]. Of more than one chunk, the results, in their order, are reduced by the same rule.
//
// A reduction may stop at the results of chunks: of C, C * C, ... elements, or of any number where
// the order is free. The others then complete it.
//
// The identity is +0, 1, +-inf or the lowest or highest integer, true or false: what an absent
// element leaves unchanged. So an empty sum is +0, an empty product 1; a sum is never -0.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <sinter/ir/elementwise.h>
#include <sinter/ir/shape.h>

namespace sinter {

/// Steps of W elements in a chunk.
inline constexpr std::int64_t kChunkSteps = 32;

/// Lanes that accumulate side by side over a last axis: 256 bytes of them.
[[nodiscard]] SINTER_API std::int64_t reduction_lanes(DType dtype);
/// The primitive by which a reduction combines two elements.
[[nodiscard]] SINTER_API Op combiner(Op reduction);
/// Bits of the element that leaves any other unchanged.
[[nodiscard]] SINTER_API std::uint64_t identity_bits(Op reduction, DType dtype);
/// Elements in a chunk of the order above: of rows, whose group contains the last axis, or columns.
[[nodiscard]] SINTER_API std::int64_t chunk_elements(DType dtype, bool rows);
/// How many elements each result of a reduction combines; 0 where there is one for all.
[[nodiscard]] SINTER_API std::int64_t reduction_chunk(const Attributes& attributes);

/// The lengths of a shape in front of, in, and behind the group that is reduced.
struct GroupExtents {
  std::int64_t outer = 1;
  std::int64_t group = 1;
  std::int64_t inner = 1;
};
[[nodiscard]] SINTER_API GroupExtents group_extents(const Shape& shape, const Dims& axes);

/// Whether the order of elements decides the result: of floating sums and products.
[[nodiscard]] SINTER_API bool is_ordered(Op reduction, DType dtype);

/// The axes of a reduction: none for all of them, one, or several; negative ones count from the
/// end.
class Axes {
 public:
  Axes() = default;
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Axes(T axis) : dims_{Dim(axis)} {}                      // NOLINT: implicit
  Axes(std::initializer_list<Dim> axes) : dims_(axes) {}  // NOLINT: implicit
  explicit Axes(const Dims& axes) : dims_(axes) {}
  [[nodiscard]] const Dims& dims() const { return dims_; }

 private:
  Dims dims_;
};

namespace detail {
/// The reductions that `axes` of a tensor of this shape ask for, in turn, each with its length kept
/// as 1; and the shape that the result has in the end.
struct ReductionSteps {
  std::vector<Attributes> groups;
  Shape shape;
};
[[nodiscard]] SINTER_API ReductionSteps reduction_steps(std::string_view method, const Shape& shape,
                                                        const Axes& axes, bool keepdims);
/// Throws Error unless `method` of a tensor of this dtype, which records `op`, has a meaning:
/// dtype_mismatch, and shape_mismatch for the lowest or highest of no elements.
SINTER_API void check_reduction(std::string_view method, Op op, DType dtype, const Shape& shape,
                                const Axes& axes);
/// How many results a group of so many elements has by chunks: one even of none.
[[nodiscard]] SINTER_API std::int64_t chunks_of(std::int64_t elements, std::int64_t chunk);
/// The number of elements that are combined into one.
[[nodiscard]] SINTER_API std::int64_t reduced_count(const Shape& shape, const Shape& result);
/// Throws Error(dtype_mismatch) unless `method`, which computes on floats, is of a floating dtype.
SINTER_API void check_floating(std::string_view method, DType dtype, const Shape& shape);
/// What argmax and argmin search: `axis` of the operand under shape `from`; and the shape of the
/// result. Throws Error for several axes, and where there is nothing to be found.
struct Search {
  Shape from;
  int axis = 0;
  Shape shape;
};
[[nodiscard]] SINTER_API Search search_along(Op extreme, const Shape& shape, const Axes& axes,
                                             bool keepdims);
}  // namespace detail

/// The fluent reductions, written once for every type that stands for a tensor; see
/// StructuralMethods for what `Self` supplies, and
///   Self iota(DType dtype, const Shape& shape, std::int64_t axis = 0) const;
/// `axes` names what is reduced, each axis once; with
/// `keepdims` the result keeps them with length 1, and so broadcasts against this value. All throw
/// Error(invalid_argument) for an axis that is not there or twice.
template <typename Self>
class ReductionMethods {
 public:
  /// Of this value's dtype; integers wrap; f16 and bf16 accumulate in f32. The sum of nothing is 0.
  [[nodiscard]] Self sum(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("sum", Op::reduce_sum, axes, keepdims);
  }
  /// As sum. The product of nothing is 1.
  [[nodiscard]] Self prod(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("prod", Op::reduce_prod, axes, keepdims);
  }
  /// The lowest element, NaN if there is one, and -0 < +0. Of nothing: Error(shape_mismatch).
  [[nodiscard]] Self amin(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("amin", Op::reduce_min, axes, keepdims);
  }
  /// The highest element; see amin.
  [[nodiscard]] Self amax(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("amax", Op::reduce_max, axes, keepdims);
  }
  /// Of a mask: whether some element is true. Of nothing: false.
  [[nodiscard]] Self any(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("any", Op::reduce_any, axes, keepdims);
  }
  /// Of a mask: whether every element is true. Of nothing: true.
  [[nodiscard]] Self all(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("all", Op::reduce_all, axes, keepdims);
  }
  /// The index of the highest element, as i64: the lowest of those where equals stand (-0 equals
  /// +0), the first NaN where there is one. Along one axis, or without one in the flattened tensor.
  /// Of nothing: Error(shape_mismatch).
  [[nodiscard]] Self argmax(const Axes& axis = {}, bool keepdims = false) const {
    return index_of(Op::reduce_max, axis, keepdims);
  }
  /// The index of the lowest element; see argmax.
  [[nodiscard]] Self argmin(const Axes& axis = {}, bool keepdims = false) const {
    return index_of(Op::reduce_min, axis, keepdims);
  }
  /// sum / count; of floats. NaN of nothing. f16 and bf16 are rounded once, at the end.
  [[nodiscard]] Self mean(const Axes& axes = {}, bool keepdims = false) const {
    return in_compute_dtype("mean", [&](const Self& x) { return x.mean_of(axes, keepdims, 0); });
  }
  /// The mean of (x - mean(x))^2, its sum divided by the count minus `correction`: 0 for that of
  /// the elements, 1 for the unbiased estimate. With a correction of the count or more the divisor
  /// is 0: the result is inf, or NaN where the sum is 0, as it is of one element or none.
  [[nodiscard]] Self variance(const Axes& axes = {}, bool keepdims = false,
                              std::int64_t correction = 0) const {
    return in_compute_dtype("variance", [&](const Self& x) {
      const Self deviation = x.sub(x.mean_of(axes, true, 0));
      return deviation.mul(deviation).mean_of(axes, keepdims, correction);
    });
  }

  // Over rows these are one kernel each, with what is around them, where a row fits the cache. The
  // shift by the highest element changes no result, and so takes no part in a gradient.
  /// exp(x - m) / sum(exp(x - m)) along `axes`, with m = amax(x). NaN where m is not finite. Of
  /// nothing: empty.
  [[nodiscard]] Self softmax(const Axes& axes = -1) const {
    return in_compute_dtype("softmax", [&](const Self& x) {
      const Self power = x.sub(x.highest_of(axes).detach()).exp();
      return power.div(power.sum(axes, true));
    });
  }
  /// x - m - log(sum(exp(x - m))), the logarithm of softmax without its underflow. Of nothing:
  /// empty.
  [[nodiscard]] Self log_softmax(const Axes& axes = -1) const {
    return in_compute_dtype("log_softmax", [&](const Self& x) {
      const Self below = x.sub(x.highest_of(axes).detach());
      return below.sub(below.exp().sum(axes, true).log());
    });
  }
  /// log(sum(exp(x))) without overflow; inf where x holds inf, -inf where it is all -inf, or
  /// where there is nothing.
  [[nodiscard]] Self logsumexp(const Axes& axes = {}, bool keepdims = false) const {
    return in_compute_dtype("logsumexp", [&](const Self& x) {
      const Self highest = x.highest_of(axes);
      const Self shift = highest.isinf().select(0, highest).detach();
      const Self total = x.sub(shift).exp().sum(axes, true).log().add(shift);
      const Shape shape = detail::reduction_steps("logsumexp", x.shape(), axes, keepdims).shape;
      return total.shape() == shape ? total : total.reshape(shape);
    });
  }
  /// (x - mean) / sqrt(variance + epsilon) along `axes`; weight and bias are ops behind it.
  [[nodiscard]] Self layer_norm(const Axes& axes = -1, Scalar epsilon = 1e-5) const {
    return in_compute_dtype("layer_norm", [&](const Self& x) {
      const Self centred = x.sub(x.mean_of(axes, true, 0));
      const Self variance = centred.mul(centred).mean_of(axes, true, 0);
      return centred.div(variance.add(epsilon).sqrt());
    });
  }

 private:
  friend Self;
  ReductionMethods() = default;

  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }

  /// `body` of this value, in f32 where it is a 16-bit float, and the result rounded once.
  [[nodiscard]] Self in_compute_dtype(std::string_view method, auto&& body) const {
    const DType dtype = self().dtype();
    detail::check_floating(method, dtype, self().shape());
    return is_storage_float(dtype) ? body(self().convert(DType::f32)).convert(dtype) : body(self());
  }

  /// The sum divided by what the correction leaves of the count, which is not below 0.
  [[nodiscard]] Self mean_of(const Axes& axes, bool keepdims, std::int64_t correction) const {
    const Self total = sum(axes, keepdims);
    const auto count = static_cast<double>(detail::reduced_count(self().shape(), total.shape()));
    const double left = count - static_cast<double>(correction);
    return total.div(total.constant(left > 0 ? left : 0));
  }

  /// The highest elements along `axes`, which are kept; 0 of nothing.
  [[nodiscard]] Self highest_of(const Axes& axes) const {
    const Shape& from = self().shape();
    const Shape kept = detail::reduction_steps("amax", from, axes, true).shape;
    const bool nothing = detail::reduced_count(from, kept) == 0;
    return nothing ? sum(axes, true) : self().amax(axes, true);
  }

  /// The lowest index at which the extreme stands, which no -0 keeps from equal +0, or NaN.
  [[nodiscard]] Self index_of(Op extreme, const Axes& axes, bool keepdims) const {
    const auto [from, axis, shape] = detail::search_along(extreme, self().shape(), axes, keepdims);
    Self x = self().shape() == from ? self() : self().reshape(from);
    if (x.dtype() == DType::boolean) x = x.convert(DType::u8);
    const Self same = x.equal(x.reduce(info(extreme).name, extreme, axis, true));
    const Self found = is_floating(x.dtype()) ? same.logical_or(x.isnan()) : same;
    // Vectors hold twice as many indices of 32 bits.
    constexpr std::int64_t kNarrow = std::numeric_limits<std::int32_t>::max();
    const bool narrow = from[axis] <= kNarrow;
    const Self index = x.iota(narrow ? DType::i32 : DType::i64, from, axis);
    const Self candidates = found.select(index, index.constant(narrow ? kNarrow : kMaxElements));
    const bool keeps = shape.rank() == from.rank();
    const Self first = candidates.amin(axis, keeps).convert(DType::i64);
    return first.shape() == shape ? first : first.reshape(shape);
  }

  [[nodiscard]] Self reduce(std::string_view method, Op op, const Axes& axes, bool keepdims) const {
    detail::check_reduction(method, op, self().dtype(), self().shape(), axes);
    const auto [groups, shape] = detail::reduction_steps(method, self().shape(), axes, keepdims);
    const DType dtype = self().dtype();
    const bool recasts = groups.size() > 1 && is_storage_float(dtype);  // to round once
    Self result = self().shape().empty() ? self().reshape({1}) : self();
    if (recasts) result = result.recast(compute_dtype(dtype));
    for (const Attributes& group : groups) {
      result = Self::apply(op, std::span<const Self>(&result, 1), group);
    }
    if (recasts) result = result.recast(dtype);
    return result.shape() == shape ? result : result.reshape(shape);
  }
};

}  // namespace sinter
