// exp and the functions that are quotients of exponentials.
//
// The polynomials were fitted with errors relative to the function and coefficients rounded to the
// dtype; the error of each function over all f32 values is in ir/README.md.
#include "exponential.h"

#include <array>

#include "functions.h"

namespace sinter::detail::functions {
namespace {

constexpr double kQ32[] = {0x1.fffffcp-2, 0x1.55549p-3, 0x1.5558a2p-5, 0x1.123adp-7,
                           0x1.6a5e34p-10};
constexpr ExponentialNumbers kF32{0x1.715476p0, 0x1.62e43p-1, -0x1.05c61p-29, kQ32};

}  // namespace

const ExponentialNumbers& exponential_numbers(DType) { return kF32; }

Split split_exponent(const Value& x, int bias) {
  const ExponentialNumbers& numbers = exponential_numbers(x.dtype());
  const double round = format(x.dtype()).round + bias;
  Split split;
  split.biased = fma(x, numbers.log2_e, round);
  split.n = sub(split.biased, round);
  split.high = fma(split.n, -numbers.ln2_high, x);
  return split;
}

Value remainder_of(const Split& split) {
  return fma(split.n, -exponential_numbers(split.n.dtype()).ln2_low, split.high);
}

Value power_of_two(const Value& biased) {
  const double places = format(biased.dtype()).fraction_bits;
  return float_of(record(Op::shift_left, {bits_of(biased), places}));
}

/// The scale 2^n is applied in two steps, each half of it, so that the result may be subnormal and
/// 2^n beyond the range on the way to it. Below the lower clamp both halves would have an exponent
/// field of 0 and be +0, which is why masks like -1e9 cost no more than other values.
Value exp(const Value& x) {
  const Value clamped = at_most(at_least(x, -176), 89);
  const Split split = split_exponent(clamped, 254);
  const Value r = remainder_of(split);
  const Value q = polynomial(r, exponential_numbers(x.dtype()).q);
  const Value p = fma(fma(q, r, 1), r, 1);
  const Value bits = bits_of(split.biased);
  const Value half = record(Op::shift_right, {bits, 1});
  const Value rest = sub(bits, half);
  const double places = format(x.dtype()).fraction_bits;
  const Value first = float_of(record(Op::shift_left, {half, places}));
  const Value second = float_of(record(Op::shift_left, {rest, places}));
  return mul(mul(p, first), second);
}

/// s e^r - s with s = 2^n: s * high + (s - 1) and what their roundings lose. Half of everything, so
/// that s stays in range.
Value expm1(const Value& x) {
  constexpr double kQ[] = {0.5,           0x1.555552p-3,  0x1.5554e4p-5,
                           0x1.1115b6p-7, 0x1.6d5166p-10, 0x1.9a94e6p-13};
  const ExponentialNumbers& numbers = exponential_numbers(x.dtype());
  const Split split = split_exponent(at_most(at_least(x, -17.4), 89), 126);
  const Value low = mul(split.n, -numbers.ln2_low);
  const Value r = add(split.high, low);
  const Value square = mul(r, r);
  const Value z = fma(square, polynomial(r, kQ), low);
  const Value scale = power_of_two(split.biased);
  const Value shifted = sub(scale, 0.5);
  const Value lost_half = sub(sub(scale, shifted), 0.5);
  const Value sum = fma(scale, split.high, shifted);
  const Value lost_sum = fma(scale, split.high, sub(shifted, sum));
  const Value rest = add(fma(scale, z, lost_sum), lost_half);
  const Value half = add(sum, rest);
  const Value twice = add(half, half);
  return choose(equal(square, 0), x, twice);
}

/// 1 / (1 + e^|x|) and its complement to 1. The sum is scaled by 2^-64 to stay in range, and its
/// rounding error goes into one Newton step on the quotient.
Value sigmoid(const Value& x) {
  constexpr double kScale = 0x1p-64;
  const ExponentialNumbers& numbers = exponential_numbers(x.dtype());
  const Value a = at_most(x.abs(), 105);
  const Split split = split_exponent(a, 63);
  const Value r = remainder_of(split);
  const Value q = polynomial(r, numbers.q);
  const Value square = mul(r, r);
  const Value low = mul(split.n, -numbers.ln2_low);
  const Value z = add(fma(square, q, low), split.high);
  const Value scale = power_of_two(split.biased);
  const Value sum = add(scale, kScale);
  const Value denominator = fma(scale, z, sum);
  const Value lost = sub(sum, denominator);
  const Value lost_product = fma(scale, z, lost);
  const Value lost_one = sub(kScale, sub(sum, scale));
  const Value rest = add(lost_product, lost_one);
  const Value w = div(1, denominator);
  const Value off = fma(w.neg(), denominator, 1);
  const Value error = fma(w.neg(), rest, off);
  const Value quotient = mul(fma(w, error, w), kScale);
  const Value complement = sub(1, quotient);
  return choose(less(x, 0), quotient, complement);
}

/// An odd polynomial near 0, and 1 - 2 / (1 + e^(2|x|)) away from it.
Value tanh(const Value& x) {
  constexpr double kOdd[] = {-0x1.55554ap-2, 0x1.110e6p-3,  -0x1.b9ad0ep-5, 0x1.620d0cp-6,
                             -0x1.0b5a1ep-7, 0x1.4550eap-9, -0x1.b67c5p-12};
  const ExponentialNumbers& numbers = exponential_numbers(x.dtype());
  const Value magnitude = x.abs();
  const Value square = mul(x, x);
  const Value cube = mul(magnitude, square);
  const Value near = fma(cube, polynomial(square, kOdd), magnitude);

  const Value a = at_most(magnitude, 9.02);
  const double round = format(x.dtype()).round + 127;
  const Value biased = fma(a, 2 * numbers.log2_e, round);
  const Value n = sub(biased, round);
  const Value r = fma(n, -numbers.ln2_high / 2, a);
  std::array<double, 8> q{};
  for (std::size_t k = 0; k < numbers.q.size(); ++k)
    q[k] = numbers.q[k] * static_cast<double>(4 << k);
  const Value r_square = mul(r, r);
  const Value twice = add(r, r);
  const Value z = fma(r_square, polynomial(r, std::span(q).first(numbers.q.size())), twice);
  const Value scale = power_of_two(biased);
  const Value denominator = fma(scale, z, add(scale, 1));
  const Value far = sub(1, div(2, denominator));
  const Value result = choose(less(magnitude, 0.9375), near, far);
  return with_sign_of(result, x);
}

}  // namespace sinter::detail::functions
