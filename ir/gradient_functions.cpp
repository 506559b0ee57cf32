// Gradients of mathematical functions, by formulas of their own: the polynomials and bits of their
// bodies have other derivatives, or none.
//
// What the result says cheaply is taken from the result. Products of a factor that vanishes and one
// that grows are taken at an argument with a bound: beyond it the first is 0 in every dtype, and at
// an infinity no inf meets it.
#include <numbers>

#include "function_parts.h"
#include "gradient_rules.h"

namespace sinter::detail::gradient::rules {
namespace {

namespace fn = functions;

constexpr double kTwoOverRootPi = 2 * std::numbers::inv_sqrtpi;

/// x, no farther from 0 than `bound`.
Value bounded(const Value& x, double bound) { return fn::at_most(fn::at_least(x, -bound), bound); }

/// 2 / sqrt(pi) e^(-x^2).
Value slope_of_erf(const Value& x) {
  const Value power = x.mul(x).neg().exp();
  return fn::mul(power, kTwoOverRootPi);
}

/// x > 0 ? g * above : g * slope, where `above` is 1 unless said otherwise.
Value by_sign(const Step& at, const Value& above, const Value& slope) {
  const Value below = at.g.mul(slope);
  return fn::greater(at.x[0], 0).select(above, below);
}

/// The derivative of x s(w(x)) for the logistic function s: s + x s (1 - s) w', from x s's factor.
Value slope_of_gated(const Value& x, const Value& s, const Value& w_slope) {
  const Value rest = fn::sub(1, s);
  const Value change = x.mul(w_slope).mul(rest);
  return s.mul(fn::add(change, 1));
}

}  // namespace

Value exp(const Step& at, int) { return at.g.mul(at.y); }

Value exp2(const Step& at, int) { return at.g.mul(fn::mul(at.y, std::numbers::ln2)); }

Value expm1(const Step& at, int) { return at.g.mul(fn::add(at.y, 1)); }

Value log(const Step& at, int) { return at.g.div(at.x[0]); }

Value log2(const Step& at, int) { return at.g.div(fn::mul(at.x[0], std::numbers::ln2)); }

Value log1p(const Step& at, int) { return at.g.div(fn::add(at.x[0], 1)); }

Value rsqrt(const Step& at, int) {
  const Value cube = at.y.mul(at.y).mul(at.y);
  return at.g.mul(fn::mul(cube, -0.5));
}

/// Where the power or its derivative is 0, no infinite logarithm or power meets it.
Value pow(const Step& at, int i) {
  const auto& [x, exponent, unused] = at.x;
  const Value no_exponent = fn::equal(exponent, 0);
  if (i == 0) {
    const Value lower = x.pow(fn::sub(exponent, 1));
    return fn::choose(no_exponent, 0, at.g.mul(exponent.mul(lower)));
  }
  const Value at_zero = fn::equal(x, 0).logical_and(no_exponent);
  const Value vanishes = fn::equal(at.y, 0).logical_or(at_zero);
  const Value slope = at.y.mul(x.log());
  return fn::choose(vanishes, 0, at.g.mul(slope));
}

Value sin(const Step& at, int) { return at.g.mul(at.x[0].cos()); }

Value cos(const Step& at, int) { return at.g.mul(at.x[0].sin()).neg(); }

Value sigmoid(const Step& at, int) {
  const Value rest = fn::sub(1, at.y);
  return at.g.mul(at.y.mul(rest));
}

Value logsigmoid(const Step& at, int) { return at.g.mul(at.x[0].neg().sigmoid()); }

Value tanh(const Step& at, int) { return at.g.mul(fn::fma(at.y.neg(), at.y, 1)); }

Value erf(const Step& at, int) { return at.g.mul(slope_of_erf(at.x[0])); }

Value erfc(const Step& at, int) { return at.g.mul(slope_of_erf(at.x[0])).neg(); }

/// Phi(x) + x phi(x), with the normal distribution's function and density.
Value gelu(const Step& at, int) {
  const Value x = bounded(at.x[0], 64);
  const Value scaled = fn::mul(x, std::numbers::sqrt2 / 2);
  const Value below = fn::mul(scaled.neg().erfc(), 0.5);
  const Value density = fn::mul(slope_of_erf(scaled), std::numbers::sqrt2 / 4);
  return at.g.mul(fn::fma(x, density, below));
}

/// As x s(w) with w = 2 sqrt(2 / pi) (x + 0.044715 x^3).
Value gelu_tanh(const Step& at, int) {
  constexpr double kScale = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  constexpr double kCube = 0.044715;
  const Value x = bounded(at.x[0], 64);
  const Value square = x.mul(x);
  const Value w = x.mul(fn::fma(square, kScale * kCube, kScale));
  const Value w_slope = fn::fma(square, 3 * kScale * kCube, kScale);
  return at.g.mul(slope_of_gated(x, w.sigmoid(), w_slope));
}

Value silu(const Step& at, int) {
  const Value x = bounded(at.x[0], 1000);
  const Value one = x.constant(1);
  return at.g.mul(slope_of_gated(x, x.sigmoid(), one));
}

Value softplus(const Step& at, int) { return at.g.mul(at.x[0].sigmoid()); }

/// t + x (1 - t^2) s(x) with t = tanh(softplus(x)).
Value mish(const Step& at, int) {
  const Value x = bounded(at.x[0], 1000);
  const Value t = x.softplus().tanh();
  const Value rest = fn::fma(t.neg(), t, 1);
  const Value product = rest.mul(x.sigmoid());
  return at.g.mul(fn::fma(x, product, t));
}

// At most 0, so that no power overflows where it is not chosen: the gradient of a gradient would
// multiply it by 0.

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
