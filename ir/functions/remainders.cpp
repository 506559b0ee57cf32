// fmod, remainder and floor_divide, on integers and floats.
//
// On floats fmod is exact. The number of steps depends on the dtype only. A step subtracts q m from
// r, where m is a multiple of the divisor and q = r / m rounded. The difference, positive or
// negative, is at most m and a multiple of m's last place, so one fma computes it exactly.
#include <limits>

#include "functions/functions.h"
#include "functions/parts.h"

namespace sinter::detail::functions {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// a - (a / b) * b, which is a for b = 0.
Value integer_fmod(const Value& a, const Value& b) { return a.sub(a.div(b).mul(b)); }

/// True if the remainder is not 0 and its sign is not that of b: then the truncated and the floored
/// quotient differ.
Value rounds_up(const Value& rest, const Value& b) {
  const Value zero = rest.constant(0);
  const Value below = rest.less(zero).logical_and(b.greater(zero));
  const Value above = rest.greater(zero).logical_and(b.less(zero));
  return below.logical_or(above);
}

/// The non-negative remainder modulo `divisor`, from a remainder `rest` of either sign.
Value not_negative(const Value& rest, const Value& divisor) {
  const Value moved = add(rest, divisor);
  return choose(less(rest, 0), moved, rest);
}

// --- f32 -----------------------------------------------------------------------------------------

/// |a| modulo |b| for finite a and b, b != 0. It computes in f64, where no f32 is subnormal and no
/// f32 times 2^240 overflows. The steps subtract multiples of 2^240 b, 2^192 b, ..., b. Each
/// quotient is less than 2^48, so its error before rounding is at most 1/16.
Value remainder32(const Value& a, const Value& b) {
  const Value divisor = b.abs().convert(DType::f64);
  const Value inverse = div(1, divisor);
  const Value minus = divisor.neg();
  Value r = a.abs().convert(DType::f64);
  for (double scale = 0x1p240; scale >= 1; scale *= 0x1p-48) {
    const Value quotient = mul(r, mul(inverse, 1 / scale)).round();
    r = fma(quotient, mul(minus, scale), r);
  }
  return not_negative(r, divisor).convert(DType::f32);
}

// --- f64 -----------------------------------------------------------------------------------------

/// |x| = fraction * 2^(exponent - 1075), where the fraction is an integer in [2^52, 2^53).
struct IntegerFraction {
  Value fraction;
  Value exponent;
};
IntegerFraction integer_fraction(const Value& x) {
  const Value magnitude = x.abs();
  const Value subnormal = less(magnitude, 0x1p-1022);
  const Value bits = bits_of(choose(subnormal, mul(magnitude, 0x1p54), magnitude));
  const Value field = record(Op::shift_right, {bits, 52});
  const Value exponent = choose(subnormal, sub(field, 54), field);
  const Value low = record(Op::bit_and, {bits, 0x1p52 - 1});
  return {float_of(record(Op::bit_or, {low, 0x433p52})), exponent};
}

/// Arithmetic modulo an integer m in [2^52, 2^53). Residues are integers of either sign, with a
/// magnitude of at most m / 2 or slightly more.
class Modulus {
 public:
  explicit Modulus(const Value& m) : m_(m), minus_(m.neg()), inverse_(div(1, m)) {}

  /// Residue of an integer whose magnitude is less than 2^48 m.
  [[nodiscard]] Value residue(const Value& x) const {
    return fma(mul(x, inverse_).round(), minus_, x);
  }
  /// Residue of the product of two residues. A division reduces the upper half of the product; its
  /// error is at most 1/4, so the lower half can be added before the last reduction.
  [[nodiscard]] Value product(const Value& x, const Value& y) const {
    const Value high = mul(x, y);
    const Value low = fma(x, y, high.neg());
    const Value rest = fma(div(high, m_).round(), minus_, high);
    return residue(add(rest, low));
  }
  [[nodiscard]] Value positive(const Value& residue) const { return not_negative(residue, m_); }
  [[nodiscard]] Value number(double value) const { return m_.constant(value); }

 private:
  Value m_;
  Value minus_;
  Value inverse_;
};

/// 2^(n - n % 32) modulo m, for 0 <= n < 4096, by square-and-multiply: for each bit of n from the
/// highest, the power is squared and, if the bit is set, multiplied by 2^32.
Value power_of_two_modulo(const Value& n, const Modulus& modulus) {
  const auto has_bit = [&n](double bit) {
    return record(Op::not_equal, {record(Op::bit_and, {n, bit}), 0});
  };
  const Value one = modulus.number(1);
  Value power = choose(has_bit(2048), 0x1p32, one);
  for (double bit = 1024; bit >= 32; bit /= 2) {
    const Value square = modulus.product(power, power);
    const Value next = modulus.residue(mul(square, 0x1p32));
    power = choose(has_bit(bit), next, square);
  }
  return power;
}

/// x 2^(exponent - 1075). Two factors are applied, because one power of two may be out of range.
Value scaled_by_exponent(const Value& x, const Value& exponent) {
  const Value half = record(Op::shift_right, {exponent, 1});
  const Value rest = sub(exponent, half);
  const Value first = record(Op::shift_left, {add(half, 1023 - 537), 52});
  const Value second = record(Op::shift_left, {add(rest, 1023 - 538), 52});
  const Value scaled = mul(x, float_of(first));
  return mul(scaled, float_of(second));
}

/// |a| modulo |b| for finite |a| >= |b| > 0. The quotient has up to 2098 bits, too many for
/// the steps of remainder32(). In units of the last place of |b|, |b| is an integer M and |a| is
/// A 2^n with an integer A; the result is (A mod M) (2^n mod M) mod M.
Value remainder64(const Value& a, const Value& b) {
  const IntegerFraction dividend = integer_fraction(a);
  const IntegerFraction divisor = integer_fraction(b);
  const Modulus modulus(divisor.fraction);
  const Value n = sub(dividend.exponent, divisor.exponent);
  const Value power = power_of_two_modulo(n, modulus);
  const Value product = modulus.product(modulus.residue(dividend.fraction), power);
  const Value low_bits = record(Op::bit_and, {n, 31});
  const Value low_power = float_of(record(Op::shift_left, {add(low_bits, 1023), 52}));
  const Value residue = modulus.residue(mul(product, low_power));
  return scaled_by_exponent(modulus.positive(residue), divisor.exponent);
}

// --- Floats --------------------------------------------------------------------------------------

Value float_fmod(const Value& a, const Value& b) {
  const Value rest = a.dtype() == DType::f32 ? remainder32(a, b) : remainder64(a, b);
  const Value dividend = a.abs();
  const Value divisor = b.abs();
  const Value defined = less(dividend, kInfinity).logical_and(greater(divisor, 0));
  const Value result = choose(defined, with_sign_of(rest, a), kNaN);
  return choose(less(dividend, divisor), a, result);
}

/// A remainder of 0 has the sign of b.
Value float_remainder(const Value& a, const Value& b) {
  const Value rest = float_fmod(a, b);
  const Value moved = add(rest, b);
  const Value chosen = choose(rounds_up(rest, b), moved, rest);
  const Value zero = with_sign_of(rest.abs(), b);
  return choose(equal(rest, 0), zero, chosen);
}

/// Rounded as in NumPy: (a - fmod(a, b)) / b is near an integer, which is the result.
Value float_floor_divide(const Value& a, const Value& b) {
  const Value rest = float_fmod(a, b);
  const Value whole = div(sub(a, rest), b);
  const Value less_one = sub(whole, 1);
  const Value lowered = choose(rounds_up(rest, b), less_one, whole);
  const Value below = lowered.floor();
  const Value above = add(below, 1);
  const Value nearest = choose(greater(sub(lowered, below), 0.5), above, below);
  const Value ratio = div(a, b);
  const Value zero = with_sign_of(lowered.abs(), ratio);
  const Value result = choose(equal(lowered, 0), zero, nearest);
  return choose(equal(b, 0), ratio, result);
}

}  // namespace

Value fmod(const Value& a, const Value& b) {
  return is_integer(a.dtype()) ? integer_fmod(a, b) : float_fmod(a, b);
}

Value remainder(const Value& a, const Value& b) {
  if (!is_integer(a.dtype())) return float_remainder(a, b);
  const Value rest = integer_fmod(a, b);
  const Value moved = rest.add(b);
  return rounds_up(rest, b).select(moved, rest);
}

Value floor_divide(const Value& a, const Value& b) {
  if (!is_integer(a.dtype())) return float_floor_divide(a, b);
  const Value quotient = a.div(b);
  const Value rest = a.sub(quotient.mul(b));
  const Value lower = quotient.sub(quotient.constant(1));
  return rounds_up(rest, b).select(lower, quotient);
}

}  // namespace sinter::detail::functions
