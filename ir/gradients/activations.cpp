// Gradients of composites that are piecewise or polynomial.
//
// A piece is chosen, never multiplied by 0 or 1: what is not chosen may be inf or NaN. Where a
// corner has two slopes, the convention stands in gradients.h. NaN takes the way that it took
// forward.
#include "functions/parts.h"
#include "gradients/rules.h"

namespace sinter::detail::gradient::rules {
namespace {

namespace fn = functions;

/// g, or nothing where `away` holds.
Value unless(const Value& away, const Value& g) { return fn::choose(away, 0, g); }

/// x <= low or x >= high.
Value not_inside(const Value& x, const fn::Term& low, const fn::Term& high) {
  const Value below = fn::less_equal(x, low);
  return below.logical_or(fn::record(Op::greater_equal, {x, high}));
}

Value is_nan(const Value& x) { return x.not_equal(x); }

/// |x| <= lambda.
Value shrunk(const Step& at) {
  const auto& [x, lambda, unused] = at.x;
  return x.abs().less_equal(lambda);
}

}  // namespace

/// For x as for a weight: with weight inf, or x inf, the product is taken only where it counts.
Value prelu(const Step& at, int i) {
  const auto& [x, weight, unused] = at.x;
  const Value positive = fn::greater(x, 0);
  if (i == 1) return unless(positive, at.g.mul(x));
  return positive.select(at.g, at.g.mul(weight));
}

/// The result is positive where x is, if the slope is not negative: it is there for others to read,
/// as x may not be unless it is an input. A graph's structure tells with which it was recorded.
Value leaky_relu(const Step& at, int) {
  const auto& [x, slope, unused] = at.x;
  const bool sign_shows = at.numbers[1].has_value() && *at.numbers[1] >= 0;
  const Value positive = fn::greater(sign_shows && !at.given[0] ? at.y : x, 0);
  return positive.select(at.g, at.g.mul(slope));
}

/// From the result, which is stored for whatever reads it more often than x is.
Value relu(const Step& at, int) { return unless(fn::less_equal(at.y, 0), at.g); }

Value relu6(const Step& at, int) { return unless(not_inside(at.y, 0, 6), at.g); }

/// A bound that is NaN is the result, and so has all of the gradient.
Value clip(const Step& at, int i) {
  const auto& [x, low, high] = at.x;
  const Value below = x.less(low).logical_or(is_nan(low));
  const Value high_is_nan = is_nan(high);
  if (i == 0) return unless(below.logical_or(x.greater(high)).logical_or(high_is_nan), at.g);
  const Value above = below.select(low, x).greater(high).logical_or(high_is_nan);
  if (i == 2) return fn::choose(above, at.g, 0);
  return fn::choose(below, unless(above, at.g), 0);
}

Value clamp(const Step& at, int i) { return clip(at, i); }

Value hardtanh(const Step& at, int) {
  const auto& [x, low, high] = at.x;
  const Value undefined = is_nan(low).logical_or(is_nan(high));
  return unless(not_inside(x, low, high).logical_or(undefined), at.g);
}

Value hardsigmoid(const Step& at, int) {
  const Value away = not_inside(at.x[0], -3, 3);
  return unless(away, fn::div(at.g, 6));
}

Value hardswish(const Step& at, int) {
  const Value& x = at.x[0];
  const Value slope = fn::add(fn::div(x, 3), 0.5);
  const Value above = fn::record(Op::greater_equal, {x, 3});
  const Value risen = above.select(at.g, at.g.mul(slope));
  return unless(fn::less_equal(x, -3), risen);
}

/// By two divisions: a square overflows, and its own derivative does at an infinity.
Value softsign(const Step& at, int) {
  const Value denominator = fn::add(at.x[0].abs(), 1);
  return at.g.div(denominator).div(denominator);
}

Value threshold(const Step& at, int) {
  const auto& [x, threshold, value] = at.x;
  return unless(x.less_equal(threshold), at.g);
}

Value softshrink(const Step& at, int) { return unless(shrunk(at), at.g); }

Value hardshrink(const Step& at, int) { return unless(shrunk(at), at.g); }

Value square(const Step& at, int) {
  const Value& x = at.x[0];
  return at.g.mul(x.add(x));
}

Value lerp(const Step& at, int i) {
  const auto& [a, b, weight] = at.x;
  if (i == 0) return at.g.mul(fn::sub(1, weight));
  return at.g.mul(i == 1 ? weight : b.sub(a));
}

/// x - n b with a whole n, that of fmod or of remainder: n = x / b - y / b, rounded. The result y
/// is b itself where b is infinite and has another sign than x, or where y is rounded up to b.
Value remainder(const Step& at, int i) {
  const auto& [x, b, unused] = at.x;
  if (i == 0) return at.g;
  const Value quotient = at.y.div(b);
  const Value fraction = fn::choose(at.y.equal(b), 1, quotient);
  const Value whole = x.div(b).sub(fraction).round();
  return at.g.mul(whole).neg();
}

Value fmod(const Step& at, int i) { return remainder(at, i); }

}  // namespace sinter::detail::gradient::rules
