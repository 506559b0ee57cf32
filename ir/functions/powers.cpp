// pow: x^y = 2^(y log2 |x|). The logarithm and its product with y are pairs of floats, because an
// absolute error of the exponent becomes a relative error of the result.
// Coefficients: scripts/fit.
#include <limits>

#include "functions/exponential.h"
#include "functions/functions.h"
#include "functions/logarithm.h"

namespace sinter::detail::functions {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// A number as high + low, where low is of the order of an ULP of high.
struct Pair {
  Value high;
  Value low;
};

/// a + b + low, for |a| >= |b| or a = 0.
Pair sum_of(const Term& a, const Value& b, const Value& low) {
  const Value high = add(a, b);
  const Value lost = add(sub(a, high), b);
  return {high, add(lost, low)};
}

Pair product_of(const Pair& a, const Pair& b) {
  const Value high = mul(a.high, b.high);
  const Value lost = fma(a.high, b.high, high.neg());
  const Value cross = fma(a.low, b.high, lost);
  return {high, fma(a.high, b.low, cross)};
}

Pair pair_of(const Value& like, double high, double low) {
  const Value first = like.constant(high);
  return {first, like.constant(low)};
}

/// f / (2 + f), as a pair.
Pair half_tangent(const Value& f) {
  const Value sum = add(f, 2);
  const Value sum_low = sub(f, sub(sum, 2));
  const Value reciprocal = div(1, sum);
  const Value high = mul(f, reciprocal);
  const Value minus = high.neg();
  const Value off = fma(minus, sum, f);
  return {high, mul(fma(minus, sum_low, off), reciprocal)};
}

/// log2 x = n + 2 / ln 2 (s + s^3 (1/3 + s^2 q(s^2))) with s = f / (2 + f), for positive finite x.
Pair log2_pair(const Value& x) {
  constexpr double kQ32[] = {0x1.999998p-3, 0x1.2493acp-3, 0x1.c644a4p-4, 0x1.8fee1ap-4};
  constexpr double kQ64[] = {0x1.999999999999ap-3, 0x1.2492492492386p-3, 0x1.c71c71c73fb4ap-4,
                             0x1.745d1731eef65p-4, 0x1.3b13b7f00cd6ep-4, 0x1.110fa737beb75p-4,
                             0x1.e2417df037ab2p-5, 0x1.a789825c92645p-5, 0x1.da1d0a750be38p-5};
  const double third = by_dtype(x, 0x1.555556p-2, 0x1.5555555555555p-2);
  const double third_low = by_dtype(x, -0x1.555556p-27, 0x1.5555555555555p-56);
  const NormalFraction parts = normal_fraction(x, by_dtype<double>(x, 0x3f3504f3, kRootHalf64));
  const Pair s = half_tangent(parts.f);
  const Pair square = product_of(s, s);
  const Value q = polynomial(square.high, by_dtype<std::span<const double>>(x, kQ32, kQ64));
  const Value more = mul(square.high, q);
  const Value low = x.constant(third_low);
  const Pair bracket = sum_of(third, more, low);
  const Pair cube = product_of(s, product_of(square, bracket));
  const Value both_low = add(s.low, cube.low);
  const Pair atanh = sum_of(s.high, cube.high, both_low);
  const Pair factor = pair_of(x, by_dtype(x, 0x1.715476p1, 0x1.71547652b82fep1),
                              by_dtype(x, 0x1.4ae0cp-25, 0x1.777d0ffda0d24p-55));
  const Pair fraction = product_of(atanh, factor);
  const Value n = mul(parts.n, by_dtype(x, 0x1p-23, 0x1p-52));
  return sum_of(n, fraction.high, fraction.low);
}

/// 2^(high + low); +0 or inf if that is out of range.
Value exp2_of(const Pair& x) {
  const int bias = format(x.high.dtype()).bias;
  const Value high = at_most(at_least(x.high, 1 - 2 * bias), bias + 3);
  const Value low = at_most(at_least(x.low, -0.25), 0.25);
  const double round = format(x.high.dtype()).round + 2 * bias;
  const Value biased = add(high, round);
  const Value f = add(sub(high, sub(biased, round)), low);
  return scaled_in_halves(exp2_fraction(f), biased);
}

/// magnitude^y for a finite magnitude > 0 and any y. At |y| = bound every power except 1^y is 0 or
/// inf, so y is clamped.
Value pow_of_finite(const Value& magnitude, const Value& y) {
  const double bound = by_dtype(y, 0x1p40, 0x1p70);
  const Value bounded = at_most(at_least(y, -bound), bound);
  const Pair logarithm = log2_pair(magnitude);
  const Value high = mul(bounded, logarithm.high);
  const Value lost = fma(bounded, logarithm.high, high.neg());
  return exp2_of({high, fma(bounded, logarithm.low, lost)});
}

}  // namespace

/// Special values are those of IEEE 754-2019 and C.
Value pow(const Value& x, const Value& y) {
  const Value magnitude = x.abs();
  const Value finite = pow_of_finite(magnitude, y);

  const Value infinite = equal(magnitude, kInfinity);
  const Value extreme = equal(magnitude, 0).logical_or(infinite);
  const Value grows = infinite.logical_xor(less(y, 0));
  const Value infinity = x.constant(kInfinity);
  const Value bound = choose(grows, infinity, 0);
  const Value positive = choose(extreme, bound, finite);

  const Value whole = equal(y.round(), y);
  const Value half = mul(y, 0.5);
  const Value odd = whole.logical_and(half.round().not_equal(half));
  const Value result = with_sign_of(positive, choose(odd, x, 1));

  const Value root = less(x, 0).logical_and(whole.logical_or(extreme).logical_not());
  const Value unordered = x.not_equal(x).logical_or(y.not_equal(y));
  const Value real = choose(root.logical_or(unordered), kNaN, result);
  const Value one = equal(x, 1).logical_or(equal(y, 0));
  return choose(one, 1, real);
}

}  // namespace sinter::detail::functions
