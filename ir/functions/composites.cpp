// The bodies of composite ops: one function each, named as its row in ops.def.
//
// To add a composite, add a row to ops.def and a function here; a row without a function does not
// compile. The bodies of mathematical functions are in exponentials.cpp and the files beside it. At
// most one argument of a call may be a call that records: the order in which a compiler evaluates
// arguments must never decide the order of nodes. (The object of a method call is always evaluated
// before the arguments.) Numbers are constants, not parameters: they belong to the graph's
// structure.
#include "functions/composites.h"

#include <array>
#include <limits>

#include <sinter/ir/assert.h>

#include "functions/functions.h"

namespace sinter::detail {
namespace {
namespace bodies {

using namespace functions;  // exp, log, ... in files of their own

Value leaky_relu(const Value& x, const Value& slope) {
  const Value scaled = x.mul(slope);
  return x.greater(x.constant(0)).select(x, scaled);
}

Value prelu(const Value& x, const Value& weight) { return leaky_relu(x, weight); }

Value relu(const Value& x) {
  const Value zero = x.constant(0);
  return x.less(zero).select(zero, x);
}

/// x clamped to bounds that are not NaN.
Value bounded(const Value& x, const Value& low, const Value& high) {
  const Value raised = x.less(low).select(low, x);
  return raised.greater(high).select(high, raised);
}

/// Bounds may be tensors. If one is NaN, the result is NaN.
Value clip(const Value& x, const Value& low, const Value& high) {
  if (is_integer(x.dtype())) return bounded(x, low, high);
  const Value low_is_nan = low.not_equal(low);
  const Value high_is_nan = high.not_equal(high);
  const Value raised = x.less(low).logical_or(low_is_nan).select(low, x);
  return raised.greater(high).logical_or(high_is_nan).select(high, raised);
}

Value clamp(const Value& x, const Value& low, const Value& high) { return clip(x, low, high); }

Value hardtanh(const Value& x, const Value& low, const Value& high) { return clip(x, low, high); }

Value relu6(const Value& x) {
  const Value zero = x.constant(0);
  const Value six = x.constant(6);
  return bounded(x, zero, six);
}

Value hardsigmoid(const Value& x) {
  const Value gate = relu6(x.add(x.constant(3)));
  return gate.div(x.constant(6));
}

Value hardswish(const Value& x) {
  const Value gate = relu6(x.add(x.constant(3)));
  return x.mul(gate).div(x.constant(6));
}

Value softsign(const Value& x) {
  const Value one = x.constant(1);
  return x.div(x.abs().add(one));
}

/// NaN stays NaN.
Value threshold(const Value& x, const Value& threshold, const Value& value) {
  return x.less_equal(threshold).select(value, x);
}

/// NaN stays NaN.
Value softshrink(const Value& x, const Value& lambda) {
  const Value lowered = x.sub(lambda);
  const Value raised = x.add(lambda);
  const Value outside = x.greater(lambda).select(lowered, raised);
  return x.abs().less_equal(lambda).select(x.constant(0), outside);
}

/// NaN stays NaN.
Value hardshrink(const Value& x, const Value& lambda) {
  return x.abs().less_equal(lambda).select(x.constant(0), x);
}

Value sign(const Value& x) {
  const Value zero = x.constant(0);
  const Value one = x.constant(1);
  if (info(x.dtype()).kind == DTypeKind::unsigned_integer) {
    return x.greater(zero).select(one, x);
  }
  const Value minus_one = x.constant(-1);
  const Value not_positive = x.less(zero).select(minus_one, x);
  return x.greater(zero).select(one, not_positive);
}

Value square(const Value& x) { return x.mul(x); }

Value detach(const Value& x) { return x; }

/// The identity: `expand` converts the result to the dtype of the node.
Value recast(const Value& x) { return x; }

Value rsqrt(const Value& x) {
  const Value one = x.constant(1);
  return one.div(x.sqrt());
}

/// Starts from the nearer end, so it is exact at weights 0 and 1.
Value lerp(const Value& a, const Value& b, const Value& weight) {
  const Value step = b.sub(a);
  const Value from_a = a.add(weight.mul(step));
  const Value rest = weight.constant(1).sub(weight);
  const Value from_b = b.sub(step.mul(rest));
  return weight.less(weight.constant(0.5)).select(from_a, from_b);
}

Value isnan(const Value& x) { return x.not_equal(x); }

Value isinf(const Value& x) {
  if (is_integer(x.dtype())) return x.not_equal(x);
  return x.abs().equal(x.constant(std::numeric_limits<double>::infinity()));
}

Value isfinite(const Value& x) {
  if (is_integer(x.dtype())) return x.equal(x);
  return x.abs().less(x.constant(std::numeric_limits<double>::infinity()));
}

}  // namespace bodies

using Body = Value (*)(std::span<const Value>);

template <typename... Operands, std::size_t... I>
Value spread(Value (*body)(const Operands&...), std::span<const Value> operands,
             std::index_sequence<I...>) {
  return body(operands[I]...);
}

/// Calls a body of any arity through the one signature that the table holds.
template <auto body, int arity>
Value call(std::span<const Value> operands) {
  return spread(body, operands, std::make_index_sequence<arity>());
}

#define SINTER_BODY_leaf(name, arity) nullptr
#define SINTER_BODY_primitive(name, arity) nullptr
#define SINTER_BODY_reduction(name, arity) nullptr
#define SINTER_BODY_product(name, arity) nullptr
#define SINTER_BODY_structural(name, arity) nullptr
#define SINTER_BODY_composite(name, arity) &call<&bodies::name, arity>
constexpr Body kBodies[] = {
#define SINTER_OP(name, kind, rule, arity, names) SINTER_BODY_##kind(name, arity),
#include <sinter/ir/ops.def>
#undef SINTER_OP
};
#undef SINTER_BODY_leaf
#undef SINTER_BODY_primitive
#undef SINTER_BODY_reduction
#undef SINTER_BODY_product
#undef SINTER_BODY_structural
#undef SINTER_BODY_composite

}  // namespace

Value composite_body(Op op, std::span<const Value> operands) {
  const Body body = kBodies[static_cast<std::size_t>(op)];
  SINTER_ASSERT(body != nullptr, "only composites have a body");
  return body(operands);
}

// Why m > x ? m : x is leaky_relu, with m = x*s rounded and 0 < s <= 1. Rounding is monotone, so:
//   x > 0    m <= x, and the result is x
//   x < 0    m >= x, and the result is m. If m == x, both have the same bits, since neither is 0.
//            Infinities are no exception, nor are subnormals, where m may be -0 > x.
//   x = +-0  m is the same zero, m > x is false, and x has the bits of x*s
//   NaN      m > x is false, and both x and x*s are NaN
Value leaky_relu_as_max(const Value& x, const Value& slope) {
  const Value scaled = x.mul(slope);
  return scaled.greater(x).select(scaled, x);
}

}  // namespace sinter::detail
