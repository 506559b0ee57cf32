// The fluent elementwise methods, written once for every type that stands for a tensor.
//
// `Self` supplies:
//   static Self apply(Op, std::span<const Self> operands, const Attributes&);
//   Self scalar(Scalar) const;   // a scalar of this tensor's dtype, beside it in the same graph
//   DType dtype() const;
//   const Shape& shape() const;
// Shapes broadcast as in NumPy; dtypes must be equal and never promote; a bare number takes the
// dtype of the tensor it meets. All methods throw Error: shape_mismatch, dtype_mismatch, or
// invalid_graph for operands of different graphs.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <type_traits>

#include <sinter/ir/dtype.h>
#include <sinter/ir/export.h>
#include <sinter/ir/op.h>
#include <sinter/ir/shape.h>

namespace sinter {

namespace detail {
[[noreturn]] SINTER_API void refuse_inexact_scalar();
/// Throws Error(dtype_mismatch) unless `op` takes a first operand of this dtype. Called before
/// numbers are converted to that dtype, so that the message blames the operand and no number.
SINTER_API void check_first_operand(Op op, DType dtype, const Shape& shape);
/// To nearest, whatever rounding mode the caller has set.
[[nodiscard]] SINTER_API double nearest_double(long double value);

/// Exact. A subnormal goes through integers: the caller may have set that floats take it for 0.
[[nodiscard]] constexpr double widened(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7f800000) != 0) return static_cast<double>(value);
  const double magnitude = static_cast<double>(bits & 0x007fffff) * 0x1p-149;
  return (bits >> 31) != 0 ? -magnitude : magnitude;
}
}  // namespace detail

/// A number that a user gives beside tensors: kept as f64, rounded to the compute dtype where it
/// is used. Never a bool: `x.leaky_relu(true)` does not compile. Throws Error(invalid_argument) for
/// an integer that no f64 holds (beyond 2^53, and odd there).
class Scalar {
 public:
  template <typename T>
    requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>)
  constexpr Scalar(T value) : value_(as_double(value)) {  // NOLINT: implicit
    if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
      // An f64 at 2^63 or 2^64 was rounded up from what T holds.
      const double above = std::is_signed_v<T> ? 0x1p63 : 0x1p64;
      if (value_ >= above || static_cast<T>(value_) != value) detail::refuse_inexact_scalar();
    }
  }
  Scalar(bool) = delete;
  [[nodiscard]] constexpr double value() const { return value_; }
  /// Whether it is +0 or -0; a subnormal number is not, whatever the caller has set.
  [[nodiscard]] constexpr bool is_zero() const {
    return (std::bit_cast<std::uint64_t>(value_) << 1) == 0;
  }

 private:
  /// The same in every floating-point environment.
  template <typename T>
  [[nodiscard]] static constexpr double as_double(T value) {
    if constexpr (std::same_as<T, float>) return detail::widened(value);
    if constexpr (std::same_as<T, long double>) {
      if (!std::is_constant_evaluated()) return detail::nearest_double(value);
    }
    return static_cast<double>(value);
  }

  double value_;
};

/// What some ops need beside their operands.
struct Attributes {
  std::optional<DType> dtype;              ///< of `convert` and `bitcast`
  std::optional<Shape> shape;              ///< of `broadcast`, `reshape` and `slice`
  std::array<Dims, kMaxLists> lists = {};  ///< of structural ops and reductions, as rows name them
  std::optional<LookupTable> table = {};   ///< of `lut16`
};

/// A tensor or a number, as the second operand of a method. Refers to the tensor: use it as a
/// parameter only.
template <typename Self>
class Operand {
 public:
  Operand(const Self& tensor) : tensor_(&tensor) {}  // NOLINT: implicit
  template <typename T>
    requires std::constructible_from<Scalar, T>
  Operand(T number) : scalar_(Scalar(number)) {}  // NOLINT: implicit
  /// The tensor itself, or the number as a scalar beside `like`.
  [[nodiscard]] Self beside(const Self& like) const {
    return tensor_ != nullptr ? *tensor_ : like.scalar(scalar_);
  }
  [[nodiscard]] bool is_number() const { return tensor_ == nullptr; }

 private:
  const Self* tensor_ = nullptr;
  Scalar scalar_ = 0;
};

/// Options of leaky_relu, for calls that read `x.leaky_relu({.negative_slope = 0.2})`.
struct LeakyReluOptions {
  double negative_slope = 0.01;
};

template <typename Self>
class ElementwiseMethods {
 public:
  using Other = Operand<Self>;

  // Arithmetic. Floats: IEEE-754, each op rounded once (f16 and bf16 compute in f32). Integers
  // wrap.
  [[nodiscard]] Self add(const Other& b) const { return binary(Op::add, b); }
  [[nodiscard]] Self sub(const Other& b) const { return binary(Op::sub, b); }
  [[nodiscard]] Self mul(const Other& b) const { return binary(Op::mul, b); }
  /// Integers truncate towards zero; x / 0 is 0 and the lowest value / -1 is itself.
  [[nodiscard]] Self div(const Other& b) const { return binary(Op::div, b); }
  /// x * b + c with one rounding. sinter never forms it from a mul and an add by itself.
  [[nodiscard]] Self fma(const Other& b, const Other& c) const {
    return apply(Op::fma, {self(), b.beside(self()), c.beside(self())});
  }
  /// IEEE-754 minimum: NaN if either operand is NaN, and -0 < +0.
  [[nodiscard]] Self min(const Other& b) const { return binary(Op::min, b); }
  /// IEEE-754 maximum: NaN if either operand is NaN, and -0 < +0.
  [[nodiscard]] Self max(const Other& b) const { return binary(Op::max, b); }
  [[nodiscard]] Self neg() const { return unary(Op::neg); }
  [[nodiscard]] Self abs() const { return unary(Op::abs); }
  [[nodiscard]] Self sqrt() const { return unary(Op::sqrt); }
  [[nodiscard]] Self floor() const { return unary(Op::floor); }
  [[nodiscard]] Self ceil() const { return unary(Op::ceil); }
  [[nodiscard]] Self trunc() const { return unary(Op::trunc); }
  /// To the nearest integer, ties to even.
  [[nodiscard]] Self round() const { return unary(Op::round); }

  // Whole quotients and what they leave, in both conventions. Of integers by 0 the quotient is 0
  // and the remainder this value; of floats they are x / 0 and NaN, and for infinities as in NumPy.
  /// Rounded towards -inf, as Python's //. Of floats (x - remainder) / b, rounded to an integer.
  [[nodiscard]] Self floor_divide(const Other& b) const { return binary(Op::floor_divide, b); }
  /// With the sign of b, as Python's %. Of floats fmod, and b more where the signs differ.
  [[nodiscard]] Self remainder(const Other& b) const { return binary(Op::remainder, b); }
  /// With the sign of this value, as C's % and fmod: exact on floats too, however large the
  /// quotient.
  [[nodiscard]] Self fmod(const Other& b) const { return binary(Op::fmod, b); }

  // On integers, bit by bit.
  [[nodiscard]] Self bit_and(const Other& b) const { return binary(Op::bit_and, b); }
  [[nodiscard]] Self bit_or(const Other& b) const { return binary(Op::bit_or, b); }
  [[nodiscard]] Self bit_xor(const Other& b) const { return binary(Op::bit_xor, b); }
  [[nodiscard]] Self bit_not() const { return unary(Op::bit_not); }
  /// By the width or more, and by a negative count, gives 0.
  [[nodiscard]] Self shift_left(const Other& count) const { return binary(Op::shift_left, count); }
  /// Arithmetic on signed integers: by the width or more, and by a negative count, the sign is
  /// left.
  [[nodiscard]] Self shift_right(const Other& count) const {
    return binary(Op::shift_right, count);
  }

  // Comparisons give bool masks. NaN is unequal to everything and in no order.
  [[nodiscard]] Self equal(const Other& b) const { return binary(Op::equal, b); }
  [[nodiscard]] Self not_equal(const Other& b) const { return binary(Op::not_equal, b); }
  [[nodiscard]] Self less(const Other& b) const { return binary(Op::less, b); }
  [[nodiscard]] Self less_equal(const Other& b) const { return binary(Op::less_equal, b); }
  [[nodiscard]] Self greater(const Other& b) const { return binary(Op::greater, b); }
  [[nodiscard]] Self greater_equal(const Other& b) const { return binary(Op::greater_equal, b); }

  // On bool masks.
  [[nodiscard]] Self logical_and(const Self& b) const { return binary(Op::logical_and, b); }
  [[nodiscard]] Self logical_or(const Self& b) const { return binary(Op::logical_or, b); }
  [[nodiscard]] Self logical_xor(const Self& b) const { return binary(Op::logical_xor, b); }
  [[nodiscard]] Self logical_not() const { return unary(Op::logical_not); }
  /// This mask ? a : b, element by element.
  [[nodiscard]] Self select(const Self& a, const Other& b) const {
    return apply(Op::select, {self(), a, b.beside(a)});
  }
  /// condition ? this value : b, element by element.
  [[nodiscard]] Self where(const Self& condition, const Other& b) const {
    return condition.select(self(), b);
  }
  [[nodiscard]] Self isnan() const { return unary(Op::isnan); }
  [[nodiscard]] Self isinf() const { return unary(Op::isinf); }
  [[nodiscard]] Self isfinite() const { return unary(Op::isfinite); }
  [[nodiscard]] Self select(Scalar a, const Self& b) const {
    return apply(Op::select, {self(), b.scalar(a), b});
  }

  /// x > 0 ? x : x * negative_slope. Same shape and dtype; gradient non-zero everywhere unless
  /// the slope is 0, which is what keeps neurons from dying as they can behind relu.
  ///
  /// At +0, -0 and NaN the second branch holds. Slopes of 0.001 to 0.3 are usual; 1 is the
  /// identity; above 0.5 negative values grow large through many layers; a tiny slope is nearly
  /// relu, but slope 0 is not relu: -inf gives NaN and negatives give -0. Any slope is legal,
  /// negative, inf and NaN included, and follows the formula. relu is the better choice where exact
  /// zeros are wanted, of values or of gradients, as by what makes use of sparsity.
  [[nodiscard]] Self leaky_relu(Scalar negative_slope = 0.01) const {
    return with_number(Op::leaky_relu, negative_slope);
  }
  [[nodiscard]] Self leaky_relu(LeakyReluOptions options) const {
    return leaky_relu(Scalar(options.negative_slope));
  }
  /// x < 0 ? 0 : x. NaN and -0 stay as they are.
  [[nodiscard]] Self relu() const { return unary(Op::relu); }
  /// leaky_relu with a slope per element; `weight` broadcasts against x as in NumPy.
  [[nodiscard]] Self prelu(const Self& weight) const { return binary(Op::prelu, weight); }
  /// clamp(x, 0, 6).
  [[nodiscard]] Self relu6() const { return unary(Op::relu6); }
  /// t = x < low ? low : x; t > high ? high : t. NaN if x or a bound is NaN; with low > high the
  /// result is high.
  [[nodiscard]] Self clamp(Scalar low, Scalar high) const {
    return with_numbers(Op::clamp, low, high);
  }
  /// As above, with a bound for every element; bounds broadcast.
  [[nodiscard]] Self clamp(const Self& low, const Self& high) const {
    return apply(Op::clip, {self(), low, high});
  }
  /// clamp between -1 and 1 unless said otherwise.
  [[nodiscard]] Self hardtanh(Scalar low = -1, Scalar high = 1) const {
    return with_numbers(Op::hardtanh, low, high);
  }
  /// x / (1 + |x|); NaN at +-inf.
  [[nodiscard]] Self softsign() const { return unary(Op::softsign); }
  /// x <= threshold ? value : x. NaN stays.
  [[nodiscard]] Self threshold(Scalar threshold, Scalar value) const {
    return with_numbers(Op::threshold, threshold, value);
  }
  /// 0 where |x| <= lambda, else x moved towards 0 by lambda. NaN stays.
  [[nodiscard]] Self softshrink(Scalar lambda = 0.5) const {
    return with_number(Op::softshrink, lambda);
  }
  /// 0 where |x| <= lambda, else x. NaN stays.
  [[nodiscard]] Self hardshrink(Scalar lambda = 0.5) const {
    return with_number(Op::hardshrink, lambda);
  }
  /// From this value (weight 0) to `end` (weight 1), exact at both: x + weight * (end - x) for
  /// weight < 0.5, else end - (end - x) * (1 - weight).
  [[nodiscard]] Self lerp(const Self& end, const Other& weight) const {
    return apply(Op::lerp, {self(), end, weight.beside(self())});
  }
  /// relu6(x + 3) / 6.
  [[nodiscard]] Self hardsigmoid() const { return unary(Op::hardsigmoid); }
  /// x * relu6(x + 3) / 6, from left to right.
  [[nodiscard]] Self hardswish() const { return unary(Op::hardswish); }
  /// 1, -1, or x itself where x is +0, -0 or NaN.
  [[nodiscard]] Self sign() const { return unary(Op::sign); }
  /// x * x.
  [[nodiscard]] Self square() const { return unary(Op::square); }
  /// This value, through which no gradient flows; of any dtype, and free.
  [[nodiscard]] Self detach() const { return unary(Op::detach); }

  // Functions, on floats. "Within 1 ULP": at most one unit in the last place of the result off the
  // exact value, for every f32, subnormal results included; in f64 it is 2 ULP where no more is
  // said (tested on some ten million values). 16-bit floats compute in f32. NaN gives NaN.

  /// e^x, within 1 ULP. 0 at -inf, inf at inf and from 88.73 on (f64: 709.8).
  [[nodiscard]] Self exp() const { return unary(Op::exp); }
  /// 2^x, within 1 ULP; exact for integers.
  [[nodiscard]] Self exp2() const { return unary(Op::exp2); }
  /// e^x - 1 without cancellation, within 1 ULP. -0 at -0, -1 at -inf.
  [[nodiscard]] Self expm1() const { return unary(Op::expm1); }
  /// The natural logarithm, within 1 ULP. -inf at +0 and -0, NaN below, inf at inf.
  [[nodiscard]] Self log() const { return unary(Op::log); }
  /// The logarithm to base 2, within 2 ULP; exact for powers of two. Special values as log.
  [[nodiscard]] Self log2() const { return unary(Op::log2); }
  /// log(1 + x) without cancellation, within 1.3 ULP. -0 at -0, -inf at -1, NaN below.
  [[nodiscard]] Self log1p() const { return unary(Op::log1p); }
  /// 1 / sqrt(x), each rounded: within 1.5 ULP. inf at +0, -inf at -0, NaN below, 0 at inf.
  [[nodiscard]] Self rsqrt() const { return unary(Op::rsqrt); }
  /// x^exponent, by a number or a tensor, within 1 ULP; exact where the power is a float. NaN for
  /// negative x unless the exponent is whole; 1 for exponent 0 and for x = 1, beside NaN too; other
  /// special values as IEEE 754 has them.
  [[nodiscard]] Self pow(const Other& exponent) const { return binary(Op::pow, exponent); }
  /// The sine of an angle in radians, within 1 ULP however large it is. -0 at -0, NaN at +-inf.
  [[nodiscard]] Self sin() const { return unary(Op::sin); }
  /// The cosine of an angle in radians, within 1 ULP however large it is. NaN at +-inf.
  [[nodiscard]] Self cos() const { return unary(Op::cos); }
  /// 1 / (1 + e^-x), within 1 ULP also where that is small. 0 at -inf, 1 at inf.
  [[nodiscard]] Self sigmoid() const { return unary(Op::sigmoid); }
  /// log(sigmoid(x)) = -softplus(-x), within 2 ULP. -inf at -inf, -0 at inf.
  [[nodiscard]] Self logsigmoid() const { return unary(Op::logsigmoid); }
  /// The hyperbolic tangent, within 1.1 ULP. -0 at -0, -1 at -inf, 1 at inf.
  [[nodiscard]] Self tanh() const { return unary(Op::tanh); }
  /// 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x, within 1.1 ULP. -0 at -0, -1 at -inf.
  [[nodiscard]] Self erf() const { return unary(Op::erf); }
  /// 1 - erf(x) without cancellation, within 2 ULP also where that is small. 2 at -inf, 0 at inf.
  [[nodiscard]] Self erfc() const { return unary(Op::erfc); }
  /// x * (1 + erf(x / sqrt 2)) / 2, within 2 ULP, relative to the small results of negative x too.
  /// -0 at -inf and at -0, inf at inf.
  [[nodiscard]] Self gelu() const { return unary(Op::gelu); }
  /// x * sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)): gelu by tanh, within 2 ULP. Special values as
  /// gelu.
  [[nodiscard]] Self gelu_tanh() const { return unary(Op::gelu_tanh); }
  /// x * sigmoid(x), within 2 ULP. Special values as gelu.
  [[nodiscard]] Self silu() const { return unary(Op::silu); }
  /// log(1 + e^x), within 2 ULP. 0 at -inf, inf at inf.
  [[nodiscard]] Self softplus() const { return unary(Op::softplus); }
  /// x * tanh(softplus(x)), within 3.6 ULP. Special values as gelu.
  [[nodiscard]] Self mish() const { return unary(Op::mish); }
  /// x > 0 ? x : alpha * expm1(x), within 2 ULP.
  [[nodiscard]] Self elu(Scalar alpha = 1) const { return with_number(Op::elu, alpha); }
  /// x > 0 ? x : alpha * expm1(x / alpha), within 3 ULP; 2 for alpha = 1.
  [[nodiscard]] Self celu(Scalar alpha = 1) const { return with_number(Op::celu, alpha); }
  /// 1.0507009873554805 * (x > 0 ? x : 1.6732632423543773 * expm1(x)), within 2 ULP.
  [[nodiscard]] Self selu() const { return unary(Op::selu); }

  /// table[index & 15], with this value as the index: i32 for a result of f32, i64 for f64, to
  /// which the numbers of the table are rounded. They belong to the structure, as constants do.
  [[nodiscard]] Self lut16(const LookupTable& table) const {
    Attributes attributes;
    attributes.table = table;
    return apply(Op::lut16, {self()}, attributes);
  }

  /// To another dtype: floats rounded to nearest even; to an integer, floats are truncated and
  /// saturated (NaN gives 0) and integers wrap; bool is x != 0, and true gives 1. A 16-bit float is
  /// made of an f64 by one rounding, of an integer by way of f32.
  [[nodiscard]] Self convert(DType dtype) const {
    return apply(Op::convert, {self()}, {.dtype = dtype, .shape = std::nullopt});
  }
  /// The same number as another floating dtype: into and out of the dtype in which what counts as
  /// one op computes. To f32 it is exact. To f16 and bf16 it is rounded where the result of an op
  /// is, see Rounding; in other dtypes it is convert.
  [[nodiscard]] Self recast(DType dtype) const {
    return apply(Op::recast, {self()}, {.dtype = dtype, .shape = std::nullopt});
  }
  /// The same bits as another dtype of the same width. Every NaN becomes the one quiet NaN first.
  /// To bool is refused: not all its bits are values.
  [[nodiscard]] Self bitcast(DType dtype) const {
    return apply(Op::bitcast, {self()}, {.dtype = dtype, .shape = std::nullopt});
  }
  /// To a larger shape, as NumPy's broadcast_to.
  [[nodiscard]] Self broadcast_to(const Shape& shape) const {
    return apply(Op::broadcast, {self()}, {.dtype = std::nullopt, .shape = shape});
  }

  friend Self operator+(const Self& a, const Self& b) { return a.add(b); }
  friend Self operator+(const Self& a, Scalar b) { return a.add(b); }
  friend Self operator+(Scalar a, const Self& b) { return b.scalar(a).add(b); }
  friend Self operator-(const Self& a, const Self& b) { return a.sub(b); }
  friend Self operator-(const Self& a, Scalar b) { return a.sub(b); }
  friend Self operator-(Scalar a, const Self& b) { return b.scalar(a).sub(b); }
  friend Self operator*(const Self& a, const Self& b) { return a.mul(b); }
  friend Self operator*(const Self& a, Scalar b) { return a.mul(b); }
  friend Self operator*(Scalar a, const Self& b) { return b.scalar(a).mul(b); }
  friend Self operator/(const Self& a, const Self& b) { return a.div(b); }
  friend Self operator/(const Self& a, Scalar b) { return a.div(b); }
  friend Self operator/(Scalar a, const Self& b) { return b.scalar(a).div(b); }
  friend Self operator-(const Self& a) { return a.neg(); }

 private:
  friend Self;  // and nobody else may have this base: self() casts to Self
  ElementwiseMethods() = default;

  [[nodiscard]] const Self& self() const { return static_cast<const Self&>(*this); }
  static Self apply(Op op, std::initializer_list<Self> operands,
                    const Attributes& attributes = {}) {
    return Self::apply(op, std::span<const Self>(operands.begin(), operands.size()), attributes);
  }
  [[nodiscard]] Self unary(Op op) const { return apply(op, {self()}); }
  [[nodiscard]] Self binary(Op op, const Other& b) const {
    if (b.is_number()) check_first_operand(op);
    return apply(op, {self(), b.beside(self())});
  }
  [[nodiscard]] Self with_number(Op op, Scalar number) const {
    check_first_operand(op);
    return apply(op, {self(), self().scalar(number)});
  }
  [[nodiscard]] Self with_numbers(Op op, Scalar first, Scalar second) const {
    check_first_operand(op);
    const Self a = self().scalar(first);
    const Self b = self().scalar(second);
    return apply(op, {self(), a, b});
  }
  void check_first_operand(Op op) const {
    detail::check_first_operand(op, self().dtype(), self().shape());
  }
};

}  // namespace sinter
