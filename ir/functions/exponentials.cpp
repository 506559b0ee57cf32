// exp, exp2, expm1, and their parts that other functions use.
//
// Polynomials are minimax fits of the error relative to the function. Their coefficients were
// rounded one by one, with a new fit of the others after each. docs/accuracy.md lists the errors of
// the functions. Coefficients: scripts/fit.
#include "functions/exponential.h"
#include "functions/functions.h"

namespace sinter::detail::functions {
namespace {

constexpr double kQ32[] = {0x1.fffffcp-2, 0x1.55549p-3, 0x1.5558a2p-5, 0x1.123adp-7,
                           0x1.6a5e34p-10};
constexpr double kQ64[] = {0x1p-1,
                           0x1.555555555555bp-3,
                           0x1.555555555553ep-5,
                           0x1.111111110edc1p-7,
                           0x1.6c16c16c21328p-10,
                           0x1.a01a01b30b435p-13,
                           0x1.a01a016e8d713p-16,
                           0x1.71ddf118821cfp-19,
                           0x1.27e5536e29afp-22,
                           0x1.af6a6b0026209p-26,
                           0x1.1ebc13018a7d8p-29};
constexpr ExponentialNumbers kF32{0x1.715476p0, 0x1.62e43p-1, 0x1.62e43p-1, -0x1.05c61p-29, kQ32};
constexpr ExponentialNumbers kF64{0x1.71547652b82fep0, 0x1.62e42fefa39efp-1, 0x1.62e42fefa38p-1,
                                  0x1.ef35793c7673p-45, kQ64};

/// q for expm1 in f32. c0 is 1/2 exactly, because near 0 expm1 is almost r + r^2 / 2.
constexpr double kExpm1Q32[] = {0.5,           0x1.555552p-3,  0x1.5554e4p-5,
                                0x1.1115b6p-7, 0x1.6d5166p-10, 0x1.9a94e6p-13};

/// 2^f = 1 + f p(f).
constexpr double kExp2P32[] = {0x1.62e43p-1,  0x1.ebfbd6p-3,  0x1.c6af76p-5,
                               0x1.3b320ap-7, 0x1.5f0b86p-10, 0x1.3eb29cp-13};
constexpr double kExp2P64[] = {0x1.62e42fefa39efp-1,  0x1.ebfbdff82c58cp-3,  0x1.c6b08d704a182p-5,
                               0x1.3b2ab6fba569p-7,   0x1.5d87fe7888e47p-10, 0x1.430912f64c847p-13,
                               0x1.ffcbfcdaf598ep-17, 0x1.62c02a42c3748p-20, 0x1.b524238cc4fap-24,
                               0x1.e4b330136ed52p-28, 0x1.eafd07021545cp-32, 0x1.e92d3a06ee31bp-36};

/// Twice the exponent bias of the dtype.
int double_bias(const Value& x) { return 2 * format(x.dtype()).bias; }

}  // namespace

const ExponentialNumbers& exponential_numbers(const Value& x) {
  return format(x.dtype()).fraction_bits == 23 ? kF32 : kF64;
}

std::vector<double> scaled_q(const Value& x, double first, double factor) {
  std::vector<double> q;
  for (double coefficient : exponential_numbers(x).q) {
    q.push_back(coefficient * first);
    first *= factor;
  }
  return q;
}

Exponent exponent_of(const Value& x, int bias, double factor) {
  const double round = format(x.dtype()).round + bias;
  const Value biased = fma(x, exponential_numbers(x).log2_e * factor, round);
  return {biased, sub(biased, round)};
}

Split split_exponent(const Value& x, int bias) {
  const ExponentialNumbers& numbers = exponential_numbers(x);
  const Exponent exponent = exponent_of(x, bias);
  const Value high = fma(exponent.n, -numbers.ln2_high, x);
  const Value low = mul(exponent.n, -numbers.ln2_low);
  return {exponent.biased, exponent.n, high, low};
}

Value power_of_two(const Value& biased) {
  const double places = format(biased.dtype()).fraction_bits;
  return float_of(record(Op::shift_left, {bits_of(biased), places}));
}

Value scaled_in_halves(const Value& p, const Value& biased) {
  const double places = format(p.dtype()).fraction_bits;
  const Value bits = bits_of(biased);
  const Value even = record(Op::bit_and, {bits, -2});
  const Value half = record(Op::shift_left, {even, places - 1});
  const Value whole = record(Op::shift_left, {bits, places});
  const Value scaled = mul(p, float_of(half));
  return mul(scaled, float_of(whole.sub(half)));
}

Value exp2_fraction(const Value& f) {
  return fma(polynomial(f, by_dtype<std::span<const double>>(f, kExp2P32, kExp2P64)), f, 1);
}

/// Attention masks such as -1e9 cost no more than other values: at the lower clamp both factors of
/// the scale are +0, so no subnormal occurs.
Value exp(const Value& x) {
  const ExponentialNumbers& numbers = exponential_numbers(x);
  const Value above = at_least(x, by_dtype(x, -176.0, -1418.2));
  const Value clamped = at_most(above, by_dtype(x, 89.0, 710.0));
  const Exponent exponent = exponent_of(clamped, double_bias(x));
  const Value high = fma(exponent.n, -numbers.ln2_high, clamped);
  const Value r = fma(exponent.n, -numbers.ln2_low, high);
  const Value p = fma(fma(polynomial(r, numbers.q), r, 1), r, 1);
  return scaled_in_halves(p, exponent.biased);
}

/// x = n + f holds exactly, so f needs no low part.
Value exp2(const Value& x) {
  const Value above = at_least(x, -double_bias(x));
  const Value clamped = at_most(above, format(x.dtype()).bias + 1);
  const double round = format(x.dtype()).round + double_bias(x);
  const Value biased = add(clamped, round);
  const Value f = sub(clamped, sub(biased, round));
  return scaled_in_halves(exp2_fraction(f), biased);
}

/// s e^r - 1/2 with s = 2^n / 2. The first part is s * high + (s - 1/2); the second is the rest of
/// s e^r plus the rounding errors of the first. All terms are halved so that s stays in range.
Parts half_expm1(const Value& x) {
  const Split split = split_exponent(x, format(x.dtype()).bias - 1);
  const Value r = add(split.high, split.low);
  const Value q =
      polynomial(r, by_dtype<std::span<const double>>(x, kExpm1Q32, exponential_numbers(x).q));
  const Value z = fma(mul(r, r), q, split.low);
  const Value scale = power_of_two(split.biased);
  const Value shifted = sub(scale, 0.5);
  const Value lost_half = sub(sub(scale, shifted), 0.5);
  const Value product = mul(scale, split.high);  // exact
  const Value sum = add(shifted, product);
  const Value lost_sum = add(sub(shifted, sum), product);
  return {sum, add(fma(scale, z, lost_sum), lost_half)};
}

Value expm1(const Value& x) {
  const Value above = at_least(x, by_dtype(x, -17.4, -37.5));
  const Parts half = half_expm1(at_most(above, by_dtype(x, 89.0, 710.0)));
  const Value sum = add(half.high, half.rest);
  const Value twice = add(sum, sum);
  // Near 0, x / 2 may be subnormal and lose the last bit of x.
  const Value tiny = less(x.abs(), by_dtype(x, 0x1p-100, 0x1p-1000));
  return choose(tiny, x, twice);
}

}  // namespace sinter::detail::functions
