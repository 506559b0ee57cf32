// simplify: constant folding, exact identities, and removal of dead code. Also bake_parameters.
//
// One walk in topological order: the operands of a node are simplified before it, so a rule looks
// at most one operand deep. An identity is listed only if it keeps every bit for every input, where
// NaNs count as equal. This excludes x + 0 (-0 would become +0), x * 0 and x - x.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include <sinter/ir/float_environment.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/rethrow.h>

#include "passes/rewrite.h"

namespace sinter {
namespace {

enum class Side : std::uint8_t { left, right, either };

/// op(x, number) is x (neutral) or the number (absorbing), if the number is the operand on `side`.
struct ScalarIdentity {
  Op op;
  Side side;
  double number;  ///< compared by its bits
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr ScalarIdentity kNeutral[] = {
    {Op::add, Side::either, -0.0},       {Op::sub, Side::right, +0.0},
    {Op::mul, Side::either, 1},          {Op::div, Side::right, 1},
    {Op::min, Side::either, +kInfinity}, {Op::max, Side::either, -kInfinity},
    {Op::logical_and, Side::either, 1},  {Op::logical_or, Side::either, 0},
    {Op::logical_xor, Side::either, 0},
};

constexpr ScalarIdentity kAbsorbing[] = {
    {Op::logical_and, Side::either, 0},
    {Op::logical_or, Side::either, 1},
};

/// op(x, x) is x.
constexpr Op kIdempotent[] = {Op::min, Op::max, Op::logical_and, Op::logical_or};

/// An op applied to another: outer(inner(x)).
struct Composition {
  Op outer, inner;
};

/// outer(inner(x)) is x.
constexpr Composition kInverse[] = {{Op::neg, Op::neg}, {Op::logical_not, Op::logical_not}};
/// outer(inner(x)) is outer(x).
constexpr Composition kInnerIgnored[] = {{Op::broadcast, Op::broadcast}};
/// outer(inner(x)) is inner(x) for any two of these, because their results are integers, inf or
/// NaN. The same holds for abs of abs.
constexpr Op kRounding[] = {Op::floor, Op::ceil, Op::trunc, Op::round};

template <typename Range, typename T>
bool contains(const Range& range, const T& value) {
  return std::ranges::find(range, value) != std::end(range);
}

/// Number of bits of an integer's magnitude, or of a float's significand.
int precision(DType dtype) {
  switch (dtype) {
    case DType::boolean: return 1;
    case DType::i8: return 7;
    case DType::u8: return 8;
    case DType::i16: return 15;
    case DType::i32: return 31;
    case DType::i64: return 63;
    case DType::f16: return 11;
    case DType::bf16: return 8;
    case DType::f32: return 24;
    case DType::f64: return 53;
  }
  return 0;
}

bool is_unsigned(DType dtype) {
  return dtype == DType::boolean || info(dtype).kind == DTypeKind::unsigned_integer;
}

/// True if every value of `from` is a value of `to`.
bool holds_exactly(DType from, DType to) {
  if (from == to) return true;
  if (to == DType::boolean || precision(from) > precision(to)) return false;
  if (is_floating(from)) return is_floating(to) && !is_storage_float(to);
  return is_floating(to) || is_unsigned(from) || !is_unsigned(to);
}

/// True if conversions from `source` to `middle` and from `middle` to `to` give the same as a
/// direct conversion from `source` to `to`. `middle` holds every value of `source` exactly.
bool is_direct(DType source, DType middle, DType to) {
  if (!is_integer(source) || !is_floating(middle)) return true;
  // To integers, floats saturate and integers wrap. To 16-bit floats, integers go through f32.
  return !is_integer(to) && (!is_storage_float(to) || middle == DType::f32);
}

/// A node about to be recorded, over operands that are in the new graph.
struct Candidate {
  Graph& graph;
  Op op;
  DType dtype;
  Shape shape;
  std::span<const NodeId> operands;
  const LookupTable* table = nullptr;

  [[nodiscard]] Node operand(std::size_t i) const { return graph.node(operands[i]); }
};

using Replacement = std::optional<NodeId>;

/// The value of operand `i` if it is a constant or the broadcast of one.
std::optional<double> constant_value(const Candidate& at, std::size_t i) {
  Node node = at.operand(i);
  if (node.op == Op::broadcast) node = at.graph.node(node.operands[0]);
  if (node.op != Op::constant) return std::nullopt;
  return std::bit_cast<double>(node.payload);
}

bool is_constant(const Candidate& at, std::size_t i, double number) {
  const std::optional<double> value = constant_value(at, i);
  return value && std::bit_cast<std::uint64_t>(*value) == std::bit_cast<std::uint64_t>(number);
}

NodeId simplified(const Candidate& at);

/// Records `op` of one operand, simplified, with the candidate's dtype and shape.
NodeId unary(const Candidate& at, Op op, NodeId operand) {
  return simplified({at.graph, op, at.dtype, at.shape, std::span(&operand, 1)});
}

/// Records a constant, broadcast to the candidate's shape.
NodeId filled(const Candidate& at, double number) {
  return unary(at, Op::broadcast, at.graph.constant(number, at.dtype).id());
}

Replacement fold_constants(const Candidate& at) {
  if (at.op == Op::broadcast || info(at.op).kind != OpKind::primitive) return std::nullopt;
  std::array<std::uint64_t, kMaxOperands> bits{};
  for (std::size_t i = 0; i < at.operands.size(); ++i) {
    const std::optional<double> value = constant_value(at, i);
    if (!value || is_storage_float(at.operand(i).dtype)) return std::nullopt;
    bits[i] = element_bits(*value, at.operand(i).dtype);
  }
  const std::size_t last = at.operands.size() - 1;  // operand 0 of a select is a mask
  const std::uint64_t folded = evaluate_bits(at.op, at.operand(last).dtype, at.dtype,
                                             {bits.data(), at.operands.size()}, at.table);
  const double result = element_value(folded, at.dtype);
  // A graph keeps numbers as f64, which cannot hold every i64.
  const bool kept = std::isnan(result) || element_bits(result, at.dtype) == folded;
  return kept ? Replacement(filled(at, result)) : std::nullopt;
}

/// Index of the operand of `at` that is the number of `identity`; nullopt if none is.
std::optional<std::size_t> number_side(const Candidate& at, const ScalarIdentity& identity) {
  if (at.op != identity.op) return std::nullopt;
  if (identity.side != Side::left && is_constant(at, 1, identity.number)) return 1;
  if (identity.side != Side::right && is_constant(at, 0, identity.number)) return 0;
  return std::nullopt;
}

Replacement drop_neutral(const Candidate& at) {
  for (const ScalarIdentity& identity : kNeutral) {
    if (const auto side = number_side(at, identity)) return at.operands[1 - *side];
  }
  return std::nullopt;
}

Replacement absorb(const Candidate& at) {
  for (const ScalarIdentity& identity : kAbsorbing) {
    if (number_side(at, identity)) return filled(at, identity.number);
  }
  return std::nullopt;
}

Replacement merge_equal_operands(const Candidate& at) {
  if (at.operands.size() != 2 || at.operands[0] != at.operands[1]) return std::nullopt;
  if (at.op == Op::logical_xor) return filled(at, 0);
  if (contains(kIdempotent, at.op)) return at.operands[0];
  return std::nullopt;
}

Replacement shorten_composition(const Candidate& at) {
  if (at.operands.size() != 1) return std::nullopt;
  const Node inner = at.operand(0);
  const auto listed = [&](const Composition& pair) {
    return pair.outer == at.op && pair.inner == inner.op;
  };
  if (std::ranges::any_of(kInverse, listed)) return inner.operands[0];
  if (std::ranges::any_of(kInnerIgnored, listed)) return unary(at, at.op, inner.operands[0]);
  if (at.op == Op::abs && inner.op == Op::neg && !is_unsigned(at.dtype)) {
    return unary(at, Op::abs, inner.operands[0]);
  }
  const bool settled = (at.op == Op::abs && inner.op == Op::abs) ||
                       (contains(kRounding, at.op) && contains(kRounding, inner.op));
  return settled ? Replacement(at.operands[0]) : std::nullopt;
}

Replacement drop_broadcast_to_own_shape(const Candidate& at) {
  return at.op == Op::broadcast ? Replacement(at.operands[0]) : std::nullopt;
}

Replacement shorten_convert(const Candidate& at) {
  if (at.op != Op::convert) return std::nullopt;
  const Node inner = at.operand(0);
  if (inner.dtype == at.dtype) return at.operands[0];
  if (inner.op != Op::convert) return std::nullopt;
  const NodeId source = inner.operands[0];
  const DType from = at.graph.node(source).dtype;
  const Op made_by = at.graph.node(source).op;
  // Before `widen`, results of other ops on 16-bit floats are not rounded yet, so this conversion
  // may round them.
  if (is_storage_float(from) && made_by != Op::input && made_by != Op::convert) {
    return std::nullopt;
  }
  if (!holds_exactly(from, inner.dtype) || !is_direct(from, inner.dtype, at.dtype)) {
    return std::nullopt;
  }
  return unary(at, Op::convert, source);
}

Replacement decide_select(const Candidate& at) {
  if (at.op != Op::select) return std::nullopt;
  if (at.operands[1] == at.operands[2]) return at.operands[1];
  if (const auto condition = constant_value(at, 0)) return at.operands[*condition != 0 ? 1 : 2];
  return std::nullopt;
}

constexpr Replacement (*kRules[])(const Candidate&) = {
    fold_constants,      drop_neutral,    absorb,        merge_equal_operands,
    shorten_composition, shorten_convert, decide_select, drop_broadcast_to_own_shape,
};

/// Returns the replacement by the first rule that applies, or else records `at` itself. Rules
/// consider values only: a replacement whose shape differs, because it lacks a broadcast, is
/// rejected here.
NodeId simplified(const Candidate& at) {
  for (const auto rule : kRules) {
    const Replacement replacement = rule(at);
    if (replacement && at.graph.shape(*replacement) == at.shape) return *replacement;
  }
  std::array<Value, kMaxOperands> values;
  std::ranges::transform(at.operands, values.begin(),
                         [&](NodeId operand) { return at.graph.value(operand); });
  Attributes attributes{.dtype = at.dtype, .shape = at.shape};
  if (at.table != nullptr) attributes.table = *at.table;
  return Value::apply(at.op, {values.data(), at.operands.size()}, attributes).id();
}

}  // namespace

Graph simplify(const Graph& graph) try {
  const detail::FloatEnvironment environment;
  const auto rule = [&](Graph& to, NodeId id, std::span<const NodeId> operands) {
    const Node& node = graph.node(id);
    if (node.op == Op::detach) return operands[0];
    if (info(node.op).kind != OpKind::primitive) return to.copy_node(graph, id, operands);
    return simplified({to, node.op, node.dtype, graph.shape(id), operands, graph.table(id)});
  };
  const Graph with_dead = detail::rewrite(graph, rule);
  return detail::rewrite(with_dead, [&](Graph& to, NodeId id, std::span<const NodeId> operands) {
    return to.copy_node(with_dead, id, operands);
  });
} catch (...) {
  detail::rethrow_as_error();
}

Graph bake_parameters(const Graph& graph) try {
  return detail::rewrite(graph, [&](Graph& to, NodeId id, std::span<const NodeId> operands) {
    const Node& node = graph.node(id);
    if (node.op != Op::parameter) return to.copy_node(graph, id, operands);
    return to.constant(graph.parameters()[node.payload], node.dtype).id();
  });
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
