// log and its relatives.
#include <limits>

#include "function_parts.h"
#include "functions.h"

namespace sinter::detail::functions {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// `result` where x is positive and finite; the logarithms of all other x.
Value with_special_logarithms(const Value& result, const Value& x) {
  const Value finite = choose(less(x, kInfinity), result, x);
  const Value infinity = x.constant(-kInfinity);
  const Value pole = choose(equal(x, 0), infinity, kNaN);
  return choose(greater(x, 0), finite, pole);
}

}  // namespace

/// x = 2^n m with m in [2/3, 4/3); log x = n ln 2 + f - f^2/2 + f^3 P(f), f = m - 1, which is
/// exact.
Value log(const Value& x) {
  constexpr double kP[] = {0x1.555506p-2, -0x1.fffefp-3,  0x1.99d05ep-3, -0x1.559de4p-3,
                           0x1.1ed422p-3, -0x1.f30e34p-4, 0x1.1e73b8p-3, -0x1.080caap-3};
  const Value subnormal = less(x, 0x1p-126);
  const Value normal = choose(subnormal, mul(x, 0x1p23), x);
  const Value bits = bits_of(normal);
  const Value above = record(Op::sub, {bits, 0x3f2aaaab});
  const Value exponent = record(Op::bit_and, {above, -0x1p23});
  const Value m = float_of(bits.sub(exponent));
  const Value steps = exponent.convert(x.dtype());  // n * 2^23, exactly
  const Value n = choose(subnormal, sub(steps, 23 * 0x1p23), steps);
  const Value f = sub(m, 1);
  const Value square = mul(f, f);
  const Value p = fma(polynomial(f, kP), f, -0.5);
  const Value near = fma(square, p, f);
  const Value result = fma(n, 0x1.62e43p-1 * 0x1p-23, near);
  return with_special_logarithms(result, x);
}

/// 1 + x = 2^n m with m in [3/4, 3/2), but f = m - 1 from x itself: x 2^-n + (2^-n - 1). All of it
/// four times as large, so that 2^-n stays a normal number.
Value log1p(const Value& x) {
  // Of 4 f; f^j has 4^(1 - j).
  constexpr double kP[] = {0x1.5555a4p-6,  -0x1.000042p-8,  0x1.996966p-11, -0x1.54ef16p-13,
                           0x1.2886b8p-15, -0x1.0d93f4p-17, 0x1.aca08ep-20, -0x1.713e36p-23};
  const Value sum = add(x, 1);
  const Value above = record(Op::sub, {bits_of(sum), 0x3f400000});
  const Value exponent = record(Op::bit_and, {above, -0x1p23});
  const Value scale = float_of(record(Op::sub, {0x40800000, exponent}));
  const Value f = fma(x, scale, sub(scale, 4));
  const Value square = mul(f, f);
  const Value p = fma(polynomial(f, kP), f, -0.125);
  const Value near = fma(square, p, f);
  const Value n = exponent.convert(x.dtype());
  const Value result = mul(fma(n, 0x1.62e43p1 * 0x1p-23, near), 0.25);
  const Value exact = choose(equal(x, 0), x, result);
  return with_special_logarithms(exact, sum);
}

}  // namespace sinter::detail::functions
