// ElementwiseMethods: the elementwise methods of tensors. A base class of Value and of Tensor.
//
// The type `Self` that derives from it supplies:
//   static Self apply(Op, std::span<const Self> operands, const Attributes&);
//   Self scalar(Scalar) const;   // a scalar of this tensor's dtype, in the same graph
//   DType dtype() const;
//   const Shape& shape() const;
// Shapes broadcast as in NumPy. Dtypes must be equal and never promote; a number has the dtype of
// the tensor beside it. All methods throw Error: shape_mismatch; dtype_mismatch; invalid_argument
// (a number that an integer dtype does not hold); invalid_graph (operands of different graphs, or a
// Value without a tensor); limit_exceeded (too many nodes, axes or elements, or a lack of memory).
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>

#include <sinter/ir/attributes.h>
#include <sinter/ir/dtype.h>
#include <sinter/ir/export.h>
#include <sinter/ir/op.h>
#include <sinter/ir/shape.h>

namespace sinter {

namespace detail {
/// Throws Error(invalid_argument) for an integer that is not exact in f64.
[[noreturn]] SINTER_API void refuse_inexact_scalar();
/// Throws Error(dtype_mismatch) unless `op` accepts a first operand of dtype `dtype`. Called before
/// numbers are converted to that dtype, so that the message names the operand and not a number.
SINTER_API void check_first_operand(Op op, DType dtype, const Shape& shape);
/// Returns `value` rounded to nearest, in every rounding mode of the caller.
[[nodiscard]] SINTER_API double nearest_double(long double value);

/// True if these are the bits of an f64 +0 or -0. Not inline: beside a bit_cast, clang turns the
/// test into a comparison of floats, which the caller's floating-point mode may flush to 0.
[[nodiscard]] SINTER_API bool is_zero_bits(std::uint64_t bits);

/// Returns `value` as f64, exactly. Converts subnormals by integer arithmetic, because the caller's
/// floating-point mode may flush them to 0.
[[nodiscard]] constexpr double widened(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7f800000) != 0) return static_cast<double>(value);
  const double magnitude = static_cast<double>(bits & 0x007fffff) * 0x1p-149;
  return (bits >> 31) != 0 ? -magnitude : magnitude;
}
}  // namespace detail

/// A number that a user gives as an operand. It is kept as f64 and rounded to the compute dtype of
/// the tensor beside it. A bool does not convert: `x.leaky_relu(true)` does not compile. The
/// constructor throws Error(invalid_argument) for an integer that is not exact in f64, as 2^53 + 1.
class Scalar {
 public:
  template <typename T>
    requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>)
  constexpr Scalar(T value) : value_(as_double(value)) {  // NOLINT: implicit
    if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
      // At 2^63 or 2^64 the f64 was rounded up from an integer below; T cannot hold it.
      const double above = std::is_signed_v<T> ? 0x1p63 : 0x1p64;
      if (value_ >= above || static_cast<T>(value_) != value) detail::refuse_inexact_scalar();
    }
  }
  Scalar(bool) = delete;
  [[nodiscard]] constexpr double value() const { return value_; }
  /// True for +0 and -0; false for subnormal numbers, even if the caller's mode flushes them to 0.
  [[nodiscard]] bool is_zero() const {
    return detail::is_zero_bits(std::bit_cast<std::uint64_t>(value_));
  }

 private:
  /// Returns `value` as f64: the same in every floating-point environment.
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

/// A tensor or a number, as the parameter of a method. It holds a pointer to the tensor, so do not
/// keep it.
template <typename Self>
class Operand {
 public:
  Operand(const Self& tensor) : tensor_(&tensor) {}  // NOLINT: implicit
  template <typename T>
    requires std::constructible_from<Scalar, T>
  Operand(T number) : scalar_(Scalar(number)) {}  // NOLINT: implicit
  /// Returns the tensor, or the number as a scalar of the dtype and graph of `like`.
  [[nodiscard]] Self beside(const Self& like) const {
    return tensor_ != nullptr ? *tensor_ : like.scalar(scalar_);
  }
  [[nodiscard]] bool is_number() const { return tensor_ == nullptr; }
  /// True for a number that equals `number`.
  [[nodiscard]] bool is(double number) const { return is_number() && scalar_.value() == number; }

 private:
  const Self* tensor_ = nullptr;
  Scalar scalar_ = 0;
};

/// Options of leaky_relu, for calls that read `x.leaky_relu({.negative_slope = 0.2})`.
struct LeakyReluOptions {
  double negative_slope = 0.01;
};

/// The elementwise methods of `Self`. In their comments x is this tensor.
template <typename Self>
class ElementwiseMethods {
 public:
  using Other = Operand<Self>;

  // Arithmetic. Floats follow IEEE 754, and each op rounds once; f16 and bf16 compute in f32.
  // Integers wrap.
  [[nodiscard]] Self add(const Other& b) const { return binary(Op::add, b); }
  [[nodiscard]] Self sub(const Other& b) const { return binary(Op::sub, b); }
  [[nodiscard]] Self mul(const Other& b) const { return binary(Op::mul, b); }
  /// x / b. Integer quotients are truncated towards zero; x / 0 is 0, and the lowest value / -1 is
  /// the lowest value.
  [[nodiscard]] Self div(const Other& b) const { return binary(Op::div, b); }
  /// x * b + c with one rounding. sinter never contracts a mul and an add to an fma.
  [[nodiscard]] Self fma(const Other& b, const Other& c) const {
    return apply(Op::fma, {self(), b.beside(self()), c.beside(self())});
  }
  /// IEEE 754 minimum: NaN if either operand is NaN, and -0 < +0.
  [[nodiscard]] Self min(const Other& b) const { return binary(Op::min, b); }
  /// IEEE 754 maximum: NaN if either operand is NaN, and -0 < +0.
  [[nodiscard]] Self max(const Other& b) const { return binary(Op::max, b); }
  [[nodiscard]] Self neg() const { return unary(Op::neg); }
  [[nodiscard]] Self abs() const { return unary(Op::abs); }
  [[nodiscard]] Self sqrt() const { return unary(Op::sqrt); }
  [[nodiscard]] Self floor() const { return unary(Op::floor); }
  [[nodiscard]] Self ceil() const { return unary(Op::ceil); }
  [[nodiscard]] Self trunc() const { return unary(Op::trunc); }
  /// The nearest integer, ties to even.
  [[nodiscard]] Self round() const { return unary(Op::round); }

  // Quotients and remainders, in Python's and in C's convention, of integers and of floats. If b is
  // 0, the quotient of integers is 0 and their remainder x; the quotient of floats is x / 0 and
  // their remainder NaN. Infinities are as in NumPy.
  /// Quotient rounded towards -inf, as Python's //. On floats (x - remainder) / b, rounded to an
  /// integer.
  [[nodiscard]] Self floor_divide(const Other& b) const { return binary(Op::floor_divide, b); }
  /// Remainder with the sign of b, as Python's %. On floats it is fmod, plus b if the signs of fmod
  /// and b differ.
  [[nodiscard]] Self remainder(const Other& b) const { return binary(Op::remainder, b); }
  /// Remainder with the sign of x, as C's % and fmod. Exact on floats too, for quotients of any
  /// size.
  [[nodiscard]] Self fmod(const Other& b) const { return binary(Op::fmod, b); }

  // Bitwise ops on integers.
  [[nodiscard]] Self bit_and(const Other& b) const { return binary(Op::bit_and, b); }
  [[nodiscard]] Self bit_or(const Other& b) const { return binary(Op::bit_or, b); }
  [[nodiscard]] Self bit_xor(const Other& b) const { return binary(Op::bit_xor, b); }
  [[nodiscard]] Self bit_not() const { return unary(Op::bit_not); }
  /// x shifted left; 0 if the count is negative, or the width or more.
  [[nodiscard]] Self shift_left(const Other& count) const { return binary(Op::shift_left, count); }
  /// x shifted right, arithmetically if signed. If the count is negative, or the width or more, the
  /// result is -1 for negative x, else 0.
  [[nodiscard]] Self shift_right(const Other& count) const {
    return binary(Op::shift_right, count);
  }

  // Comparisons give bool masks. With a NaN, not_equal is true and all others are false.
  [[nodiscard]] Self equal(const Other& b) const { return binary(Op::equal, b); }
  [[nodiscard]] Self not_equal(const Other& b) const { return binary(Op::not_equal, b); }
  [[nodiscard]] Self less(const Other& b) const { return binary(Op::less, b); }
  [[nodiscard]] Self less_equal(const Other& b) const { return binary(Op::less_equal, b); }
  [[nodiscard]] Self greater(const Other& b) const { return binary(Op::greater, b); }
  [[nodiscard]] Self greater_equal(const Other& b) const { return binary(Op::greater_equal, b); }

  // Ops on bool masks, and ops that make them.
  [[nodiscard]] Self logical_and(const Self& b) const { return binary(Op::logical_and, b); }
  [[nodiscard]] Self logical_or(const Self& b) const { return binary(Op::logical_or, b); }
  [[nodiscard]] Self logical_xor(const Self& b) const { return binary(Op::logical_xor, b); }
  [[nodiscard]] Self logical_not() const { return unary(Op::logical_not); }
  /// this mask ? a : b, element by element.
  [[nodiscard]] Self select(const Self& a, const Other& b) const {
    return apply(Op::select, {self(), a, b.beside(a)});
  }
  /// condition ? x : b, element by element.
  [[nodiscard]] Self where(const Self& condition, const Other& b) const {
    return condition.select(self(), b);
  }
  [[nodiscard]] Self isnan() const { return unary(Op::isnan); }
  [[nodiscard]] Self isinf() const { return unary(Op::isinf); }
  [[nodiscard]] Self isfinite() const { return unary(Op::isfinite); }
  [[nodiscard]] Self select(Scalar a, const Self& b) const {
    return apply(Op::select, {self(), b.scalar(a), b});
  }

  /// x > 0 ? x : x * negative_slope, of the same shape and dtype. Unless the slope is 0, the
  /// gradient is not 0 anywhere, so neurons do not die as they can with relu.
  ///
  /// +0, -0 and NaN take the second branch. Every slope is legal, also negative, inf and NaN, and
  /// follows the formula. Slopes from 0.001 to 0.3 are usual. Slope 1 is the identity; above 0.5,
  /// negative values stay large through many layers. Slope 0 is not relu: -inf gives NaN, and other
  /// negative values give -0. Use relu if values or gradients should be exactly 0, for sparsity.
  [[nodiscard]] Self leaky_relu(Scalar negative_slope = 0.01) const {
    return with_number(Op::leaky_relu, negative_slope);
  }
  [[nodiscard]] Self leaky_relu(LeakyReluOptions options) const {
    return leaky_relu(Scalar(options.negative_slope));
  }
  /// x < 0 ? 0 : x. NaN and -0 are unchanged.
  [[nodiscard]] Self relu() const { return unary(Op::relu); }
  /// leaky_relu with a tensor of slopes; `weight` and x broadcast as in NumPy.
  [[nodiscard]] Self prelu(const Self& weight) const { return binary(Op::prelu, weight); }
  /// clamp(x, 0, 6).
  [[nodiscard]] Self relu6() const { return unary(Op::relu6); }
  /// NaN if x or a bound is NaN; else t > high ? high : t, with t = x < low ? low : x. So the
  /// result is `high` if low > high.
  [[nodiscard]] Self clamp(Scalar low, Scalar high) const {
    return with_numbers(Op::clamp, low, high);
  }
  /// As above, with tensors of bounds, which broadcast.
  [[nodiscard]] Self clamp(const Self& low, const Self& high) const {
    return apply(Op::clip, {self(), low, high});
  }
  /// clamp(x, low, high), with other default bounds.
  [[nodiscard]] Self hardtanh(Scalar low = -1, Scalar high = 1) const {
    return with_numbers(Op::hardtanh, low, high);
  }
  /// x / (1 + |x|); NaN at +-inf.
  [[nodiscard]] Self softsign() const { return unary(Op::softsign); }
  /// x <= threshold ? value : x. NaN gives NaN.
  [[nodiscard]] Self threshold(Scalar threshold, Scalar value) const {
    return with_numbers(Op::threshold, threshold, value);
  }
  /// 0 if |x| <= lambda, else x moved towards 0 by lambda. NaN gives NaN.
  [[nodiscard]] Self softshrink(Scalar lambda = 0.5) const {
    return with_number(Op::softshrink, lambda);
  }
  /// 0 if |x| <= lambda, else x. NaN gives NaN.
  [[nodiscard]] Self hardshrink(Scalar lambda = 0.5) const {
    return with_number(Op::hardshrink, lambda);
  }
  /// Linear interpolation from x (weight 0) to `end` (weight 1), exact at both: x + weight * (end -
  /// x) if weight < 0.5, else end - (end - x) * (1 - weight).
  [[nodiscard]] Self lerp(const Self& end, const Other& weight) const {
    return apply(Op::lerp, {self(), end, weight.beside(self())});
  }
  /// relu6(x + 3) / 6.
  [[nodiscard]] Self hardsigmoid() const { return unary(Op::hardsigmoid); }
  /// x * relu6(x + 3) / 6, evaluated from left to right.
  [[nodiscard]] Self hardswish() const { return unary(Op::hardswish); }
  /// 1 or -1; x itself if it is +0, -0 or NaN.
  [[nodiscard]] Self sign() const { return unary(Op::sign); }
  /// x * x.
  [[nodiscard]] Self square() const { return unary(Op::square); }
  /// x, of any dtype, as a value through which no gradient flows. It costs nothing at run time.
  [[nodiscard]] Self detach() const { return unary(Op::detach); }

  // Functions on floats. A result is within 1 ULP if it differs from the exact value by at most one
  // unit in the last place. The bounds hold for every f32, also for subnormal results. On f64 the
  // bound is 2 ULP (1 for pow, sin and cos), or the stated one if that is larger; it is tested on
  // about ten million values. f16 and bf16 compute in f32. NaN gives NaN.

  /// e^x, within 1 ULP. 0 at -inf, inf at inf and for x of 88.73 or more (f64: 709.8).
  [[nodiscard]] Self exp() const { return unary(Op::exp); }
  /// 2^x, within 1 ULP; exact for integers.
  [[nodiscard]] Self exp2() const { return unary(Op::exp2); }
  /// e^x - 1 without cancellation near 0, within 1 ULP. -0 at -0, -1 at -inf.
  [[nodiscard]] Self expm1() const { return unary(Op::expm1); }
  /// The natural logarithm, within 1 ULP. -inf at +0 and -0, NaN for negative x, inf at inf.
  [[nodiscard]] Self log() const { return unary(Op::log); }
  /// The logarithm to base 2, within 2 ULP; exact for powers of two. Special values are those of
  /// log.
  [[nodiscard]] Self log2() const { return unary(Op::log2); }
  /// log(1 + x) without cancellation near 0, within 1.3 ULP. -0 at -0, -inf at -1, NaN below -1.
  [[nodiscard]] Self log1p() const { return unary(Op::log1p); }
  /// 1 / sqrt(x), with root and quotient rounded: within 1.5 ULP. inf at +0, -inf at -0, NaN for
  /// negative x, 0 at inf.
  [[nodiscard]] Self rsqrt() const { return unary(Op::rsqrt); }
  /// x^exponent for a number or a tensor of exponents, within 1 ULP; exact if the power is a float.
  /// NaN for finite negative x unless the exponent is an integer or infinite. 1 for exponent 0 and
  /// for x = 1, even if the other one is NaN. Other special values are those of IEEE 754.
  ///
  /// The numbers 2, 0.5, -1 and -0.5 record x * x, sqrt(x), 1 / x and rsqrt(x) instead, some 15
  /// times as fast, with the errors, special values and gradients of these. So at -inf, pow(0.5)
  /// and pow(-0.5) are NaN; at -0 they are -0 and -inf (in IEEE 754: inf and 0; 0 and inf). Such a
  /// number is no parameter of the graph.
  [[nodiscard]] Self pow(const Other& exponent) const {
    if (is_floating(self().dtype())) {
      if (exponent.is(2)) return mul(self());
      if (exponent.is(0.5)) return sqrt();
      if (exponent.is(-1)) return self().scalar(1).div(self());
      if (exponent.is(-0.5)) return rsqrt();
    }
    return binary(Op::pow, exponent);
  }
  /// The sine of an angle in radians, within 1 ULP for angles of any size. -0 at -0, NaN at +-inf.
  [[nodiscard]] Self sin() const { return unary(Op::sin); }
  /// The cosine of an angle in radians, within 1 ULP for angles of any size. NaN at +-inf.
  [[nodiscard]] Self cos() const { return unary(Op::cos); }
  /// 1 / (1 + e^-x), within 1 ULP, also of small results. 0 at -inf, 1 at inf.
  [[nodiscard]] Self sigmoid() const { return unary(Op::sigmoid); }
  /// log(sigmoid(x)) = -softplus(-x), within 2 ULP. -inf at -inf, -0 at inf.
  [[nodiscard]] Self logsigmoid() const { return unary(Op::logsigmoid); }
  /// The hyperbolic tangent, within 1.1 ULP. -0 at -0, -1 at -inf, 1 at inf.
  [[nodiscard]] Self tanh() const { return unary(Op::tanh); }
  /// 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x, within 1.1 ULP. -0 at -0, -1 at -inf.
  [[nodiscard]] Self erf() const { return unary(Op::erf); }
  /// 1 - erf(x) without cancellation, within 2 ULP, also of small results. 2 at -inf, 0 at inf.
  [[nodiscard]] Self erfc() const { return unary(Op::erfc); }
  /// x * (1 + erf(x / sqrt 2)) / 2, within 2 ULP, also of the small results for negative x. -0 at
  /// -inf and at -0, inf at inf.
  [[nodiscard]] Self gelu() const { return unary(Op::gelu); }
  /// x * sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), the approximation of gelu by tanh, within 2
  /// ULP of this formula. Special values are those of gelu.
  [[nodiscard]] Self gelu_tanh() const { return unary(Op::gelu_tanh); }
  /// x * sigmoid(x), within 2 ULP. Special values are those of gelu.
  [[nodiscard]] Self silu() const { return unary(Op::silu); }
  /// log(1 + e^x), within 2 ULP. 0 at -inf, inf at inf.
  [[nodiscard]] Self softplus() const { return unary(Op::softplus); }
  /// x * tanh(softplus(x)), within 3.6 ULP. Special values are those of gelu.
  [[nodiscard]] Self mish() const { return unary(Op::mish); }
  /// x > 0 ? x : alpha * expm1(x), within 2 ULP.
  [[nodiscard]] Self elu(Scalar alpha = 1) const { return with_number(Op::elu, alpha); }
  /// x > 0 ? x : alpha * expm1(x / alpha), within 3 ULP, and within 2 for alpha = 1.
  [[nodiscard]] Self celu(Scalar alpha = 1) const { return with_number(Op::celu, alpha); }
  /// 1.0507009873554805 * (x > 0 ? x : 1.6732632423543773 * expm1(x)), within 2 ULP.
  [[nodiscard]] Self selu() const { return unary(Op::selu); }

  /// table[x & 15] for integer indices x: i32 gives f32, i64 gives f64. The numbers of the table
  /// are rounded to that dtype, and are part of the graph's structure, as constants are.
  [[nodiscard]] Self lut16(const LookupTable& table) const {
    Attributes attributes;
    attributes.table = table;
    return apply(Op::lut16, {self()}, attributes);
  }

  /// x in another dtype. To a float: rounded to nearest even; an integer is rounded to f32 before
  /// it is rounded to f16 or bf16. From a float to an integer: truncated towards zero and
  /// saturated, and NaN gives 0. Between integers: wrapped. To bool: x != 0. From bool: 1 or 0.
  [[nodiscard]] Self convert(DType dtype) const {
    return apply(Op::convert, {self()}, {.dtype = dtype, .shape = std::nullopt});
  }
  /// x in another floating dtype. A sequence of ops that counts as one op begins with a recast of
  /// its operands to f32 and ends with a recast of its result. A recast to f16 or bf16 rounds to
  /// that dtype under Rounding::each_op only. A recast to f32 or f64 is a convert.
  [[nodiscard]] Self recast(DType dtype) const {
    return apply(Op::recast, {self()}, {.dtype = dtype, .shape = std::nullopt});
  }
  /// The bits of x as another dtype of the same width, but not as bool. Every NaN is first replaced
  /// by the positive quiet NaN without payload.
  [[nodiscard]] Self bitcast(DType dtype) const {
    return apply(Op::bitcast, {self()}, {.dtype = dtype, .shape = std::nullopt});
  }
  /// x broadcast to a larger shape, as by NumPy's broadcast_to.
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
  friend Self;  // only Self can derive from this class, since self() casts to Self
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
