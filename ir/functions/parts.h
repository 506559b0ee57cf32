// What the bodies of mathematical functions are made of: primitives over values and coefficients,
// polynomials, and floats taken apart into exponent and fraction.
//
// Every helper records its nodes in the order of its arguments. A body nests at most one call that
// records in another's arguments: the order in which a compiler evaluates arguments must never
// decide the order of nodes. Operands are f32 or f64: `widen` has replaced 16-bit floats.
#pragma once

#include <span>

#include <sinter/ir/graph.h>

namespace sinter::detail::functions {

/// A value, or a number that becomes a constant beside the other operands.
class Term {
 public:
  Term(const Value& value) : value_(&value) {}  // NOLINT: implicit
  Term(double number) : number_(number) {}      // NOLINT: implicit
  [[nodiscard]] const Value* value() const { return value_; }
  [[nodiscard]] Value beside(const Value& like) const {
    return value_ != nullptr ? *value_ : like.constant(number_);
  }

 private:
  const Value* value_ = nullptr;
  double number_ = 0;
};

/// `op` over terms, at least one of which is a value.
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

/// condition ? a : b; one of the sides is a value.
[[nodiscard]] Value choose(const Value& condition, const Term& a, const Term& b);

/// x where it is no more than `bound`, else `bound`. NaN stays.
[[nodiscard]] Value at_most(const Value& x, double bound);
/// x where it is no less than `bound`, else `bound`. NaN stays.
[[nodiscard]] Value at_least(const Value& x, double bound);

/// c0 + c1 x + c2 x^2 + ... by Horner's rule, in fused steps.
[[nodiscard]] Value polynomial(const Value& x, std::span<const double> coefficients);

// --- Bits ----------------------------------------------------------------------------------------

/// The bits of a float as an integer. Of a NaN they are not defined: what is made of them must not
/// reach a result, unless that is NaN for another reason.
[[nodiscard]] Value bits_of(const Value& x);
/// The float of the same width with these bits.
[[nodiscard]] Value float_of(const Value& bits);
/// x with the sign of `sign`; x is not negative.
[[nodiscard]] Value with_sign_of(const Value& x, const Value& sign);

/// The format of a float: how its bits are divided.
struct Format {
  int fraction_bits;  ///< 23 or 52
  int bias;           ///< of the exponent: 127 or 1023
  /// 1.5 * 2^fraction_bits. x + round is x rounded to an integer, which then stands in the low
  /// bits.
  double round;
};
[[nodiscard]] const Format& format(DType dtype);

/// The one for f32 or the one for f64, as `x` is.
template <typename T>
[[nodiscard]] T by_dtype(const Value& x, const T& f32, const T& f64) {
  return format(x.dtype()).fraction_bits == 23 ? f32 : f64;
}

}  // namespace sinter::detail::functions
