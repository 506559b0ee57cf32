// Gradients of composites that are piecewise or polynomial.
//
// A piece is selected, never multiplied by 0 or 1, because pieces that do not apply may be inf or
// NaN. gradients.h states the conventions at corners. NaN takes the same branch as in the forward
// pass.
#include "functions/parts.h"
#include "gradients/rules.h"

namespace sinter::detail::gradient::rules {
namespace {

namespace fn = functions;

/// 0 where `away` holds, else g.
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

/// The product is computed for every x and chosen only where x is not positive. Elsewhere it may be
/// inf or NaN, which must not reach the result.
Value prelu(const Step& at, int i) {
  const auto& [x, weight, unused] = at.x;
  const Value positive = fn::greater(x, 0);
  if (i == 1) return unless(positive, at.g.mul(x));
  return positive.select(at.g, at.g.mul(weight));
}

/// For a slope >= 0 the result is positive exactly where x is. The rule then compares the result,
/// which is often stored for other ops, unless x is an input and in memory anyway. So the
/// recorded ops, and the structure of the graph, depend on the sign of the slope.
Value leaky_relu(const Step& at, int) {
  const auto& [x, slope, unused] = at.x;
  const bool sign_shows = at.numbers[1].has_value() && *at.numbers[1] >= 0;
  const Value positive = fn::greater(sign_shows && !at.given[0] ? at.y : x, 0);
  return positive.select(at.g, at.g.mul(slope));
}

/// Compares the result, which is stored for other ops more often than x.
Value relu(const Step& at, int) { return unless(fn::less_equal(at.y, 0), at.g); }

Value relu6(const Step& at, int) { return unless(not_inside(at.y, 0, 6), at.g); }

/// A bound that is NaN is the result, so it gets the whole gradient.
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

/// Two divisions: the square of the denominator may overflow, and at an infinite x the derivative
/// of that square would make the second derivative 0 times infinity.
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

/// y = x - n b with an integer n, for fmod and remainder alike: n = x / b - y / b, rounded. y / b
/// counts as 1 where y equals b, which happens if y was rounded up to b, or if b is infinite and
/// its sign is not that of x.
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
