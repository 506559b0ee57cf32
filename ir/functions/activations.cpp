// Activation functions built from exponentials and logarithms.
// Coefficients: scripts/fit.
#include <numbers>

#include "functions/exponential.h"
#include "functions/functions.h"
#include "functions/interval_polynomials.h"
#include "functions/logarithm.h"

namespace sinter::detail::functions {
namespace {

/// The scale by which sums 1 + e^a are multiplied so that they stay in range, for one dtype.
struct Scaled {
  int bias;      ///< added to n, so that power_of_two() gives 2^n * unit
  double unit;   ///< the scale: 2^-64 or 2^-512
  double bound;  ///< for a >= bound, e^-a rounds to 0
};
Scaled scaled(const Value& x) {
  return by_dtype(x, Scaled{63, 0x1p-64, 105}, Scaled{511, 0x1p-512, 746});
}

/// e^r - 1 for the r of a split argument.
Value expm1_of(const Split& split) {
  const Value r = add(split.high, split.low);
  const Value q = polynomial(r, exponential_numbers(r).q);
  const Value rest = fma(mul(r, r), q, split.low);
  return add(rest, split.high);
}

/// x times the logistic function of w for x >= 0, of -w for x < 0. Computed as
/// max(x, 0) - a / (1 + e^w), where a = |x|, w >= 0 and e^w = scale (1 + z) / unit. The sum is
/// scaled by unit, so that a subnormal result is rounded only once.
Value gated(const Value& x, const Value& a, const Value& scale, const Value& z) {
  const double unit = scaled(x).unit;
  const Value sum = add(scale, fma(scale, z, unit));
  const Value quotient = div(a, sum);
  return fma(quotient, -unit, at_least(x, -0.0));
}

/// e^-|x|.
Value exp_of_minus_abs(const Value& x) {
  const ExponentialNumbers& numbers = exponential_numbers(x);
  const Value negative = x.abs().neg();
  const Value a = at_least(negative, by_dtype(x, -176.0, -1418.2));
  const Exponent exponent = exponent_of(a, 2 * format(x.dtype()).bias);
  const Value high = fma(exponent.n, -numbers.ln2_high, a);
  const Value r = fma(exponent.n, -numbers.ln2_low, high);
  const Value p = fma(fma(polynomial(r, numbers.q), r, 1), r, 1);
  return scaled_in_halves(p, exponent.biased);
}

/// log(1 + e^-|x|).
Value log1p_of_exp(const Value& x) {
  const Value e = exp_of_minus_abs(x);
  return log1p_inside(e, add(e, 1));
}

constexpr double kTanhNear64[] = {
    -0x1.5555555555554p-2,  0x1.1111111110f3bp-3,  -0x1.ba1ba1b9fff09p-5,  0x1.664f487c3b0d5p-6,
    -0x1.226e3476f111bp-7,  0x1.d6d3a7a17f69bp-9,  -0x1.7da0e72baeac2p-10, 0x1.353d4d3476012p-11,
    -0x1.f3e304f893bafp-13, 0x1.8dc70385f9a6dp-14, -0x1.28207f260d165p-15, 0x1.663e3fca67884p-17,
    -0x1.f1b0a0265cebbp-20};

/// tanh in f64: x + x^3 p(x^2) near 0, and 1 - 2 / (1 + e^(2 |x|)) away from 0.
Value tanh64(const Value& x) {
  const Value magnitude = x.abs();
  const Value square = mul(x, x);
  const Value p = polynomial(square, kTanhNear64);
  const Value near = fma(mul(magnitude, square), p, magnitude);

  const Value a = at_most(magnitude, 19.1);
  const Exponent exponent = exponent_of(a, format(x.dtype()).bias, 2);
  const Value r = fma(exponent.n, -exponential_numbers(x).ln2 / 2, a);  // half the reduced argument
  const Value q = polynomial(r, scaled_q(x, 4, 2));
  const Value twice = add(r, r);
  const Value z = fma(mul(r, r), q, twice);
  const Value scale = power_of_two(exponent.biased);
  const Value sum = add(scale, fma(scale, z, 1));
  const Value far = sub(1, div(2, sum));
  const Value result = choose(less(magnitude, 0.6875), near, far);
  return with_sign_of(result, x);
}

/// tanh in f32. |x| is clamped to 9.02; from there on tanh rounds to 1.
Value tanh32(const Value& x) {
  const Value a = at_most(x.abs(), 9.02);
  const IntervalPolynomials& polynomials = tanh_polynomials();
  const IntervalPlace place = interval_place(a, fma(a, 1.625, 1), polynomials);
  return with_sign_of(polynomial(place, polynomials.coefficients), x);
}

}  // namespace

/// 1 / (1 + e^-x), with one Newton step that includes the rounding errors of the sum. The reduced
/// argument (high, low, r) is that of -x, negated.
Value sigmoid(const Value& x) {
  const ExponentialNumbers& numbers = exponential_numbers(x);
  const auto [bias, unit, bound] = scaled(x);
  const Value a = at_most(at_least(x, -bound), by_dtype(x, 20.0, 40.0));
  const Exponent exponent = exponent_of(a, bias, -1);
  const Value high = fma(exponent.n, numbers.ln2_high, a);
  const Value low = mul(exponent.n, numbers.ln2_low);
  const Value r = add(high, low);
  const Value q = polynomial(r, scaled_q(x, 1, -1));
  const Value square = mul(r, r);
  const Value rest = fma(square, q, low.neg());
  const Value z = sub(rest, high);

  const Value scale = power_of_two(exponent.biased);
  const Value both = add(scale, unit);
  const Value sum = fma(scale, z, both);
  const Value lost_product = fma(scale, z, sub(both, sum));
  const Value lost_one = sub(unit, sub(both, scale));
  const Value lost = add(lost_product, lost_one);

  const Value w = div(1, sum);
  const Value minus = w.neg();
  const Value off = fma(minus, sum, 1);
  const Value error = fma(minus, lost, off);
  return mul(fma(w, error, w), unit);
}

Value tanh(const Value& x) { return x.dtype() == DType::f32 ? tanh32(x) : tanh64(x); }

Value silu(const Value& x) {
  const Value a = at_most(x.abs(), by_dtype(x, 110.0, 752.0));
  const Split split = split_exponent(a, scaled(x).bias);
  const Value z = expm1_of(split);
  return gated(x, a, power_of_two(split.biased), z);
}

/// w = 2 sqrt(2 / pi) (a + 0.044715 a^3) in two floats: for large w, e^w needs more digits of w
/// than one float holds. `one` has so few bits that the rounding error of `slope` is computed
/// exactly.
Value gelu_tanh(const Value& x) {
  const double one = by_dtype(x, 0x1.9884p0, 0x1.9884533d44p0);  // 2 sqrt(2 / pi)
  const double one_low = by_dtype(x, 0x1.4cf50ep-18, -0x1.35ee5e069876p-41);
  const double cube = by_dtype(x, 0x1.2444f2p-4, 0x1.2444f2a4d8b4bp-4);  // 0.044715 times that
  const double cube_low = by_dtype(x, 0x1.49b16ap-29, -0x1.6c843a29d1c7p-61);
  const Value a = at_most(x.abs(), by_dtype(x, 11.0, 21.7));
  const Value square = mul(a, a);
  const Value square_low = fma(a, a, square.neg());
  const Value slope = fma(square, cube, one);
  const Value lost = fma(square, cube, sub(one, slope));
  const Value constants = fma(square, cube_low, one_low);
  const Value slope_low = add(fma(square_low, cube, constants), lost);
  const Value w = mul(a, slope);
  const Value w_low = fma(a, slope_low, fma(a, slope, w.neg()));

  Split split = split_exponent(w, scaled(x).bias);
  split.low = add(split.low, w_low);
  const Value z = expm1_of(split);
  return gated(x, a, power_of_two(split.biased), z);
}

Value softplus(const Value& x) {
  const Value rest = log1p_of_exp(x);
  return add(rest, at_least(x, 0));
}

Value logsigmoid(const Value& x) { return softplus(x.neg()).neg(); }

/// With e = e^-|x|: x t / (t + 2) with t = e^2 + 2 e for negative x, and
/// x - x 2 e^2 / (2 e^2 + 2 e + 1) for positive x. All terms are multiplied by `unit`, a power of
/// two, so that only the quotient may be subnormal.
Value mish(const Value& x) {
  const ExponentialNumbers& numbers = exponential_numbers(x);
  const double unit = by_dtype(x, 0x1p64, 0x1p512);
  const int bias = format(x.dtype()).bias + by_dtype(x, 64, 512);
  const Value negative = x.abs().neg();
  const Value a = at_least(negative, by_dtype(x, -132.4, -1064.0));
  const Exponent exponent = exponent_of(a, bias);
  const Value high = fma(exponent.n, -numbers.ln2_high, a);
  const Value r = fma(exponent.n, -numbers.ln2_low, high);
  const Value q = polynomial(r, numbers.q);
  const Value z = fma(mul(r, r), q, r);  // e^r - 1
  const Value scale = power_of_two(exponent.biased);
  const Value e = fma(scale, z, scale);
  const Value square = mul(mul(e, 1 / unit), e);
  const Value double_scale = add(scale, scale);
  const Value t = add(fma(double_scale, z, square), double_scale);  // rounded once where e is small
  const Value below = less(x, 0);
  const Value twice = add(square, square);
  const Value numerator = mul(a, choose(below, t, twice));
  const Value more = choose(below, 0, square);
  const Value two = x.constant(2 * unit);
  const Value least = choose(below, two, unit);
  const Value denominator = add(add(t, more), least);
  const Value quotient = div(numerator, denominator);
  return add(quotient, at_least(x, -0.0));
}

Value elu(const Value& x, const Value& alpha) {
  const Value below = mul(expm1(x), alpha);
  return choose(greater(x, 0), x, below);
}

Value celu(const Value& x, const Value& alpha) {
  const Value below = mul(expm1(div(x, alpha)), alpha);
  return choose(greater(x, 0), x, below);
}

/// scale x for positive x, else scale alpha (e^x - 1). The product scale alpha is in two floats.
Value selu(const Value& x) {
  const double scale = by_dtype(x, 0x1.0cfabep0, 0x1.0cfabd6a91132p0);
  const double product = by_dtype(x, 0x1.c212ccp0, 0x1.c212cc640f031p0);
  const double product_low = by_dtype(x, 0x1.903c0cp-26, 0x1.05161b045a1fep-56);
  const Value above = mul(x, scale);
  const Value e = expm1(x);
  const Value below = fma(e, product, mul(e, product_low));
  return choose(greater(x, 0), above, below);
}

}  // namespace sinter::detail::functions
