// Building blocks of the bodies of mathematical functions: primitives over values and coefficients,
// polynomials, and access to the bits of floats.
//
// Every helper records its nodes in the order of its arguments. Of the arguments of a call, at most
// one may be a call that records: the order in which a compiler evaluates arguments must never
// decide the order of nodes. Operands are f32 or f64: `widen` has replaced 16-bit floats.
#pragma once

#include <span>

#include <sinter/ir/graph.h>

namespace sinter::detail::functions {

/// An operand: a value, or a number that becomes a constant of the other operands' dtype.
class Term {
 public:
  Term(const Value& value) : value_(&value) {}  // NOLINT: implicit
  Term(double number) : number_(number) {}      // NOLINT: implicit
  /// The value; null for a number.
  [[nodiscard]] const Value* value() const { return value_; }
  /// The value, or the number as a constant in the graph and dtype of `like`.
  [[nodiscard]] Value beside(const Value& like) const {
    return value_ != nullptr ? *value_ : like.constant(number_);
  }

 private:
  const Value* value_ = nullptr;
  double number_ = 0;
};

/// Records `op` over terms, at least one of which is a value.
[[nodiscard]] Value record(Op op, std::initializer_list<Term> terms);

inline Value add(const Term& a, const Term& b) { return record(Op::add, {a, b}); }
inline Value sub(const Term& a, const Term& b) { return record(Op::sub, {a, b}); }
inline Value mul(const Term& a, const Term& b) { return record(Op::mul, {a, b}); }
inline Value div(const Term& a, const Term& b) { return record(Op::div, {a, b}); }
inline Value fma(const Term& a, const Term& b, const Term& c) { return record(Op::fma, {a, b, c}); }
inline Value equal(const Term& a, const Term& b) { return record(Op::equal, {a, b}); }
inline Value less(const Term& a, const Term& b) { return record(Op::less, {a, b}); }
inline Value less_equal(const Term& a, const Term& b) { return record(Op::less_equal, {a, b}); }
inline Value greater(const Term& a, const Term& b) { return record(Op::greater, {a, b}); }

/// condition ? a : b, where a or b is a value.
[[nodiscard]] Value choose(const Value& condition, const Term& a, const Term& b);

/// x > bound ? bound : x. NaN stays NaN.
[[nodiscard]] Value at_most(const Value& x, double bound);
/// x < bound ? bound : x. NaN stays NaN.
[[nodiscard]] Value at_least(const Value& x, double bound);

/// c0 + c1 x + c2 x^2 + ... by Horner's rule, in fused multiply-adds.
[[nodiscard]] Value polynomial(const Value& x, std::span<const double> coefficients);

// --- Bits ----------------------------------------------------------------------------------------

/// The bits of a float as an integer of the same width. The bits of a NaN are undefined, so no
/// result except NaN may depend on them.
[[nodiscard]] Value bits_of(const Value& x);
/// The float of the same width with these bits.
[[nodiscard]] Value float_of(const Value& bits);
/// x with the sign of `sign`. The sign bit of x must not be set.
[[nodiscard]] Value with_sign_of(const Value& x, const Value& sign);

/// The format of a float: how its bits are divided.
struct Format {
  int fraction_bits;  ///< 23 or 52
  int bias;           ///< of the exponent: 127 or 1023
  /// 1.5 * 2^fraction_bits. Adding it rounds x to an integer, which is then in the low bits of the
  /// sum.
  double round;
};
[[nodiscard]] const Format& format(DType dtype);

/// `f32` or `f64`, by the dtype of `x`.
template <typename T>
[[nodiscard]] T by_dtype(const Value& x, const T& f32, const T& f64) {
  return format(x.dtype()).fraction_bits == 23 ? f32 : f64;
}

}  // namespace sinter::detail::functions
