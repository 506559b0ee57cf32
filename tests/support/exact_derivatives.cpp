#include "support/exact_derivatives.h"

#include <algorithm>
#include <limits>
#include <numbers>

namespace sinter::test {
namespace {

constexpr Real kInf = std::numeric_limits<Real>::infinity();
constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();
constexpr Real kLn2 = std::numbers::ln2_v<Real>;
constexpr Real kTwoOverRootPi = 2 * std::numbers::inv_sqrtpi_v<Real>;

using Operands = std::span<const Real>;

// --- Parts ---------------------------------------------------------------------------------------

Real logistic(Real x) { return 1 / (1 + std::exp(-x)); }

/// Returns e^(-x^2), corrected for the rounding error of the square.
Real gaussian(Real x) {
  if (std::isinf(x)) return 0;
  const Real square = x * x;
  return std::exp(-square) * (1 - std::fma(x, x, -square));
}

/// Returns x * factor for a factor that vanishes faster than x grows, such as e^(-x^2): 0 at
/// infinities instead of NaN.
Real times_vanishing(Real x, Real factor) { return factor == 0 ? 0 : x * factor; }

/// First and second derivative of the inner function w(x) of a composition.
struct Chain {
  Real first, second;
};

/// Derivatives of x s(w(x)), where s is the logistic function.
Partials gated(Real x, Real w, const Chain& of_w) {
  Partials d;
  if (std::abs(x) > 2000) {
    d.first[0] = x > 0 ? 1 : 0;
    return d;
  }
  const Real s = logistic(w);
  const Real rest = logistic(-w);
  const Terms slope = Terms(s * rest * of_w.first);
  const Terms bend =
      Terms(s * rest * (rest - s) * of_w.first * of_w.first) + Terms(s * rest * of_w.second);
  d.first[0] = Terms(s) + Terms(x) * slope;
  d.second[0][0] = slope + slope + Terms(x) * bend;
  return d;
}

Partials mish(Real x) {
  Partials d;
  if (std::abs(x) > 20000) {
    d.first[0] = x > 0 ? 1 : 0;
    return d;
  }
  const Real softplus = x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
  const Real t = std::tanh(softplus);
  const Real cosh = std::cosh(softplus);
  const Real secant = 1 / cosh / cosh;
  const Real s = logistic(x);
  const Terms slope = secant * s;
  const Terms bend = Terms(-2 * t * secant * s * s) + Terms(secant * s * logistic(-x));
  d.first[0] = Terms(t) + Terms(x) * slope;
  d.second[0][0] = slope + slope + Terms(x) * bend;
  return d;
}

Partials gelu(Real x) {
  Partials d;
  const Real root = std::numbers::sqrt2_v<Real> / 2;
  const Real density = gaussian(x * root) * kTwoOverRootPi * root / 2;
  d.first[0] = Terms(std::erfc(-x * root) / 2) + Terms(times_vanishing(x, density));
  d.second[0][0] = Terms(2 * density) - Terms(times_vanishing(x * x, density));
  return d;
}

Partials gelu_tanh(Real x) {
  constexpr Real kScale = std::numbers::sqrt2_v<Real> * kTwoOverRootPi;
  constexpr Real kCube = 0.044715L;
  const Chain of_w{kScale * (1 + 3 * kCube * x * x), 6 * kScale * kCube * x};
  return gated(x, kScale * x * (1 + kCube * x * x), of_w);
}

Partials elu(Operands x) {
  Partials d;
  const Real power = x[1] * std::exp(x[0]);
  d.first[0] = x[0] > 0 ? 1 : power;
  d.second[0][0] = x[0] > 0 ? 0 : power;
  return d;
}

/// The exponential magnifies the rounding error of x / alpha.
Partials celu(Operands x) {
  Partials d;
  Terms power = std::exp(x[0] / x[1]);
  if (x[1] != 1 && power.value != 0) power.size *= 1 + std::abs(x[0] / x[1]);
  d.first[0] = x[0] > 0 ? 1 : power;
  d.second[0][0] = x[0] > 0 ? 0 : power * (1 / x[1]);
  return d;
}

Partials selu(Real x) {
  constexpr Real kAlpha = 1.6732632423543772848170429916717L;
  constexpr Real kScale = 1.0507009873554804934193349852946L;
  const Real power = kScale * kAlpha * std::exp(x);
  Partials d;
  d.first[0] = x > 0 ? kScale : power;
  d.second[0][0] = x > 0 ? 0 : power;
  return d;
}

Partials div(Operands x) {
  Partials d;
  const auto a = x[0];
  const auto b = x[1];
  d.first[0] = 1 / b;
  d.first[1] = -(a / b / b);
  d.second[0][1] = d.second[1][0] = -(1 / b / b);
  d.second[1][1] = 2 * (a / b / b / b);
  return d;
}

Partials extreme(bool is_mine, bool is_others) {
  Partials d;
  d.first[0] = is_mine ? (is_others ? 0.5L : 1) : 0;
  d.first[1] = is_others ? (is_mine ? 0.5L : 1) : 0;
  return d;
}

Partials min(Operands x) {
  if (std::isunordered(x[0], x[1])) return Partials{.first = {Terms(1), Terms(1)}, .second = {}};
  return extreme(x[0] <= x[1], x[1] <= x[0]);
}

Partials max(Operands x) {
  if (std::isunordered(x[0], x[1])) return Partials{.first = {Terms(1), Terms(1)}, .second = {}};
  return extreme(x[0] >= x[1], x[1] >= x[0]);
}

/// If x is beyond a bound or a bound is NaN, that bound gets the gradient instead of x. The upper
/// bound takes precedence.
Partials clip(Operands x) {
  const bool low_is_nan = std::isnan(x[1]);
  const bool is_low = low_is_nan || std::isless(x[0], x[1]);
  const Real raised = is_low ? x[1] : x[0];
  const bool is_high = std::isnan(x[2]) || std::isgreater(raised, x[2]);
  Partials d;
  d.first[is_high ? 2 : is_low ? 1 : 0] = 1;
  return d;
}

/// clamp takes its bounds as attributes, which have no gradient.
Partials clamp(Operands x) {
  Partials d = clip(x);
  d.first[1] = d.first[2] = 0;
  return d;
}

Partials lerp(Operands x) {
  Partials d;
  d.first[0] = 1 - x[2];
  d.first[1] = x[2];
  d.first[2] = x[1] - x[0];
  d.second[0][2] = d.second[2][0] = -1;
  d.second[1][2] = d.second[2][1] = 1;
  return d;
}

/// Derivatives of x - n b, where n is x / b rounded towards 0 or, if `floored`, down.
Partials remainder(Real x, Real b, bool floored) {
  const Real rest = std::fmod(x, b);
  Real n = std::isinf(b) ? 0 : std::round((x - rest) / b);
  if (floored && rest != 0 && (rest < 0) != (b < 0)) n -= 1;
  Partials d;
  d.first[0] = 1;
  d.first[1] = std::isnan(rest) ? kNaN : -n;
  return d;
}

void set_all(Partials& d, const Terms& terms) {
  d.first.fill(terms);
  for (auto& row : d.second) row.fill(terms);
}

/// Follows the conventions of gradients.h at x = 0. A power of a negative number has no derivative
/// with respect to the exponent. The gradient rules record e - 1, and the logarithm magnifies the
/// rounding error of that difference.
Partials pow(Operands operands) {
  const Real x = operands[0];
  const Real e = operands[1];
  const auto is_exact = [](Real number) {
    return static_cast<Real>(static_cast<float>(number)) == number;
  };
  const bool is_tiny = e != 0 && std::abs(e) < 1e-30L;
  Partials d;
  if (is_tiny || std::isinf(e) || (std::signbit(x) && !is_exact(e - 1))) {
    set_all(d, Terms::anything());
    return d;
  }
  const Real y = std::pow(x, e);
  const Real logarithm = std::log(x);
  Terms lower = std::pow(x, e - 1);
  Terms lowest = std::pow(x, e - 2);
  if (std::isfinite(logarithm)) {
    if (!is_exact(e - 1)) lower.size *= 1 + std::abs(logarithm);
    if (!is_exact(e - 2)) lowest.size *= 1 + std::abs(logarithm);
  }
  Terms mixed = 0;
  d.first[0] = e == 0 ? 0 : lower * e;
  d.second[0][0] = e == 0 || e == 1 ? 0 : lowest * (e * (e - 1));
  if (x < 0 || (std::isnan(x) && e == 0)) {
    mixed = d.first[1] = d.second[1][1] = Terms::anything();
  } else if (x == 0 && e >= 0) {
    if (e > 0 && e < 1) mixed = -kInf;
  } else {
    d.first[1] = times_vanishing(logarithm, y);
    d.second[1][1] = times_vanishing(logarithm * logarithm, y);
    mixed = lower + Terms(times_vanishing(logarithm, e)) * lower;
    if (lower.value == 0) mixed = 0;
  }
  d.second[0][1] = d.second[1][0] = mixed;
  return d;
}

// --- The table -----------------------------------------------------------------------------------

using Function = Real (*)(Real);

auto of_one(Function first, Function second) {
  return [=](Operands x) {
    Partials d;
    d.first[0] = first(x[0]);
    d.second[0][0] = second(x[0]);
    return d;
  };
}

auto of_sum(Partials (*partials)(Real)) {
  return [=](Operands x) { return partials(x[0]); };
}

/// Derivatives of a piecewise linear op, given its slope.
auto piecewise(Real (*slope)(Operands)) {
  return [=](Operands x) {
    Partials d;
    d.first[0] = slope(x);
    return d;
  };
}

constexpr auto kNone = [](Real) { return Real(0); };

/// Ops whose derivative is 0 everywhere: step functions and detach.
std::vector<ExactDerivatives> flat() {
  std::vector<ExactDerivatives> rows;
  for (const Op op :
       {Op::floor, Op::ceil, Op::trunc, Op::round, Op::sign, Op::detach, Op::floor_divide}) {
    rows.push_back({op, [](Operands) { return Partials{}; }});
  }
  return rows;
}

std::vector<ExactDerivatives> arithmetic() {
  return {
      {Op::add, [](Operands) { return Partials{.first = {Terms(1), Terms(1)}, .second = {}}; }},
      {Op::sub, [](Operands) { return Partials{.first = {Terms(1), Terms(-1)}, .second = {}}; }},
      {Op::mul,
       [](Operands x) {
         Partials d;
         d.first[0] = x[1];
         d.first[1] = x[0];
         d.second[0][1] = d.second[1][0] = 1;
         return d;
       }},
      {Op::div, div, 2, 4},
      {Op::fma,
       [](Operands x) {
         Partials d;
         d.first[0] = x[1];
         d.first[1] = x[0];
         d.first[2] = 1;
         d.second[0][1] = d.second[1][0] = 1;
         return d;
       }},
      {Op::min, min},
      {Op::max, max},
      {Op::neg, of_one([](Real) { return Real(-1); }, kNone)},
      {Op::abs, of_one([](Real x) { return x > 0   ? 1
                                           : x < 0 ? -1
                                                   : x; }, kNone)},
      {Op::sqrt,
       of_one([](Real x) { return 0.5L / std::sqrt(x); },
              [](Real x) { return -0.25L / std::sqrt(x) / std::sqrt(x) / std::sqrt(x); }),
       2, 4},
      {Op::select,
       [](Operands x) {
         Partials d;
         d.first[x[0] != 0 ? 1 : 2] = 1;
         return d;
       }},
  };
}

std::vector<ExactDerivatives> activations() {
  return {
      {Op::leaky_relu, piecewise([](Operands x) { return x[0] > 0 ? 1 : x[1]; }), 1, 1, {}, {0.25}},
      {Op::leaky_relu, piecewise([](Operands x) { return x[0] > 0 ? 1 : x[1]; }), 1, 1, {}, {-2}},
      {Op::prelu,
       [](Operands x) {
         Partials d;
         d.first[0] = x[0] > 0 ? 1 : x[1];
         d.first[1] = x[0] > 0 ? 0 : x[0];
         d.second[0][1] = d.second[1][0] = x[0] > 0 ? 0 : 1;
         return d;
       }},
      {Op::relu, piecewise([](Operands x) { return Real(!(x[0] <= 0)); })},
      {Op::relu6, piecewise([](Operands x) { return Real(!(x[0] <= 0 || x[0] >= 6)); })},
      {Op::clamp, clamp, 1, 1, {}, {-1, 2}},
      {Op::clamp, clamp, 1, 1, {}, {double(kNaN), 2}},
      {Op::clamp, clamp, 1, 1, {}, {-1, double(kNaN)}},
      {Op::clip, clip},
      {Op::hardtanh,
       piecewise([](Operands x) { return Real(!(x[0] <= x[1] || x[0] >= x[2])); }),
       1,
       1,
       {},
       {-1, 2}},
      {Op::hardtanh, piecewise([](Operands) { return Real(0); }), 1, 1, {}, {-1, double(kNaN)}},
      {Op::hardsigmoid,
       piecewise([](Operands x) { return x[0] <= -3 || x[0] >= 3 ? 0 : Real(1) / 6; })},
      {Op::hardswish,
       [](Operands x) {
         Partials d;
         if (x[0] <= -3 || x[0] >= 3) {
           d.first[0] = x[0] > 0 ? 1 : 0;
         } else {
           d.first[0] = Terms(x[0] / 3) + Terms(0.5L);
           d.second[0][0] = Real(1) / 3;
         }
         return d;
       }},
      {Op::softsign,
       of_one([](Real x) { return 1 / (1 + std::abs(x)) / (1 + std::abs(x)); },
              [](Real x) {
                const Real d = 1 + std::abs(x);
                return x == 0 ? 0 : -2 * std::copysign(Real(1), x) / d / d / d;
              }),
       3, 5},
      {Op::threshold,
       piecewise([](Operands x) { return Real(!(x[0] <= x[1])); }),
       1,
       1,
       {},
       {1, 5}},
      {Op::softshrink,
       piecewise([](Operands x) { return Real(!(std::abs(x[0]) <= x[1])); }),
       1,
       1,
       {},
       {0.5}},
      {Op::hardshrink,
       piecewise([](Operands x) { return Real(!(std::abs(x[0]) <= x[1])); }),
       1,
       1,
       {},
       {0.5}},
      {Op::square, of_one([](Real x) { return 2 * x; }, [](Real) { return Real(2); })},
      {Op::lerp, lerp},
      {Op::remainder, [](Operands x) { return remainder(x[0], x[1], true); }},
      {Op::fmod, [](Operands x) { return remainder(x[0], x[1], false); }},
  };
}

std::vector<ExactDerivatives> functions() {
  const auto exponential =
      of_one([](Real x) { return std::exp(x); }, [](Real x) { return std::exp(x); });
  return {
      {Op::exp, exponential, 1, 1},
      {Op::exp2,
       of_one([](Real x) { return kLn2 * std::exp2(x); },
              [](Real x) { return kLn2 * kLn2 * std::exp2(x); }),
       3, 4},
      {Op::expm1, exponential, 1, 1},
      {Op::log, of_one([](Real x) { return 1 / x; }, [](Real x) { return -1 / x / x; }), 1, 2},
      {Op::log2,
       of_one([](Real x) { return 1 / x / kLn2; }, [](Real x) { return -1 / x / x / kLn2; }), 2, 3},
      {Op::log1p,
       of_one([](Real x) { return 1 / (1 + x); }, [](Real x) { return -1 / (1 + x) / (1 + x); }), 2,
       4},
      {Op::rsqrt,
       of_one([](Real x) { return -std::pow(1 / std::sqrt(x), 3.0L) / 2; },
              [](Real x) { return std::pow(1 / std::sqrt(x), 5.0L) * 0.75L; }),
       6, 9},
      {Op::pow, pow, 4, 8, {0, 0, 128}, {}, [](Operands x) { return std::pow(x[0], x[1]); }},
      {Op::sin, of_one([](Real x) { return std::cos(x); }, [](Real x) { return -std::sin(x); })},
      {Op::cos, of_one([](Real x) { return -std::sin(x); }, [](Real x) { return -std::cos(x); })},
      {Op::sigmoid,
       of_one([](Real x) { return logistic(x) * logistic(-x); },
              [](Real x) {
                const Real s = logistic(x);
                const Real rest = logistic(-x);
                return s * rest * (rest - s);
              }),
       1,
       1,
       {1, 1}},
      {Op::logsigmoid,
       of_one([](Real x) { return logistic(-x); },
              [](Real x) { return -logistic(x) * logistic(-x); }),
       1,
       1,
       {0, 1}},
      {Op::tanh,
       of_one([](Real x) { return 1 / std::cosh(x) / std::cosh(x); },
              [](Real x) { return -2 * std::tanh(x) / std::cosh(x) / std::cosh(x); }),
       1,
       2,
       {1, 1}},
      {Op::erf,
       of_one([](Real x) { return kTwoOverRootPi * gaussian(x); },
              [](Real x) { return times_vanishing(-2 * kTwoOverRootPi * x, gaussian(x)); }),
       3,
       4,
       {0, 0, 64}},
      {Op::erfc,
       of_one([](Real x) { return -kTwoOverRootPi * gaussian(x); },
              [](Real x) { return times_vanishing(2 * kTwoOverRootPi * x, gaussian(x)); }),
       3,
       4,
       {0, 0, 64}},
      {Op::gelu, of_sum(gelu), 1, 1, {1, 1}},
      {Op::gelu_tanh, of_sum(gelu_tanh), 1, 2, {1, 1}},
      {Op::silu, of_sum([](Real x) { return gated(x, x, {1, 0}); }), 4, 4, {0, 0, 1024}},
      {Op::softplus,
       of_one([](Real x) { return logistic(x); },
              [](Real x) { return logistic(x) * logistic(-x); }),
       1,
       1,
       {0, 1}},
      {Op::mish, of_sum(mish), 5, 6, {0, 0, 1024}},
      {Op::elu, elu, 2, 2, {}, {1}},
      {Op::elu, elu, 2, 2, {}, {0.3}},
      {Op::celu, celu, 2, 2, {}, {1}},
      {Op::celu, celu, 2, 2, {}, {0.3}},
      {Op::selu, of_sum(selu), 3, 3},
  };
}

// --- Errors --------------------------------------------------------------------------------------

template <typename Float>
double error_of(Float got, const Terms& exact, Real least) {
  using Limits = std::numeric_limits<Float>;
  if (exact.is_anything()) return 0;
  if (std::isnan(got) || std::isnan(exact.value)) {
    return std::isnan(got) && std::isnan(exact.value) ? 0 : std::numeric_limits<double>::infinity();
  }
  const Real limit = std::ldexp(Real(1), Limits::max_exponent);
  const Real bounded = std::clamp(exact.value, -limit, limit);
  const Real value = std::clamp(static_cast<Real>(got), -limit, limit);
  const bool overflows = !(std::abs(exact.value) <= static_cast<Real>(Limits::max()));
  const Real scale = overflows ? static_cast<Real>(Limits::max())
                               : std::max({std::abs(exact.value), exact.size, least});
  const bool normal = scale >= static_cast<Real>(Limits::min());
  const int exponent = normal ? std::ilogb(scale) : Limits::min_exponent - 1;
  return static_cast<double>(std::ldexp(std::abs(value - bounded), Limits::digits - 1 - exponent));
}

}  // namespace

void PrintTo(const ExactDerivatives& row, std::ostream* out) { *out << to_string(row.op); }

std::span<const ExactDerivatives> exact_derivatives() {
  static const std::vector<ExactDerivatives> rows = [] {
    std::vector<ExactDerivatives> all = arithmetic();
    for (const auto& part : {activations(), functions(), flat()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return rows;
}

double error_in_ulp(float got, const Terms& exact, Real least) {
  return error_of(got, exact, least);
}
double error_in_ulp(double got, const Terms& exact, Real least) {
  return error_of(got, exact, least);
}

}  // namespace sinter::test
