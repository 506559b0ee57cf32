// The gradient of every op: one rule for each row of ops.def whose result may be floating.
//
// To add a rule for a new op, add a declaration here, under the row's name, and a function to one
// of the files below; a row without either does not compile or link. A rule records the gradient of
// the loss with respect to operand `i`. If the operand was broadcast, the rule may return the shape
// of the result: the walk sums over the broadcast axes. As in the bodies of composites, at most one
// argument of a call may be a call that records, and numbers are constants.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail::gradient {

/// One op in the backward walk. For an op on 16-bit floats, `x`, `y` and `g` are f32: the walk
/// recasts them, and recasts the result of the rule, so a rule rounds once. Rules of ops that
/// change the dtype get the values without recasts.
struct Step {
  std::array<Value, kMaxOperands> x;  ///< its operands
  Value y;                            ///< its result
  Value g;                            ///< the gradient of the loss with respect to y
  Attributes attributes;
  std::array<std::optional<double>, kMaxOperands> numbers;  ///< of parameters and constants
  std::array<bool, kMaxOperands> given{};  ///< true for operands that are inputs, so in memory
};

/// The kind of gradient that an operand gets.
enum class Flow : std::uint8_t {
  smooth,  ///< one that a rule records
  flat,    ///< 0, because the op is a step function
  none,    ///< none is defined
};

struct Rule {
  using Body = Value (*)(const Step& at, int i);
  constexpr Rule(Body smooth) : body(smooth), flow(Flow::smooth) {}  // NOLINT: implicit
  constexpr Rule(Flow other) : flow(other) {}                        // NOLINT: implicit

  Body body = nullptr;  ///< null unless `flow` is smooth
  Flow flow;
};

[[nodiscard]] const Rule& rule(Op op);
/// The kind of gradient that operand `i` of node `id` gets.
[[nodiscard]] Flow flow(const Graph& graph, NodeId id, std::size_t i);

namespace rules {

// primitives.cpp
Value convert(const Step& at, int i);
Value recast(const Step& at, int i);
Value add(const Step& at, int i);
Value sub(const Step& at, int i);
Value mul(const Step& at, int i);
Value div(const Step& at, int i);
Value fma(const Step& at, int i);
Value min(const Step& at, int i);
Value max(const Step& at, int i);
Value neg(const Step& at, int i);
Value abs(const Step& at, int i);
Value sqrt(const Step& at, int i);
Value select(const Step& at, int i);
inline constexpr Rule floor = Flow::flat;
inline constexpr Rule ceil = Flow::flat;
inline constexpr Rule trunc = Flow::flat;
inline constexpr Rule round = Flow::flat;

// movement.cpp
Value broadcast(const Step& at, int i);
Value transpose(const Step& at, int i);
Value reshape(const Step& at, int i);
Value slice(const Step& at, int i);
Value concat(const Step& at, int i);
Value pad(const Step& at, int i);
inline constexpr Rule view = Flow::none;  // the planner makes views, after all gradients
Value reduce_sum(const Step& at, int i);
Value reduce_prod(const Step& at, int i);
Value reduce_min(const Step& at, int i);
Value reduce_max(const Step& at, int i);
Value mm(const Step& at, int i);
inline constexpr Rule dot = Flow::none;  // as for view

// activations.cpp
Value leaky_relu(const Step& at, int i);
Value relu(const Step& at, int i);
Value prelu(const Step& at, int i);
Value relu6(const Step& at, int i);
Value clamp(const Step& at, int i);
Value clip(const Step& at, int i);
Value hardsigmoid(const Step& at, int i);
Value hardswish(const Step& at, int i);
Value hardtanh(const Step& at, int i);
Value softsign(const Step& at, int i);
Value threshold(const Step& at, int i);
Value softshrink(const Step& at, int i);
Value hardshrink(const Step& at, int i);
Value square(const Step& at, int i);
Value lerp(const Step& at, int i);
Value remainder(const Step& at, int i);
Value fmod(const Step& at, int i);
inline constexpr Rule floor_divide = Flow::flat;
inline constexpr Rule sign = Flow::flat;
inline constexpr Rule detach = Flow::flat;

// functions.cpp
Value exp(const Step& at, int i);
Value exp2(const Step& at, int i);
Value expm1(const Step& at, int i);
Value log(const Step& at, int i);
Value log2(const Step& at, int i);
Value log1p(const Step& at, int i);
Value rsqrt(const Step& at, int i);
Value pow(const Step& at, int i);
Value sin(const Step& at, int i);
Value cos(const Step& at, int i);
Value sigmoid(const Step& at, int i);
Value logsigmoid(const Step& at, int i);
Value tanh(const Step& at, int i);
Value erf(const Step& at, int i);
Value erfc(const Step& at, int i);
Value gelu(const Step& at, int i);
Value gelu_tanh(const Step& at, int i);
Value silu(const Step& at, int i);
Value softplus(const Step& at, int i);
Value mish(const Step& at, int i);
Value elu(const Step& at, int i);
Value celu(const Step& at, int i);
Value selu(const Step& at, int i);

}  // namespace rules
}  // namespace sinter::detail::gradient
