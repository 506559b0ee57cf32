// log and its relatives.
#include <limits>

#include "function_parts.h"
#include "functions.h"

namespace sinter::detail::functions {

/// x = 2^n m with m in [2/3, 4/3); log x = n ln 2 + f - f^2/2 + f^3 P(f), f = m - 1, which is
/// exact.
Value log(const Value& x) {
  constexpr double kP[] = {0x1.555506p-2, -0x1.fffefp-3,  0x1.99d05ep-3, -0x1.559de4p-3,
                           0x1.1ed422p-3, -0x1.f30e34p-4, 0x1.1e73b8p-3, -0x1.080caap-3};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const Value subnormal = less(x, 0x1p-126);
  const Value normal = choose(subnormal, mul(x, 0x1p23), x);
  const Value bits = bits_of(normal);
  const Value above = record(Op::sub, {bits, 0x3f2aaaab});
  const Value exponent = record(Op::bit_and, {above, -0x1p23});
  const Value m = float_of(bits.sub(exponent));
  const Value steps = record(Op::shift_right, {above, 23}).convert(x.dtype());
  const Value more = x.constant(-23);
  const Value n = add(steps, choose(subnormal, more, 0));
  const Value f = sub(m, 1);
  const Value square = mul(f, f);
  const Value p = fma(polynomial(f, kP), f, -0.5);
  const Value low = mul(n, -0x1.05c61p-29);
  const Value sum = add(fma(square, p, low), f);
  const Value result = fma(n, 0x1.62e43p-1, sum);
  const Value finite = choose(less(x, kInfinity), result, x);
  const Value infinity = x.constant(-kInfinity);
  const Value pole = choose(equal(x, 0), infinity, kNaN);
  return choose(greater(x, 0), finite, pole);
}

}  // namespace sinter::detail::functions
