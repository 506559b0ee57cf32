// log, log2 and log1p.
//
// x = 2^n (1 + f) with 1 + f around 1, and log x = n ln 2 + log(1 + f). In f32 log(1 + f) is a
// polynomial. In f64, where that polynomial would be long, s = f / (2 + f) gives it by
// log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R(s^2))), as in W. Cody and W. Waite, "Software manual
// for the elementary functions", 1980.
// Coefficients: scripts/fit.
#include "functions/logarithm.h"

#include <limits>
#include <vector>

#include "functions/exponential.h"
#include "functions/functions.h"

namespace sinter::detail::functions {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// log(1 + f) = f + f^2 (-1/2 + f p(f)) for 1 + f in [2/3, 4/3).
constexpr double kLogP32[] = {0x1.555506p-2, -0x1.fffefp-3,  0x1.99d05ep-3, -0x1.559de4p-3,
                              0x1.1ed422p-3, -0x1.f30e34p-4, 0x1.1e73b8p-3, -0x1.080caap-3};
/// The same for 1 + f in [3/4, 3/2).
constexpr double kLog1pP32[] = {0x1.5555a4p-2, -0x1.000042p-2, 0x1.996966p-3, -0x1.54ef16p-3,
                                0x1.2886b8p-3, -0x1.0d93f4p-3, 0x1.aca08ep-4, -0x1.713e36p-5};
/// R(z) = z p(z) for 1 + f in [sqrt(1/2), sqrt(2)).
constexpr double kLogP64[] = {0x1.5555555555592p-1, 0x1.999999997ff19p-2, 0x1.24924941e1a86p-2,
                              0x1.c71c5213bd3c6p-3, 0x1.74663d1c51d97p-3, 0x1.39a1e27495e27p-3,
                              0x1.2f040943f184ep-3};

/// unit * log(1 + f / unit) - f, for a power of two `unit`. In f32 the polynomial is `p32`.
LogRest rest_of_log(const Value& f, std::span<const double> p32, double unit) {
  if (f.dtype() == DType::f32) {
    std::vector<double> scaled;
    double factor = 1 / (unit * unit);
    for (double coefficient : p32) {
      scaled.push_back(coefficient * factor);
      factor /= unit;
    }
    const Value square = mul(f, f);
    return {square, fma(polynomial(f, scaled), f, -0.5 / unit), std::nullopt};
  }
  std::vector<double> scaled(std::begin(kLogP64), std::end(kLogP64));
  for (double& coefficient : scaled) coefficient *= unit;
  const Value s = div(f, add(f, 2 * unit));
  const Value z = mul(s, s);
  const Value half_square = mul(mul(f, f), 0.5 / unit);
  const Value sum = fma(z, polynomial(z, scaled), half_square);
  return {s, sum, half_square.neg()};
}

/// unit * (n 2^-fraction_bits ln 2 + log(1 + f / unit)), with n, f and the rest from `parts`.
Value log_of(const LogParts& parts, double unit) {
  const ExponentialNumbers& numbers = exponential_numbers(parts.f);
  const double step = unit * by_dtype(parts.f, 0x1p-23, 0x1p-52);
  const auto& [a, b, c] = parts.rest;
  // In f32 ln2_low is not needed: ln 2 happens to be close to a number of 21 bits.
  const Value near = c.has_value()
                         ? add(fma(a, b, fma(parts.n, numbers.ln2_low * step, *c)), parts.f)
                         : fma(a, b, parts.f);
  return fma(parts.n, numbers.ln2_high * step, near);
}

/// n 2^fraction_bits as an integer, from the bits of x, where x / 2^n is at least the float with
/// the bits `least` and less than twice that.
Value exponent_bits(const Value& bits, double least) {
  const Value above = record(Op::sub, {bits, least});
  return record(Op::bit_and, {above, bits.dtype() == DType::i32 ? -0x1p23 : -0x1p52});
}

/// The float with these bits; if its sign bit is set, the NaN whose bits are all set.
Value undefined_of(const Value& bits) {
  const double places = bits.dtype() == DType::i32 ? 31 : 63;
  const Value smeared = record(Op::shift_right, {bits, places});
  return float_of(smeared.bit_or(bits));
}

/// `result` if x is positive and finite, else the logarithm of x, which is 0, negative, inf or NaN.
/// Most ops here are integer ops, so they do not wait for the floating-point ops that compute
/// `result`.
Value with_special_logarithms(const Value& result, const Value& x) {
  const Value bits = bits_of(x);
  const Value shifted = record(Op::bit_xor, {bits, by_dtype(x, -0x1p31, -0x1p63)});
  const double infinity = by_dtype(x, 0x1p31 - 0x1p23, 0x1p63 - 0x1p52);
  const Value finite = less(shifted, infinity - by_dtype(x, 0x1p31, 0x1p63));
  const Value undefined = undefined_of(bits);
  const Value defined = choose(finite, result, undefined);
  return choose(equal(x, 0), -kInfinity, defined);
}

}  // namespace

/// A subnormal x is scaled to a normal number: with the exponent field of 1.0 its bits are those of
/// 1 + x 2^(bias - 1), and subtracting 1 leaves x 2^(bias - 1). One comparison finds all x that are
/// not positive normal numbers: subnormals, 0, negative numbers, inf and NaN.
NormalFraction normal_fraction(const Value& x, double least) {
  const double one = by_dtype<double>(x, 0x3f800000, 0x3ff0000000000000);
  const double infinity = by_dtype<double>(x, 0x7f800000, 0x7ff0000000000000);
  const double step = by_dtype(x, 0x1p23, 0x1p52);
  const Value bits = bits_of(x);
  const Value shifted = record(Op::add, {bits, infinity});
  const Value special = record(Op::greater_equal, {shifted, -2 * step});
  const Value above_one = float_of(record(Op::bit_or, {bits, one}));
  const Value scaled = bits_of(sub(above_one, 1));
  const double places = format(x.dtype()).bias - 1;
  const Value unscaled = record(Op::sub, {scaled, places * step});
  const Value number = choose(special, unscaled, bits);
  const Value exponent = exponent_bits(number, least);
  const Value m = float_of(number.sub(exponent));
  const Value steps = exponent.convert(x.dtype());
  const Value more = add(steps, undefined_of(bits));
  return {choose(special, more, steps), sub(m, 1)};
}

LogParts log_parts(const Value& x) {
  const auto [n, f] = normal_fraction(x, by_dtype<double>(x, 0x3f2aaaab, kRootHalf64));
  return {n, f, rest_of_log(f, kLogP32, 1)};
}

Value log(const Value& x) {
  const Value result = log_of(log_parts(x), 1);
  return choose(equal(x, 0), -kInfinity, result);
}

Value log2(const Value& x) {
  constexpr double kLow32 = 0x1.4ae0cp-26;
  constexpr double kLow64 = 0x1.777d0ffda0d24p-56;
  const LogParts parts = log_parts(x);
  const double log2_e = exponential_numbers(x).log2_e;
  const Value low = mul(parts.f, by_dtype(x, kLow32, kLow64));
  const auto& [a, b, c] = parts.rest;
  const Value rest = fma(c.has_value() ? fma(a, b, *c) : mul(a, b), log2_e, low);
  const Value fraction = fma(parts.f, log2_e, rest);
  const Value result = fma(parts.n, by_dtype(x, 0x1p-23, 0x1p-52), fraction);
  return choose(equal(x, 0), -kInfinity, result);
}

/// f = x 2^-n + (2^-n - 1) is computed from x itself, not from the rounded 1 + x. All terms are
/// multiplied by 4 (kUnit), so that the power of two is a normal number.
Value log1p_inside(const Value& x, const Value& sum) {
  constexpr double kUnit = 4;
  const Value exponent = exponent_bits(bits_of(sum), by_dtype<double>(x, 0x3f400000, kRootHalf64));
  const double four = by_dtype<double>(x, 0x40800000, 0x4010000000000000);
  const Value scale = float_of(record(Op::sub, {four, exponent}));
  const Value f = fma(x, scale, sub(scale, kUnit));
  const Value n = exponent.convert(x.dtype());
  return mul(log_of({n, f, rest_of_log(f, kLog1pP32, kUnit)}, kUnit), 1 / kUnit);
}

Value log1p(const Value& x) {
  const Value sum = add(x, 1);
  const Value inside = log1p_inside(x, sum);
  const Value exact = choose(equal(x, 0), x, inside);
  return with_special_logarithms(exact, sum);
}

}  // namespace sinter::detail::functions
