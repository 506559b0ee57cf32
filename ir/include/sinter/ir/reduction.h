// Reductions over axes, and the order in which they combine elements.
//
// The order is part of the definition, so the bits do not depend on the backend, the number of
// threads or the vector width. Neighbouring reduced axes form a group; axes of length 1 do not
// separate groups. Groups are reduced one after the other, the innermost first. The elements x of
// a group, in row-major order, are cut into chunks of C elements, with
//   W = 1 if an axis longer than 1 follows the group, else reduction_lanes(dtype)
//   C = kChunkSteps * W
// In each chunk the lanes a[0 .. W - 1] start at the identity and accumulate in ascending order of
// i: a[i mod W] = a[i mod W] op x[i]. Then they are folded by halves, for h = W/2, ..., 2, 1:
// a[j] = a[j] op a[j + h] for j < h. The result of the chunk is a[0]. The results of several
// chunks, in their order, are reduced by the same rule.
//
// The pass `chunk_reductions` may split a reduction into two nodes: one stops at the results of
// chunks, the other one reduces these. The chunks then have C, C * C, ... elements, or any number
// if the order does not affect the result.
//
// The identity leaves every element unchanged: +0, 1, +-inf, the lowest or highest integer, true or
// false. So the sum of no elements is +0 and the product 1, and no sum is -0.
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

/// Number of elements of a chunk that each lane accumulates.
inline constexpr std::int64_t kChunkSteps = 32;

/// Number of lanes W of a reduction over the last axis: 256 bytes of elements of the compute dtype.
[[nodiscard]] SINTER_API std::int64_t reduction_lanes(DType dtype);
/// The primitive by which a reduction combines two elements. Throws Error(invalid_argument) if
/// `reduction` is not a reduction.
[[nodiscard]] SINTER_API Op combiner(Op reduction);
/// Bits of the identity of a reduction (see element.h).
[[nodiscard]] SINTER_API std::uint64_t identity_bits(Op reduction, DType dtype);
/// Number of elements C of a chunk. `rows` is true if no axis longer than 1 follows the group.
[[nodiscard]] SINTER_API std::int64_t chunk_elements(DType dtype, bool rows);

/// Numbers of elements of a shape before, in and after a group of reduced axes: products of the
/// lengths of these axes.
struct GroupExtents {
  std::int64_t outer = 1;
  std::int64_t group = 1;
  std::int64_t inner = 1;
};
/// Returns the extents for a group of neighbouring `axes` in ascending order, at least one.
[[nodiscard]] SINTER_API GroupExtents group_extents(const Shape& shape, const Dims& axes);

/// True if the order of the elements affects the bits: for sums and products of floats.
[[nodiscard]] SINTER_API bool is_ordered(Op reduction, DType dtype);

/// The axes of a reduction: one or several. No axes mean all of them. Negative axes count from the
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
/// The reduction nodes that a method records, and the shape of its result.
struct ReductionSteps {
  std::vector<ReductionAttributes> groups;  ///< of each node, in order
  Shape shape;
};
/// Returns the steps for a reduction of `axes` of a tensor of shape `shape`. `method` is the name
/// in messages. Throws Error(invalid_argument) for axes that do not exist or repeat.
[[nodiscard]] SINTER_API ReductionSteps reduction_steps(std::string_view method, const Shape& shape,
                                                        const Axes& axes, bool keepdims);
/// Throws Error unless `method`, which records `op`, is defined on a tensor of this dtype and
/// shape: dtype_mismatch, or shape_mismatch for the lowest or highest of no elements.
SINTER_API void check_reduction(std::string_view method, Op op, DType dtype, const Shape& shape,
                                const Axes& axes);
/// Number of chunks of `chunk` elements in a group of `elements`; 1 if there are no elements.
[[nodiscard]] SINTER_API std::int64_t chunks_of(std::int64_t elements, std::int64_t chunk);
/// Number of elements of `shape` that a reduction to `result` combines into each element.
[[nodiscard]] SINTER_API std::int64_t reduced_count(const Shape& shape, const Shape& result);
/// Throws Error(dtype_mismatch) unless `dtype` is floating. `method` is the name in the message.
SINTER_API void check_floating(std::string_view method, DType dtype, const Shape& shape);
/// What argmax and argmin search.
struct Search {
  Shape from;    ///< shape to which the operand is reshaped first
  int axis = 0;  ///< axis of `from` along which to search
  Shape shape;   ///< shape of the result
};
/// Returns the search for `extreme`, reduce_max or reduce_min. Throws Error: invalid_argument for
/// several axes, shape_mismatch if the axis has no elements.
[[nodiscard]] SINTER_API Search search_along(Op extreme, const Shape& shape, const Axes& axes,
                                             bool keepdims);
}  // namespace detail

/// The methods of tensors that reduce axes: a base class of Value and of Tensor. The type `Self`
/// supplies the members that elementwise.h names, and also
///   Self iota(DType dtype, const Shape& shape, std::int64_t axis = 0) const;
///   Self constant(Scalar number) const;
///
/// Methods reduce `axes`. With `keepdims` the result has the reduced axes with length 1, so that it
/// broadcasts with this value; else it lacks them. All methods throw Error: invalid_argument for an
/// axis that does not exist or is given twice; dtype_mismatch for a dtype that the method does not
/// take (`any` and `all` take bool); invalid_graph and limit_exceeded as elementwise.h says.
template <typename Self>
class ReductionMethods {
 public:
  /// The sum, of the dtype of this value. Integers wrap; f16 and bf16 accumulate in f32. The sum of
  /// no elements is 0.
  [[nodiscard]] Self sum(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("sum", Op::reduce_sum, axes, keepdims);
  }
  /// The product, with dtypes as for sum. The product of no elements is 1.
  [[nodiscard]] Self prod(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("prod", Op::reduce_prod, axes, keepdims);
  }
  /// The lowest element; NaN if any element is NaN; -0 < +0. Throws Error(shape_mismatch) if there
  /// are no elements.
  [[nodiscard]] Self amin(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("amin", Op::reduce_min, axes, keepdims);
  }
  /// The highest element; otherwise as amin.
  [[nodiscard]] Self amax(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("amax", Op::reduce_max, axes, keepdims);
  }
  /// True if any element of a mask is true; false if there are no elements.
  [[nodiscard]] Self any(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("any", Op::reduce_any, axes, keepdims);
  }
  /// True if all elements of a mask are true, or if there are none.
  [[nodiscard]] Self all(const Axes& axes = {}, bool keepdims = false) const {
    return reduce("all", Op::reduce_all, axes, keepdims);
  }
  /// Index of the highest element along one axis, or without an axis in the flattened tensor, as
  /// i64. Of several equal elements the lowest index; -0 equals +0. If any element is NaN, the
  /// index of the first NaN. Throws Error(shape_mismatch) if there are no elements.
  [[nodiscard]] Self argmax(const Axes& axis = {}, bool keepdims = false) const {
    return index_of(Op::reduce_max, axis, keepdims);
  }
  /// Index of the lowest element; otherwise as argmax.
  [[nodiscard]] Self argmin(const Axes& axis = {}, bool keepdims = false) const {
    return index_of(Op::reduce_min, axis, keepdims);
  }
  /// sum / count, of floats; NaN if there are no elements. f16 and bf16 are rounded once, at the
  /// end.
  [[nodiscard]] Self mean(const Axes& axes = {}, bool keepdims = false) const {
    return in_compute_dtype("mean", [&](const Self& x) { return x.mean_of(axes, keepdims, 0); });
  }
  /// sum((x - mean(x))^2) / max(count - correction, 0), of floats. Correction 0 gives the variance
  /// of the elements, 1 the unbiased estimate. If the divisor is 0, the result is inf, or NaN if
  /// the sum is 0, as for one element with correction 1, or for no elements.
  [[nodiscard]] Self variance(const Axes& axes = {}, bool keepdims = false,
                              std::int64_t correction = 0) const {
    return in_compute_dtype("variance", [&](const Self& x) {
      const Self deviation = x.sub(x.mean_of(axes, true, 0));
      return deviation.mul(deviation).mean_of(axes, keepdims, correction);
    });
  }

  // Over rows, each of these is one kernel together with the ops around it, if a row fits in the
  // cache. They subtract the highest element to avoid overflow. This does not change the exact
  // result, so no gradient flows through it.
  /// exp(x - m) / sum(exp(x - m)) along `axes`, with m = amax(x). NaN if m is not finite. Empty if
  /// x is.
  [[nodiscard]] Self softmax(const Axes& axes = -1) const {
    return in_compute_dtype("softmax", [&](const Self& x) {
      const Self power = x.sub(x.highest_of(axes).detach()).exp();
      return power.div(power.sum(axes, true));
    });
  }
  /// x - m - log(sum(exp(x - m))) along `axes`, with m = amax(x): the logarithm of softmax without
  /// its underflow. Empty if x is.
  [[nodiscard]] Self log_softmax(const Axes& axes = -1) const {
    return in_compute_dtype("log_softmax", [&](const Self& x) {
      const Self shifted = x.sub(x.highest_of(axes).detach());
      return shifted.sub(shifted.exp().sum(axes, true).log());
    });
  }
  /// log(sum(exp(x))) without overflow. inf if any element is inf; -inf if all are -inf, or if
  /// there are none.
  [[nodiscard]] Self logsumexp(const Axes& axes = {}, bool keepdims = false) const {
    return in_compute_dtype("logsumexp", [&](const Self& x) {
      const Self highest = x.highest_of(axes);
      const Self shift = highest.isinf().select(0, highest).detach();
      const Self total = x.sub(shift).exp().sum(axes, true).log().add(shift);
      const Shape shape = detail::reduction_steps("logsumexp", x.shape(), axes, keepdims).shape;
      return total.shape() == shape ? total : total.reshape(shape);
    });
  }
  /// (x - mean) / sqrt(variance + epsilon) along `axes`. Apply weight and bias to the result.
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

  /// Returns `body` of this value. f16 and bf16 are computed in f32, and the result is rounded
  /// once.
  [[nodiscard]] Self in_compute_dtype(std::string_view method, auto&& body) const {
    const DType dtype = self().dtype();
    detail::check_floating(method, dtype, self().shape());
    return is_storage_float(dtype) ? body(self().convert(DType::f32)).convert(dtype) : body(self());
  }

  /// The sum divided by max(count - correction, 0).
  [[nodiscard]] Self mean_of(const Axes& axes, bool keepdims, std::int64_t correction) const {
    const Self total = sum(axes, keepdims);
    const auto count = static_cast<double>(detail::reduced_count(self().shape(), total.shape()));
    const double left = count - static_cast<double>(correction);
    return total.div(total.constant(left > 0 ? left : 0));
  }

  /// amax with keepdims, but 0 instead of an error if there are no elements.
  [[nodiscard]] Self highest_of(const Axes& axes) const {
    const Shape& from = self().shape();
    const Shape kept = detail::reduction_steps("amax", from, axes, true).shape;
    const bool is_empty = detail::reduced_count(from, kept) == 0;
    return is_empty ? sum(axes, true) : self().amax(axes, true);
  }

  /// The lowest index of an element that equals the extreme, or of a NaN if there is one.
  [[nodiscard]] Self index_of(Op extreme, const Axes& axes, bool keepdims) const {
    const auto [from, axis, shape] = detail::search_along(extreme, self().shape(), axes, keepdims);
    Self x = self().shape() == from ? self() : self().reshape(from);
    if (x.dtype() == DType::boolean) x = x.convert(DType::u8);
    const Self same = x.equal(x.reduce(info(extreme).name, extreme, axis, true));
    const Self found = is_floating(x.dtype()) ? same.logical_or(x.isnan()) : same;
    // A vector holds twice as many 32-bit indices as 64-bit ones.
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
    // Several groups count as one op on 16-bit floats: only the last result is rounded.
    const bool recasts = groups.size() > 1 && is_storage_float(dtype);
    Self result = self().shape().empty() ? self().reshape({1}) : self();
    if (recasts) result = result.recast(compute_dtype(dtype));
    for (const ReductionAttributes& group : groups) {
      result = Self::apply(op, std::span<const Self>(&result, 1), group.generic());
    }
    if (recasts) result = result.recast(dtype);
    return result.shape() == shape ? result : result.reshape(shape);
  }
};

}  // namespace sinter
