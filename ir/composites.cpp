// The bodies of composite ops, one function each, named as its row in ops.def.
//
// To add a composite: a row in ops.def and a function here; a row without a function does not
// compile. A body records one node a statement or nests calls in the object position only: the
// order in which a compiler evaluates arguments must never decide the order of nodes. Numbers are
// constants, not parameters: they belong to the structure.
#include "composites.h"

#include <array>

#include <sinter/ir/assert.h>

namespace sinter::detail {
namespace {
namespace bodies {

Value leaky_relu(const Value& x, const Value& slope) {
  const Value scaled = x.mul(slope);
  return x.greater(x.constant(0)).select(x, scaled);
}

Value prelu(const Value& x, const Value& weight) { return leaky_relu(x, weight); }

Value relu(const Value& x) {
  const Value zero = x.constant(0);
  return x.less(zero).select(zero, x);
}

Value clamp(const Value& x, const Value& low, const Value& high) {
  const Value raised = x.less(low).select(low, x);
  return raised.greater(high).select(high, raised);
}

Value relu6(const Value& x) {
  const Value zero = x.constant(0);
  const Value six = x.constant(6);
  return clamp(x, zero, six);
}

Value hardsigmoid(const Value& x) {
  const Value gate = relu6(x.add(x.constant(3)));
  return gate.div(x.constant(6));
}

Value hardswish(const Value& x) {
  const Value gate = relu6(x.add(x.constant(3)));
  return x.mul(gate).div(x.constant(6));
}

Value sign(const Value& x) {
  const Value zero = x.constant(0);
  const Value minus_one = x.constant(-1);
  const Value one = x.constant(1);
  const Value not_positive = x.less(zero).select(minus_one, x);
  return x.greater(zero).select(one, not_positive);
}

Value square(const Value& x) { return x.mul(x); }

}  // namespace bodies

using Body = Value (*)(std::span<const Value>);

template <typename... Operands, std::size_t... I>
Value spread(Value (*body)(const Operands&...), std::span<const Value> operands,
             std::index_sequence<I...>) {
  return body(operands[I]...);
}

/// A body behind the one signature that the table holds.
template <auto body, int arity>
Value call(std::span<const Value> operands) {
  return spread(body, operands, std::make_index_sequence<arity>());
}

#define SINTER_BODY_leaf(name, arity) nullptr
#define SINTER_BODY_primitive(name, arity) nullptr
#define SINTER_BODY_composite(name, arity) &call<&bodies::name, arity>
constexpr Body kBodies[] = {
#define SINTER_OP(name, kind, rule, arity, names) SINTER_BODY_##kind(name, arity),
#include <sinter/ir/ops.def>
#undef SINTER_OP
};
#undef SINTER_BODY_leaf
#undef SINTER_BODY_primitive
#undef SINTER_BODY_composite

}  // namespace

Value composite_body(Op op, std::span<const Value> operands) {
  const Body body = kBodies[static_cast<std::size_t>(op)];
  SINTER_ASSERT(body != nullptr, "only composites have a body");
  return body(operands);
}

// With m = x*s rounded, and 0 < s <= 1. Rounding is monotone, so m <= x for x > 0 and the result is
// x; m >= x for x < 0 and the result is m, or x where they are the same number and, not being 0,
// the same bits: also for infinities, and for subnormals, where m may be -0 > x. For x = +-0, m is
// the same zero, m > x is false, and x is x*s. For NaN it is false too, and x is NaN as x*s is.
Value leaky_relu_as_max(const Value& x, const Value& slope) {
  const Value scaled = x.mul(slope);
  return scaled.greater(x).select(scaled, x);
}

}  // namespace sinter::detail
