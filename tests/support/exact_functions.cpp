#include "support/exact_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>
#include <vector>

namespace sinter::test {
namespace {

/// A float of 113 bits, for arguments whose rounding error an exponential would magnify.
__extension__ typedef __float128 Quad;  // NOLINT: a using-declaration cannot be an extension

/// Returns true if x is so large that x / (1 + e^-w) and similar functions round to -0 or x, and
/// that e^-w may be out of range.
template <typename T>
bool is_extreme(T x) {
  return std::abs(x) > 1000;
}

template <typename T>
T exact_sigmoid(T x) {
  return 1 / (1 + std::exp(-x));
}

template <typename T>
T exact_softplus(T x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

template <typename T>
T exact_gelu(T x) {
  if (is_extreme(x)) return x < 0 ? -T(0) : x;
  const T root = std::numbers::sqrt2_v<T> / 2;
  const T argument = -x * root;
  T off = 0;
  if constexpr (std::is_same_v<T, long double>) {
    constexpr Quad kRoot = Quad(0x1.6a09e667f3bcdp-1) - Quad(0x1.bdd3413b26456p-55);
    off = static_cast<T>(-Quad(x) * kRoot - Quad(argument));
  }
  const T slope = -2 * std::numbers::inv_sqrtpi_v<T> * std::exp(-argument * argument);
  return x / 2 * (std::erfc(argument) + slope * off);
}

template <typename T>
T exact_gelu_tanh(T x) {
  if (is_extreme(x * x)) return x < 0 ? -T(0) : x;
  const Quad wide = x;
  // 2 sqrt(2 / pi)
  constexpr Quad kFactor = Quad(0x1.9884533d43651p0) - Quad(0x1.cbc0d30ebfd15p-54);
  const Quad w = kFactor * (wide + wide * wide * wide * 44715 / 1000000);
  const T high = static_cast<T>(w);
  const T low = static_cast<T>(w - Quad(high));
  const T e = std::exp(-high);
  if (std::isinf(e)) return -T(0);
  return x / (1 + (e - e * low));
}

template <typename T>
T exact_silu(T x) {
  if (is_extreme(x)) return x < 0 ? -T(0) : x;
  return x / (1 + std::exp(-x));
}

template <typename T>
T exact_mish(T x) {
  if (is_extreme(x)) return x < 0 ? -T(0) : x;
  const T e = std::exp(-std::abs(x));
  if (x > 0) return x - x * (2 * e * e / (1 + 2 * e + 2 * e * e));
  return x * (e * (e + 2) / (e * (e + 2) + 2));
}

template <typename T>
T exact_selu(T x) {
  constexpr T kAlpha = static_cast<T>(1.6732632423543772848170429916717L);
  constexpr T kScale = static_cast<T>(1.0507009873554804934193349852946L);
  return kScale * (x > 0 ? x : kAlpha * std::expm1(x));
}

constexpr auto kElu = [](auto x) { return x > 0 ? x : std::expm1(x); };

/// Returns the difference between `got` and `exact` in units of the last place of Float near
/// `exact`.
template <typename Float, typename Exact>
double error_of(Float got, Exact exact) {
  using Limits = std::numeric_limits<Float>;
  if (std::isnan(got) || std::isnan(exact)) {
    return std::isnan(got) && std::isnan(exact) ? 0 : std::numeric_limits<double>::infinity();
  }
  const Exact limit = std::ldexp(Exact(1), Limits::max_exponent);
  const Exact bounded = std::clamp(exact, -limit, limit);
  const Exact value = std::clamp(static_cast<Exact>(got), -limit, limit);
  const bool subnormal = std::abs(bounded) < static_cast<Exact>(Limits::min());
  const int exponent = subnormal ? Limits::min_exponent - 1
                                 : std::min(std::ilogb(bounded), Limits::max_exponent - 1);
  return static_cast<double>(std::ldexp(std::abs(value - bounded), Limits::digits - 1 - exponent));
}

}  // namespace

void PrintTo(const ExactFunction& function, std::ostream* out) { *out << to_string(function.op); }

std::span<const ExactFunction> exact_functions() {
  const auto function = [](Op op, double limit32, double limit64, auto exact) {
    return ExactFunction{op, limit32, limit64, exact, exact};
  };
  static const ExactFunction functions[] = {
      function(Op::exp, 1, 2, [](auto x) { return std::exp(x); }),
      function(Op::exp2, 1, 2, [](auto x) { return std::exp2(x); }),
      function(Op::expm1, 1, 2, [](auto x) { return std::expm1(x); }),
      function(Op::log, 1, 2, [](auto x) { return std::log(x); }),
      function(Op::log2, 2, 2, [](auto x) { return std::log2(x); }),
      function(Op::log1p, 1.3, 2, [](auto x) { return std::log1p(x); }),
      function(Op::rsqrt, 1.5, 2, [](auto x) { return 1 / std::sqrt(x); }),
      function(Op::sin, 1, 1, [](auto x) { return std::sin(x); }),
      function(Op::cos, 1, 1, [](auto x) { return std::cos(x); }),
      function(Op::sigmoid, 1, 2, [](auto x) { return exact_sigmoid(x); }),
      function(Op::logsigmoid, 2, 2, [](auto x) { return -exact_softplus(-x); }),
      function(Op::tanh, 1.1, 2, [](auto x) { return std::tanh(x); }),
      function(Op::erf, 1.1, 2, [](auto x) { return std::erf(x); }),
      function(Op::erfc, 2, 2, [](auto x) { return std::erfc(x); }),
      function(Op::gelu, 2, 2, [](auto x) { return exact_gelu(x); }),
      function(Op::gelu_tanh, 2, 2, [](auto x) { return exact_gelu_tanh(x); }),
      function(Op::silu, 2, 2, [](auto x) { return exact_silu(x); }),
      function(Op::softplus, 2, 2, [](auto x) { return exact_softplus(x); }),
      function(Op::mish, 3.6, 3.6, [](auto x) { return exact_mish(x); }),
      function(Op::elu, 2, 2, kElu),
      function(Op::celu, 2, 2, kElu),
      function(Op::selu, 2, 2, [](auto x) { return exact_selu(x); }),
  };
  return functions;
}

Graph function_graph(Op op, DType dtype, std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", dtype, {n});
  std::vector<Value> operands{x};
  for (const OperandInfo& operand : info(op).operands) {
    if (operand.attribute) operands.push_back(x.scalar(operand.default_value.value_or(1)));
  }
  graph.output("y", Value::apply(op, operands));
  return graph;
}

double error_in_ulp(float got, double exact) { return error_of(got, exact); }
double error_in_ulp(double got, long double exact) { return error_of(got, exact); }

}  // namespace sinter::test
