// sin and cos, accurate for every argument: |x| is reduced to quarter turns modulo 4 with as many
// bits of 2 / pi as its exponent requires (M. Payne, R. Hanek, "Radian reduction for trigonometric
// functions", 1983).
//
// 2 / pi is divided into chunks of 26 bits. Chunks whose product with x is a multiple of 4 do not
// matter, so a window of a few chunks suffices; the exponent of x selects it. The product of a
// chunk and at most 27 bits of x is exact. All arithmetic is in f64; f32 is converted.
// Coefficients: scripts/fit.
#include <algorithm>
#include <cmath>
#include <vector>

#include "functions/functions.h"
#include "functions/parts.h"

namespace sinter::detail::functions {
namespace {

constexpr int kChunkBits = 26;
/// 2 / pi = c0 2^-26 + c1 2^-52 + ...
constexpr double kTwoOverPi[] = {
    42722829, 48555073, 21659401, 56087029, 13858563, 28715353, 38736100, 4324945,
    26128250, 62674459, 29957006, 37899730, 58726692, 49193117, 6588223,  35515164,
    46442140, 65964067, 24988590, 54822121, 41009306, 54917092, 5137525,  37323603,
    15192690, 4585659,  58608142, 52426903, 67074070, 25231090, 63202006, 34237727,
    28629499, 15891632, 40752081, 37709470, 25143477, 55737260, 33225084, 24853767,
    15195689, 19476134, 50255852, 18845021, 2185228,  50622407, 47901436, 13614112};

double power(int exponent) { return std::ldexp(1.0, exponent); }

/// The argument in quarter turns is x times the sum of the chunks, up to a multiple of 4.
struct Window {
  Value x;                    ///< the argument times a power of two
  std::vector<Value> chunks;  ///< chunk i is below 2^(-26 i)
};

/// Selects `count` chunks for x. `first` is the largest number of leading chunks that are skipped,
/// a power of two minus 1. One is skipped if x >= 2^least, two if x >= 2^(least + 26), and so on; x
/// is multiplied by 2^-26 for each skipped chunk.
Window window(Value x, int first, int least, std::size_t count) {
  std::vector<Value> chunks;
  for (double chunk : kTwoOverPi) {
    if (chunks.size() == static_cast<std::size_t>(first) + count) break;
    chunks.push_back(x.constant(chunk * power(-kChunkBits)));
  }
  for (int step = (first + 1) / 2; step > 0; step /= 2) {
    const auto left = static_cast<std::size_t>(step);
    const Value leave = less_equal(power(least + kChunkBits * (step - 1)), x);
    x = choose(leave, mul(x, power(-kChunkBits * step)), x);
    for (std::size_t i = 0; i < left - 1 + count; ++i) {
      if (i + left < chunks.size()) chunks[i] = choose(leave, chunks[i + left], chunks[i]);
    }
    chunks.resize(std::min(chunks.size(), left - 1 + count));
  }
  for (std::size_t i = 1; i < count; ++i) {
    chunks[i] = mul(chunks[i], power(-kChunkBits * static_cast<int>(i)));
  }
  return {x, std::move(chunks)};
}

/// x minus the nearest multiple of 4.
Value modulo_4(const Value& x) {
  const Value turns = mul(x, 0.25).round();
  return fma(turns, -4, x);
}

/// A number as high + low, where high is the number rounded.
struct Pair {
  Value high;
  Value low;
};

/// a + b exactly (D. Knuth).
Pair exact_sum(const Value& a, const Value& b) {
  const Value high = add(a, b);
  const Value b_part = sub(high, a);
  const Value a_lost = sub(a, sub(high, b_part));
  const Value b_lost = sub(b, b_part);
  return {high, add(a_lost, b_lost)};
}

/// |x| = quarters + rest modulo 4, in quarter turns, with |rest| <= 1/2 or slightly more.
struct Turn {
  Value quarters;
  Pair rest;
};

/// Reduces a number of 24 significant bits. The rest is at least 2^-31 unless x is small, so one
/// f64 holds enough digits of it.
Turn turn_of_f32(const Value& x) {
  const auto [scaled, chunks] = window(x, 3, 51, 5);
  const Value a = modulo_4(mul(scaled, chunks[0]));
  const Value b = modulo_4(mul(scaled, chunks[1]));
  const Value c = mul(scaled, chunks[2]);
  const Value d = mul(scaled, add(chunks[3], chunks[4]));
  const Value quarters = add(add(a, b), c).round();
  const Value rest = add(add(add(sub(a, quarters), b), c), d);
  return {quarters, {rest, rest.constant(0)}};
}

/// Adds a and b to a sum. High parts are added exactly, because later terms may cancel them.
Pair with_terms(const Pair& sum, const Value& a, const Value& b) {
  const Pair terms = exact_sum(a, b);
  const Pair high = exact_sum(sum.high, terms.high);
  const Value low = add(sum.low, add(terms.low, high.low));
  return exact_sum(high.high, low);
}

/// Reduces a number of 53 significant bits. The rest may be as small as 2^-61; two f64 hold it to
/// 2^-115. Products are exact and are added from the largest to the smallest.
Turn turn_of_f64(const Value& x) {
  const auto [scaled, chunks] = window(x, 63, 80, 8);
  const Value upper_bits = record(Op::bit_and, {bits_of(scaled), -0x1p27});
  const Value upper = float_of(upper_bits);
  const Value lower = sub(scaled, upper);
  std::vector<Value> a;
  std::vector<Value> b;
  for (std::size_t i = 0; i < 7; ++i) {
    a.push_back(mul(upper, chunks[i]));
    b.push_back(mul(lower, chunks[i]));
    if (i < 3) a[i] = modulo_4(a[i]);
    if (i < 2) b[i] = modulo_4(b[i]);
  }
  Pair sum = exact_sum(a[0], b[0]);
  for (const Value& term : {a[1], b[1], a[2]}) {
    const Pair more = exact_sum(sum.high, term);
    sum = {more.high, add(sum.low, more.low)};
  }
  const Value first = sum.high.round();
  sum = exact_sum(sub(sum.high, first), sum.low);
  sum = with_terms(sum, b[2], a[3]);
  const Value second = sum.high.round();
  sum = exact_sum(sub(sum.high, second), sum.low);
  sum = with_terms(sum, b[3], a[4]);
  sum = with_terms(sum, b[4], a[5]);
  const Value last = fma(scaled, chunks[7], a[6]);
  sum = with_terms(sum, b[5], last);
  const Value quarters = add(first, second);
  return {quarters, exact_sum(sum.high, add(sum.low, b[6]))};
}

/// Converts quarter turns to radians.
Pair radians(const Pair& turns) {
  constexpr double kHigh = 0x1.921fb54442d18p0;
  constexpr double kLow = 0x1.1a62633145c07p-54;
  const Value high = mul(turns.high, kHigh);
  const Value lost = fma(turns.high, kHigh, high.neg());
  const Value cross = fma(turns.high, kLow, lost);
  return {high, fma(turns.low, kHigh, cross)};
}

// sin r = r + r^3 s(r^2), cos r = 1 - r^2 / 2 + r^4 c(r^2) for |r| <= pi / 4.
constexpr double kSin32[] = {-0x1.5555554cb1ap-3, 0x1.1111089042ee5p-7, -0x1.a00f98c450f2ep-13,
                             0x1.6cd72c76edc3dp-19};
constexpr double kCos32[] = {0x1.55554aab9f717p-5, -0x1.6c0c8663ceeb8p-10, 0x1.9a00c500cafccp-16};
constexpr double kSin64[] = {-0x1.5555555555549p-3, 0x1.111111110f89fp-7,   -0x1.a01a019c14999p-13,
                             0x1.71de357963337p-19, -0x1.ae5e670163439p-26, 0x1.5d931bc084cc5p-33};
constexpr double kCos64[] = {0x1.555555555554cp-5,  -0x1.6c16c16c1521fp-10, 0x1.a01a019cbf391p-16,
                             -0x1.27e4f8126f84p-22, 0x1.1ee9f104391abp-29,  -0x1.8fb0f8ba481eep-37};

/// The sine of `quarters` quarter turns plus r radians: sin r for an even number of quarters, cos r
/// for an odd one, negated in the second half turn.
Value of_quarter(const Value& quarters, const Pair& r, bool f32) {
  const Value square = mul(r.high, r.high);
  const Value cube = mul(square, r.high);
  const Value half = mul(square, 0.5);
  const Value low = fma(half.neg(), r.low, r.low);
  const Value s = polynomial(square, f32 ? std::span<const double>(kSin32) : kSin64);
  const Value sine = add(fma(cube, s, low), r.high);

  const Value c = polynomial(square, f32 ? std::span<const double>(kCos32) : kCos64);
  const Value one = sub(1, half);
  const Value lost = sub(sub(1, one), half);
  const Value cross = fma(r.high.neg(), r.low, lost);
  const Value cosine = add(fma(mul(square, square), c, cross), one);

  const Value bit = record(Op::bit_and, {quarters, 1});
  const Value value = choose(equal(bit, 0), sine, cosine);
  const Value moved = record(Op::shift_left, {quarters, 62});
  const Value sign = record(Op::bit_and, {moved, -0x1p63});
  return float_of(bits_of(value).bit_xor(sign));
}

/// The sine of |x| plus `ahead` quarter turns.
Value sine_ahead(const Value& x, int ahead) {
  const bool f32 = x.dtype() == DType::f32;
  const Value wide = f32 ? x.convert(DType::f64) : x;
  const Value magnitude = wide.abs();
  const Turn turn = f32 ? turn_of_f32(magnitude) : turn_of_f64(magnitude);
  const Value counted = add(turn.quarters, format(DType::f64).round + ahead);
  const Value quarters = bits_of(counted);
  const Value result = of_quarter(quarters, radians(turn.rest), f32);
  return f32 ? result.convert(DType::f32) : result;
}

}  // namespace

Value sin(const Value& x) {
  const Value magnitude = x.abs();
  const Value sine = sine_ahead(x, 0);
  const Value minus = sine.neg();
  const Value odd = choose(less(x, 0), minus, sine);
  // Below this bound x^3 / 6 is too small to change x, and parts of the reduction may be subnormal.
  return choose(less(magnitude, by_dtype(x, 0x1p-20, 0x1p-30)), x, odd);
}

Value cos(const Value& x) { return sine_ahead(x, 1); }

}  // namespace sinter::detail::functions
