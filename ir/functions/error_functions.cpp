// erf, erfc and gelu.
//
// Away from 0 they contain e^(-a^2), for gelu e^(-a^2 / 2), times a function of a = |x| that varies
// slowly. That function is h (1 + g(u)). The quotient h = 1 / d (for gelu a / d), with d = 1 + k a,
// approximates it; g is the relative correction, a polynomial in u, a function of a that maps
// [0, inf) to a bounded interval. The rounding error of h is added to g.
// Coefficients: scripts/fit.
#include "functions/exponential.h"
#include "functions/functions.h"
#include "functions/interval_polynomials.h"

namespace sinter::detail::functions {
namespace {

// erf(x) = x + x p(x^2) near 0.
constexpr double kNear32[] = {0x1.06eba8p-3, -0x1.81273ep-2,  0x1.ce2cf2p-4, -0x1.b7f88cp-6,
                              0x1.540172p-8, -0x1.a3d812p-11, 0x1.4917a4p-14};
constexpr double kNear64[] = {
    0x1.06eba8214db69p-3,  -0x1.812746b037a01p-2,  0x1.ce2f21a043a17p-4,  -0x1.b82ce312c1246p-6,
    0x1.565bcd1619563p-8,  -0x1.c02db54027929p-11, 0x1.f9a34707b03fp-14,  -0x1.f4d44a7e32638p-17,
    0x1.b9f606c492ca8p-20, -0x1.5f74e35cd2bf2p-23, 0x1.f42c7fe5aa50dp-27, -0x1.0b90281b72acap-30};

/// erfc(a) = e^(-a - a p(a)) away from 0.
constexpr double kFar32[] = {0x1.0736cep-3,  0x1.45795p-1,  0x1.af4c08p-4,
                             -0x1.77650ap-6, 0x1.a64a64p-9, -0x1.c27becp-13};

/// The constants of e^(-a^2) (1 + g(u)) / (1 + slope a) with u = 1 - scale / (a + shift), for one
/// dtype.
struct TailNumbers {
  double bound;  ///< upper clamp of a; there the power of two has exponent field 0, so it is +0
  int bias;      ///< added to n; see exponent_of
  double unit;   ///< the power of two at a = 0, by which the result is scaled
  double shift, scale;
  std::span<const double> g;
};

constexpr double kErfcSlope = 1.28125;
constexpr double kErfcG32[] = {-0x1.ee881p-5,  -0x1.4149e4p-2, -0x1.82009cp-6, 0x1.a5085cp-2,
                               -0x1.2e6d84p-1, 0x1.e8a844p-2,  -0x1.c53a1cp-3, 0x1.e18b92p-6,
                               0x1.b32846p-6,  -0x1.86f9p-7};
constexpr double kErfcG64[] = {
    -0x1.92274882ad173p-4, -0x1.fed2ebdaefbf5p-3,  0x1.3231c0de547ccp-5,   0x1.bcf0603d8a9b6p-4,
    -0x1.115848815c2ccp-3, 0x1.45c6a944ec77cp-4,   -0x1.60fd3f15975p-6,    -0x1.ccf89540e1b27p-9,
    0x1.0edadc459d0a4p-8,  -0x1.f30cc617a69afp-14, -0x1.71b79ebd4b5ccp-11, 0x1.927808e2ef792p-15,
    0x1.1f27c8785f7a5p-13, -0x1.b07d911745dc1p-21, -0x1.e4e630da276cp-16,  -0x1.14f21b2b2db3ep-18,
    0x1.84af62b5f91e5p-18, 0x1.2ca389d6daf67p-19,  -0x1.dabbef50c44bp-21,  -0x1.abb1d4db75825p-21,
    0x1.9f5c5a6b18a2cp-25, 0x1.b4a51d54f253bp-23,  0x1.766bc99a7c462p-27,  -0x1.fdb82b38c1d75p-26};
constexpr TailNumbers kErfc32{10.5, 159, 0x1p32, 3.25, 4.75, kErfcG32};
constexpr TailNumbers kErfc64{27.4, 1083, 0x1p60, 2.875, 5.03125, kErfcG64};

constexpr double kGeluSlope = 0.9375;
constexpr double kGeluG64[] = {
    -0x1.b30521f42e20cp-4, -0x1.e0dcfc0375362p-3,  0x1.a581b3eae3494p-4,   0x1.22a7f8974711ap-5,
    -0x1.079d276b18da3p-3, 0x1.3b3f8af33cddp-3,    -0x1.fe3157f2ad6fdp-4,  0x1.2e81438985fabp-4,
    -0x1.f97b2311aba95p-6, 0x1.d379bd1107502p-8,   0x1.83f50aa313e95p-11,  -0x1.4006e19b79edap-10,
    0x1.2661db66e31f5p-12, 0x1.bc916536b635dp-14,  -0x1.1767f67ad5724p-14, -0x1.648d2479f7011p-18,
    0x1.8ef4b534c4063p-17, -0x1.4811f5796694bp-22, -0x1.16e7638a1d479p-19, 0x1.434f517060fdep-23,
    0x1.77ddc2a1827e2p-22, -0x1.1629742646444p-25, -0x1.617b6d977725cp-25, 0x1.52382effdf405p-28};
constexpr TailNumbers kGelu64{38.75, 1083, 0x1p60, 5.5, 9.625, kGeluG64};

Value polynomial_of_u(const Value& a, const TailNumbers& numbers) {
  const Value u = sub(1, div(numbers.scale, add(a, numbers.shift)));
  return polynomial(u, numbers.g);
}

/// 1 + slope a = d + low.
struct Denominator {
  Value d;
  Value low;
};
Denominator denominator(const Value& a, double slope) {
  const Value d = fma(a, slope, 1);
  return {d, fma(a, slope, sub(1, d))};
}

/// a - h (d + low), for h = a / d rounded.
Value residual_of(const Term& a, const Value& h, const Denominator& denominator) {
  const Value minus = h.neg();
  const Value off = fma(minus, denominator.d, a);
  return fma(minus, denominator.low, off);
}

/// erfc(a) times numbers.unit, for 0 <= a <= numbers.bound.
Value erfc_tail(const Value& a, const TailNumbers& numbers) {
  const ExponentialNumbers& exponential = exponential_numbers(a);
  const Value polynomial_part = polynomial_of_u(a, numbers);
  const Denominator slope = denominator(a, kErfcSlope);
  const Value h = div(1, slope.d);
  const Value g = add(polynomial_part, residual_of(1, h, slope));

  const Value square = mul(a, a);
  const Value minus_square = square.neg();
  const Value square_low = fma(a, a, minus_square);
  const Exponent exponent = exponent_of(square, numbers.bias, -1);
  const Value high = fma(exponent.n, -exponential.ln2_high, minus_square);
  const Value low = sub(mul(exponent.n, -exponential.ln2_low), square_low);
  const Value r = add(high, low);
  const Value q = polynomial(r, exponential.q);
  const Value rest = fma(mul(r, r), q, low);
  const Value z = add(rest, high);  // e^r - 1
  const Value y = fma(z, add(g, 1), g);
  const Value scale = power_of_two(exponent.biased);
  return mul(fma(h, y, h), scale);
}

/// 1 - erfc(a) in f32. A shorter approximation suffices, because erfc is small relative to 1.
Value erf_far32(const Value& a) {
  const Value power = fma(polynomial(a, kFar32), a, a).neg();
  const Exponent exponent = exponent_of(power, format(DType::f32).bias);
  const Value r = fma(exponent.n, -exponential_numbers(a).ln2, power);
  const Value q = polynomial(r, exponential_numbers(a).q);
  const Value z = fma(mul(r, r), q, r);
  const Value scale = power_of_two(exponent.biased).neg();
  return fma(scale, z, add(scale, 1));
}

/// gelu in f64: max(x, 0) - h (1 + g(u)) e^(-a^2 / 2) / 2, with h = a / (1 + k a).
Value gelu64(const Value& x) {
  const ExponentialNumbers& exponential = exponential_numbers(x);
  const Value a = at_most(x.abs(), kGelu64.bound);
  const Value polynomial_part = polynomial_of_u(a, kGelu64);
  const Denominator slope = denominator(a, kGeluSlope);
  const Value h = div(a, slope.d);
  const Value residual = residual_of(a, h, slope);
  // About 1 / a: the subtraction negates the exponent and is linear in the fraction.
  const Value reciprocal = float_of(record(Op::sub, {0x7fdep48, bits_of(a)}));
  const Value g = fma(residual, reciprocal, polynomial_part);

  // r is -2 times the reduced argument, so that a^2 enters by one fma.
  const Exponent exponent = exponent_of(mul(a, a), kGelu64.bias, -0.5);
  const Value ones = mul(exponent.n, 2 * exponential.ln2_high);
  const Value high = fma(a, a, ones);
  const Value r = fma(exponent.n, 2 * exponential.ln2_low, high);
  const Value q = polynomial(r, scaled_q(x, -0.5, -0.5));
  const Value z = fma(mul(r, r), q, r);  // 2 (1 - e^(-r / 2))
  const Value y = fma(z, fma(g, -0.5, -0.5), g);
  const Value scale = power_of_two(exponent.biased);
  const Value product = mul(fma(h, y, h), scale);
  return fma(product, -0.5 / kGelu64.unit, at_least(x, -0.0));
}

/// gelu in f32: max(x, 0) - h(a) e^(-a^2 / 2), where the rounding error of h is kept in h_low. The
/// high part of ln 2 has so few bits that its product with n is exact.
Value gelu32(const Value& x) {
  constexpr int kBias = 159;
  constexpr double kUnit = 0x1p32;  // the power of two at a = 0
  const Value a = at_most(x.abs(), 14.85);
  const IntervalPolynomials& polynomials = gelu_polynomials();
  const IntervalPlace place = interval_place(a, add(a, 1), polynomials);
  const Value slope = polynomial(place, polynomials.coefficients.subspan(1));
  const Value first = place.index.lut16(polynomials.coefficients[0]);
  const Value h = fma(slope, place.distance, first);
  const Value h_low = fma(slope, place.distance, sub(first, h));

  const Value half = mul(a, -0.5);
  const Exponent exponent = exponent_of(mul(half, a), kBias);
  const Value high = fma(half, a, mul(exponent.n, -0x1.62e4p-1));
  const Value r = fma(exponent.n, -0x1.7f7d1cp-20, high);
  const Value q = polynomial(r, exponential_numbers(x).q);
  const Value z = fma(mul(r, r), q, r);  // e^r - 1
  const Value sum = add(h, fma(z, h, h_low));
  const Value product = mul(sum, power_of_two(exponent.biased));
  return fma(product, -1 / kUnit, at_least(x, -0.0));
}

const TailNumbers& numbers_for(const Value& x, const TailNumbers& f32, const TailNumbers& f64) {
  return format(x.dtype()).fraction_bits == 23 ? f32 : f64;
}

}  // namespace

Value erf(const Value& x) {
  const bool f32 = x.dtype() == DType::f32;
  const Value magnitude = x.abs();
  const Value square = mul(x, x);
  const Value p = polynomial(square, by_dtype<std::span<const double>>(x, kNear32, kNear64));
  const Value near = fma(p, magnitude, magnitude);
  const Value a = at_most(magnitude, by_dtype(x, 4.0, 6.0));
  const Value far = f32 ? erf_far32(a) : fma(erfc_tail(a, kErfc64), -1 / kErfc64.unit, 1);
  const Value result = choose(less(magnitude, by_dtype(x, 0.96875, 0.84375)), near, far);
  return with_sign_of(result, x);
}

/// erfc(x) = 2 - erfc(-x) for negative x.
Value erfc(const Value& x) {
  const TailNumbers& numbers = numbers_for(x, kErfc32, kErfc64);
  const Value tail = erfc_tail(at_most(x.abs(), numbers.bound), numbers);
  const Value positive = mul(tail, 1 / numbers.unit);
  const Value negative = fma(tail, -1 / numbers.unit, 2);
  return choose(less(x, 0), negative, positive);
}

Value gelu(const Value& x) { return x.dtype() == DType::f32 ? gelu32(x) : gelu64(x); }

}  // namespace sinter::detail::functions
