// erf, erfc and gelu.
//
// Away from 0 they are e^(-x^2) times a function of |x| that changes slowly. A quotient h carries
// most of that function, and a polynomial in u, which maps [0, inf) to an interval, the rest.
#include <array>

#include "exponential.h"
#include "functions.h"

namespace sinter::detail::functions {

/// An odd polynomial near 0, 1 - e^(-a - a Q(a)) away from it.
Value erf(const Value& x) {
  constexpr double kNear[] = {0x1.06eba8p-3, -0x1.81273ep-2,  0x1.ce2cf2p-4, -0x1.b7f88cp-6,
                              0x1.540172p-8, -0x1.a3d812p-11, 0x1.4917a4p-14};
  constexpr double kFar[] = {0x1.0736cep-3,  0x1.45795p-1,  0x1.af4c08p-4,
                             -0x1.77650ap-6, 0x1.a64a64p-9, -0x1.c27becp-13};
  const Value magnitude = x.abs();
  const Value square = mul(x, x);
  const Value near = fma(polynomial(square, kNear), magnitude, magnitude);

  const Value a = at_most(magnitude, 4);
  const Value exponent = fma(polynomial(a, kFar), a, a).neg();
  const Split split = split_exponent(exponent, 127);
  const Value r = split.high;
  const Value r_square = mul(r, r);
  const Value z = fma(r_square, polynomial(r, exponential_numbers(x.dtype()).q), r);
  const Value scale = power_of_two(split.biased).neg();
  const Value far = fma(scale, z, add(scale, 1));
  const Value result = choose(less(magnitude, 0.96875), near, far);
  return with_sign_of(result, x);
}

/// h (1 + g(u)) e^(-a^2) for a = |x|, h = 1 / (1 + 1.28125 a); for negative x its complement to 2.
Value erfc(const Value& x) {
  constexpr double kSlope = 1.28125;
  constexpr double kG[] = {-0x1.ee881p-5,  -0x1.4149e4p-2, -0x1.82009cp-6, 0x1.a5085cp-2,
                           -0x1.2e6d84p-1, 0x1.e8a844p-2,  -0x1.c53a1cp-3, 0x1.e18b92p-6,
                           0x1.b32846p-6,  -0x1.86f9p-7};
  const ExponentialNumbers& numbers = exponential_numbers(x.dtype());
  const Value a = at_most(x.abs(), 10.5);
  const Value u = sub(1, div(4.75, add(a, 3.25)));
  const Value d = fma(a, kSlope, 1);
  const Value d_low = fma(a, kSlope, sub(1, d));
  const Value h = div(1, d);

  const Value square = mul(a, a);
  const Value minus_square = square.neg();
  const Value square_low = fma(a, a, minus_square);
  const double round = format(x.dtype()).round + 159;
  const Value biased = fma(square, -numbers.log2_e, round);
  const Value n = sub(biased, round);
  const Value high = fma(n, -numbers.ln2_high, minus_square);
  const Value low = sub(mul(n, -numbers.ln2_low), square_low);
  const Value r = add(high, low);
  const Value r_square = mul(r, r);
  const Value rest = fma(r_square, polynomial(r, numbers.q), low);
  const Value z = add(rest, high);

  const Value off = fma(h.neg(), d, 1);
  const Value residual = fma(h.neg(), d_low, off);
  const Value g = add(polynomial(u, kG), residual);
  const Value y = add(fma(z, g, z), g);
  const Value product = mul(fma(h, y, h), power_of_two(biased));
  const Value tail = mul(product, 0x1p-32);
  const Value complement = fma(product, -0x1p-32, 2);
  return choose(less(x, 0), complement, tail);
}

/// max(x, 0) less half of h (1 + g(u)) e^(-a^2 / 2) for a = |x|, h = a / (1 + 0.9375 a). Below
/// -14.85 the scale is +0, and so the result -0.
Value gelu(const Value& x) {
  constexpr double kSlope = 0.9375;
  constexpr double kG[] = {-0x1.c4f1d6p-6, -0x1.070c56p-2, -0x1.06303cp-3, 0x1.680fd4p-2,
                           -0x1.1cb27p-2,  0x1.4fc7c4p-4,  0x1.841f9ep-6,  -0x1.3cd82p-6,
                           -0x1.965d0ap-9, 0x1.f232fp-9};
  const ExponentialNumbers& numbers = exponential_numbers(x.dtype());
  const Value a = at_most(x.abs(), 14.85);
  const Value u = sub(1, div(5.5, add(a, 3.625)));
  const Value d = fma(a, kSlope, 1);
  const Value d_low = fma(a, kSlope, sub(1, d));
  const Value h = div(a, d);

  // r is -2 times the remainder, so that a^2 enters with one rounding.
  const double round = format(x.dtype()).round + 159;
  const Value biased = fma(mul(a, a), -numbers.log2_e / 2, round);
  const Value n = sub(biased, round);
  const Value high = fma(a, a, mul(n, 0x1.62e4p0));
  const Value r = fma(n, 0x1.7f7d1cp-19, high);
  std::array<double, 8> q{};
  double factor = -0.5;
  for (std::size_t j = 0; j < numbers.q.size(); ++j, factor *= -0.5) q[j] = numbers.q[j] * factor;
  const Value r_square = mul(r, r);
  const Value z = fma(r_square, polynomial(r, std::span(q).first(numbers.q.size())), r);

  const Value off = fma(h.neg(), d, a);
  const Value residual = fma(h.neg(), d_low, off);
  const Value reciprocal = float_of(record(Op::sub, {0x7ef00000, bits_of(a)}));  // of a, roughly
  const Value g = fma(residual, reciprocal, polynomial(u, kG));
  const Value twice = fma(z, g, z);
  const Value y = fma(twice, -0.5, g);
  const Value product = mul(fma(h, y, h), power_of_two(biased));
  return fma(product, -0x1p-33, at_least(x, -0.0));
}

}  // namespace sinter::detail::functions
