// Gradients of mathematical functions, by formulas of their own: the polynomials and the bits in
// their bodies have other derivatives, or none.
//
// A rule uses the result of its op where that makes the rule cheap. If one factor vanishes while
// another grows, the argument is clamped to a bound: beyond it the first factor is 0 in every
// dtype, and at an infinite argument no 0 times infinity arises.
#include <limits>
#include <numbers>

#include "functions/parts.h"
#include "gradients/rules.h"

namespace sinter::detail::gradient::rules {
namespace {

namespace fn = functions;

/// The largest number whose inverse overflows.
double least_inverted(const Value& x) { return fn::by_dtype(x, 0x1p-128, 0x1p-1024); }

double largest_number(const Value& x) {
  return fn::by_dtype<double>(x, std::numeric_limits<float>::max(),
                              std::numeric_limits<double>::max());
}

constexpr double kTwoOverRootPi = 2 * std::numbers::inv_sqrtpi;

/// x clamped to [-bound, bound].
Value bounded(const Value& x, double bound) { return fn::at_most(fn::at_least(x, -bound), bound); }

/// 2 / sqrt(pi) e^(-x^2), with an error of about x^2 ULP.
Value slope_of_erf(const Value& x) {
  const Value power = x.mul(x).neg().exp();
  return fn::mul(power, kTwoOverRootPi);
}

/// g e x^(e - 1). Detached values are constants for further derivatives:
/// - At exponent 0 the result is 0 for every x, and only the factor e may contribute to second
///   derivatives. So the operands of the power are detached, and where 1 / x is not finite, the
///   base is 1 and the result a plain 0.
/// - At x = 0 the factor e is detached: the derivative of the power may be infinite, and the
///   derivative of the factor is negligible beside it.
Value pow_by_base(const Step& at) {
  const auto& [x, exponent, unused] = at.x;
  const Value has_inverse = fn::greater(x.abs(), least_inverted(x)).logical_and(x.isfinite());
  const Value no_exponent = fn::equal(exponent, 0);
  const Value stays = no_exponent.logical_and(has_inverse.logical_not());
  const Value base = fn::choose(stays, 1, no_exponent.select(x.detach(), x));
  const Value less_one = fn::sub(exponent, 1);
  const Value lower = base.pow(no_exponent.select(less_one.detach(), less_one));
  const Value factor = fn::equal(x, 0).select(exponent.detach(), exponent);
  return fn::choose(stays, 0, at.g.mul(factor.mul(lower)));
}

/// g x^e log x, with a finite number in place of an infinite logarithm: the logarithm multiplies
/// the power and its derivative, which may be 0. At x = 0 that number is the lowest finite one for
/// exponents below 1, where the power's derivative is infinite as well, and 0 for others. At x = 0
/// and exponent 0 the gradient is 0.
Value pow_by_exponent(const Step& at) {
  const auto& [x, exponent, unused] = at.x;
  const double largest = largest_number(x);
  const Value is_zero = fn::equal(x, 0);
  const Value is_infinite = fn::equal(x, std::numeric_limits<double>::infinity());
  const Value inside = fn::choose(is_zero.logical_or(is_infinite), 1, x).log();
  const Value raised = fn::choose(is_infinite, largest, inside);
  const Value is_steep = is_zero.logical_and(fn::less(exponent, 1));
  const Value logarithm = fn::choose(is_steep, -largest, raised);
  const Value no_power = is_zero.logical_and(fn::equal(exponent, 0));
  return fn::choose(no_power, 0, at.g.mul(at.y).mul(logarithm));
}

/// x > 0 ? above : g * slope.
Value by_sign(const Step& at, const Value& above, const Value& slope) {
  const Value below = at.g.mul(slope);
  return fn::greater(at.x[0], 0).select(above, below);
}

/// 2 / sqrt(pi) e^(-x^2) within a few ULP: it corrects for the rounding error of x^2. x is clamped,
/// because the derivative of this expression would be 0 times infinity for infinite x; beyond the
/// bound the expression and its derivative are 0.
Value exact_slope_of_erf(const Value& at) {
  const Value x = bounded(at, 32);
  const Value square = x.mul(x);
  const Value minus = square.neg();
  const Value lost = x.fma(x, minus).detach();
  const Value power = minus.exp();
  const Value exact = power.neg().fma(lost, power);
  return fn::mul(exact, kTwoOverRootPi);
}

/// The derivative of x s(w(x)) for the logistic function s: s + x s (1 - s) w'. The smaller of s
/// and 1 - s is computed, and the larger is 1 minus the smaller. If the larger one were computed
/// first, the smaller one would have an absolute error of an ULP of 1.
Value slope_of_gated(const Value& x, const Value& w, const Value& w_slope) {
  const Value positive = fn::greater(w, 0);
  const Value smaller = positive.select(w.neg(), w).sigmoid();
  const Value larger = fn::sub(1, smaller);
  const Value s = positive.select(larger, smaller);
  const Value change = x.mul(w_slope).mul(smaller.mul(larger));
  return s.add(change);
}

}  // namespace

Value exp(const Step& at, int) { return at.g.mul(at.y); }

Value exp2(const Step& at, int) { return at.g.mul(fn::mul(at.y, std::numbers::ln2)); }

/// e^x, not y + 1: for x far below 0 the result y is -1, and y + 1 is 0.
Value expm1(const Step& at, int) { return at.g.mul(at.x[0].exp()); }

Value log(const Step& at, int) { return at.g.div(at.x[0]); }

Value log2(const Step& at, int) { return fn::mul(at.g.div(at.x[0]), std::numbers::log2e); }

Value log1p(const Step& at, int) { return at.g.div(fn::add(at.x[0], 1)); }

Value rsqrt(const Step& at, int) {
  const Value cube = at.y.mul(at.y).mul(at.y);
  return at.g.mul(fn::mul(cube, -0.5));
}

/// e x^(e - 1), and x^e log x. Where the conventions define another value, x is also replaced by 1:
/// the derivative of a branch that is not selected would be 0 times infinity.
Value pow(const Step& at, int i) { return i == 0 ? pow_by_base(at) : pow_by_exponent(at); }

Value sin(const Step& at, int) { return at.g.mul(at.x[0].cos()); }

Value cos(const Step& at, int) { return at.g.mul(at.x[0].sin()).neg(); }

Value sigmoid(const Step& at, int) {
  const Value rest = fn::sub(1, at.y);
  return at.g.mul(at.y.mul(rest));
}

Value logsigmoid(const Step& at, int) { return at.g.mul(at.x[0].neg().sigmoid()); }

Value tanh(const Step& at, int) { return at.g.mul(fn::fma(at.y.neg(), at.y, 1)); }

Value erf(const Step& at, int) { return at.g.mul(exact_slope_of_erf(at.x[0])); }

Value erfc(const Step& at, int) { return at.g.mul(exact_slope_of_erf(at.x[0])).neg(); }

/// Phi(x) + x phi(x), with the distribution function and the density of the normal distribution.
Value gelu(const Step& at, int) {
  const Value x = bounded(at.x[0], 64);
  const Value scaled = fn::mul(x, std::numbers::sqrt2 / 2);
  const Value below = fn::mul(scaled.neg().erfc(), 0.5);
  const Value density = fn::mul(slope_of_erf(scaled), std::numbers::sqrt2 / 4);
  return at.g.mul(fn::fma(x, density, below));
}

/// The derivative of x s(w) with w = 2 sqrt(2 / pi) (x + 0.044715 x^3).
Value gelu_tanh(const Step& at, int) {
  constexpr double kScale = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  constexpr double kCube = 0.044715;
  const Value x = bounded(at.x[0], 64);
  const Value square = x.mul(x);
  const Value w = x.mul(fn::fma(square, kScale * kCube, kScale));
  const Value w_slope = fn::fma(square, 3 * kScale * kCube, kScale);
  return at.g.mul(slope_of_gated(x, w, w_slope));
}

Value silu(const Step& at, int) {
  const Value x = bounded(at.x[0], 1000);
  const Value one = x.constant(1);
  return at.g.mul(slope_of_gated(x, x, one));
}

Value softplus(const Step& at, int) { return at.g.mul(at.x[0].sigmoid()); }

/// t + x t' with t = tanh(softplus(x)), as quotients of polynomials in e = e^-|x|: for positive x
/// t = 1 - 2 e^2 / d with d = 1 + 2 e + 2 e^2, for others t = (2 e + e^2) / d with d = 2 + 2 e +
/// e^2. t' is 4 e (1 + e) / d^2, times e for positive x.
Value mish(const Step& at, int) {
  const Value x = bounded(at.x[0], 1000);
  const Value positive = fn::greater(x, 0);
  const Value e = positive.select(x.neg(), x).exp();
  const Value square = e.mul(e);
  const Value twice = e.add(e);
  const Value below = square.add(twice);
  const Value doubled = fn::add(square, square);
  const Value part = positive.select(doubled, below);
  const Value above = fn::add(doubled.add(twice), 1);
  const Value denominator = positive.select(above, fn::add(below, 2));
  const Value quotient = part.div(denominator);
  const Value t = positive.select(fn::sub(1, quotient), quotient);
  const Value power = positive.select(square, e);
  const Value slope = fn::mul(power.mul(fn::add(e, 1)), 4).div(denominator).div(denominator);
  return at.g.mul(x.fma(slope, t));
}

// The rules below clamp the argument of exp to at most 0. For positive x its result is not
// selected, and a second derivative would multiply it by 0, so it must not overflow.

Value elu(const Step& at, int) {
  const auto& [x, alpha, unused] = at.x;
  return by_sign(at, at.g, fn::at_most(x, 0).exp().mul(alpha));
}

Value celu(const Step& at, int) {
  const auto& [x, alpha, unused] = at.x;
  return by_sign(at, at.g, fn::at_most(x, 0).div(alpha).exp());
}

Value selu(const Step& at, int) {
  constexpr double kScale = 1.0507009873554805;
  constexpr double kAlpha = 1.6732632423543773;
  const Value above = fn::mul(at.g, kScale);
  const Value power = fn::at_most(at.x[0], 0).exp();
  return by_sign(at, above, fn::mul(power, kScale * kAlpha));
}

}  // namespace sinter::detail::gradient::rules
