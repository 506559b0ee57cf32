// widen: ops on 16-bit floats become ops on f32, with conversions where values are rounded.
//
// Under Rounding::each_op the result of every op is rounded to its 16-bit dtype, as if it were
// stored, so a graph may be cut anywhere. A number (parameter or constant) that is an operand of
// arithmetic keeps its f32 value. A number that is a tensor of its own (converted, bitcast, moved,
// stored) is rounded to its dtype.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <vector>

#include <sinter/ir/element.h>
#include <sinter/ir/enum.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/rethrow.h>

#include "passes/rewrite.h"

namespace sinter {
namespace {

/// Ops whose result is an element of an operand, up to the sign, or an integer: a 16-bit dtype that
/// holds all operands exactly also holds the result.
constexpr Op kKeepsDType[] = {
    Op::broadcast, Op::select,   Op::neg,        Op::abs,    Op::min,   Op::max,  Op::floor,
    Op::ceil,      Op::trunc,    Op::round,      Op::view,   Op::slice, Op::pad,  Op::transpose,
    Op::reshape,   Op::concat,   Op::reduce_min, Op::relu,   Op::relu6, Op::clip, Op::reduce_max,
    Op::clamp,     Op::hardtanh, Op::threshold,  Op::detach, Op::sign,
};

bool is_number(const Node& node) { return node.op == Op::parameter || node.op == Op::constant; }

bool is_exact_in(double value, DType dtype) {
  return std::isnan(value) || element_value(element_bits(value, dtype), dtype) == value;
}

NodeId converted(Graph& graph, NodeId id, DType dtype) {
  return graph.value(id).convert(dtype).id();
}

/// Rounds a value to `storage` and converts it back to f32.
NodeId rounded(Graph& graph, NodeId id, DType storage) {
  return converted(graph, converted(graph, id, storage), DType::f32);
}

/// The operand for a conversion to a 16-bit float: integers are converted to f32 first.
NodeId floating_source(Graph& graph, NodeId id) {
  return is_floating(graph.node(id).dtype) ? id : converted(graph, id, DType::f32);
}

class Widening {
 public:
  Widening(const Graph& from, Rounding rounding)
      : from_(from), rounding_(rounding), held_by_(from.nodes().size()) {}

  NodeId operator()(Graph& to, NodeId id, std::span<const NodeId> operands) {
    const auto [node, held_by] = widened(to, id, operands);
    held_by_[id.index] = held_by;
    return node;
  }

 private:
  /// A node of the new graph, and a 16-bit dtype that is known to hold its elements exactly, if
  /// any.
  struct Widened {
    NodeId node;
    std::optional<DType> held_by = {};
  };

  Widened widened(Graph& to, NodeId id, std::span<const NodeId> operands) const {
    const Node& node = from_.node(id);
    const bool storage = is_storage_float(node.dtype);
    switch (node.op) {
      case Op::parameter:
        return {to.parameter(from_.parameters()[node.payload], compute_dtype(node.dtype)).id()};
      case Op::constant:
        if (!storage) break;
        return constant(to, node);
      case Op::input:
        if (!storage) break;
        return {converted(to, to.copy_node(from_, id, operands), DType::f32), node.dtype};
      case Op::convert: return convert(to, node, settled(to, node, 0, operands[0]));
      case Op::recast: return recast(to, node, operands[0]);
      case Op::bitcast:
      case Op::raw_bitcast: return bitcast(to, node, operands[0]);
      default: break;
    }
    return computed(to, id, operands);
  }

  static Widened constant(Graph& to, const Node& node) {
    const auto value = std::bit_cast<double>(node.payload);
    const NodeId made = to.constant(value, DType::f32).id();
    return {made, is_exact_in(value, node.dtype) ? std::optional(node.dtype) : std::nullopt};
  }

  Widened computed(Graph& to, NodeId id, std::span<const NodeId> operands) const {
    const Node& node = from_.node(id);
    const bool moves = info(node.op).kind == OpKind::structural || node.op == Op::broadcast;
    std::array<NodeId, kMaxOperands> own;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      own[i] = moves ? settled(to, node, i, operands[i]) : operands[i];
    }
    const NodeId made = to.copy_node(from_, id, {own.data(), operands.size()});
    const std::optional<DType> held_by = dtype_of_elements(node);
    if (!is_storage_float(node.dtype)) return {made, held_by};
    return as_result(to, {made, held_by}, node.dtype);
  }

  /// The result of an op of dtype `storage`: rounded to it under each_op, unless it fits already.
  Widened as_result(Graph& to, Widened made, DType storage) const {
    if (rounding_ == Rounding::at_store || made.held_by == storage) return made;
    return {rounded(to, made.node, storage), storage};
  }

  Widened convert(Graph& to, const Node& node, NodeId operand) const {
    const DType source = from_.node(node.operands[0]).dtype;
    const std::optional<DType> held_by = held_by_of(node.operands[0]);
    if (source == node.dtype) return {operand, held_by};
    if (!is_storage_float(node.dtype)) {
      return {converted(to, operand, node.dtype),
              node.dtype == DType::f32 ? held_by : std::nullopt};
    }
    if (held_by == node.dtype) return {operand, held_by};
    return {rounded(to, floating_source(to, operand), node.dtype), node.dtype};
  }

  /// Unlike convert(), does not round an operand that is a number to its 16-bit dtype: the number
  /// is an operand of the ops that a rule of a gradient records.
  Widened recast(Graph& to, const Node& node, NodeId operand) const {
    const std::optional<DType> held_by = held_by_[node.operands[0].index];
    const bool rounds = is_storage_float(node.dtype) && rounding_ == Rounding::each_op;
    if (rounds && held_by != node.dtype) return {rounded(to, operand, node.dtype), node.dtype};
    const DType wide = compute_dtype(node.dtype);
    const DType now = to.node(operand).dtype;
    return {now == wide ? operand : converted(to, operand, wide),
            wide == DType::f32 ? held_by : std::nullopt};
  }

  /// A bitcast between the bits that memory would hold: a 16-bit operand is converted from f32 to
  /// its dtype before it, and a 16-bit result to f32 after it.
  Widened bitcast(Graph& to, const Node& node, NodeId operand) const {
    const DType source = from_.node(node.operands[0]).dtype;
    if (is_storage_float(source)) operand = converted(to, operand, source);
    const NodeId made = to.value(operand).bitcast(node.dtype).id();
    if (!is_storage_float(node.dtype)) return {made};
    return {converted(to, made, DType::f32), node.dtype};
  }

  /// Operand `i` of `node` as a tensor of its own: a number of a 16-bit dtype is rounded to that
  /// dtype, unless the operand is a scalar attribute of the op.
  NodeId settled(Graph& to, const Node& node, std::size_t i, NodeId operand) const {
    const Node& source = from_.node(node.operands[i]);
    const bool beside = info(node.op).operands[i].attribute;
    if (beside || !is_number(source) || !is_storage_float(source.dtype)) return operand;
    return rounded(to, operand, source.dtype);
  }

  /// A 16-bit dtype that is known to hold every element of the node as a tensor of its own, if any.
  [[nodiscard]] std::optional<DType> held_by_of(NodeId id) const {
    const Node& node = from_.node(id);
    return is_number(node) && is_storage_float(node.dtype) ? node.dtype : held_by_[id.index];
  }

  /// A 16-bit dtype that holds every element of an op's result because it holds every element of
  /// its operands, if any.
  [[nodiscard]] std::optional<DType> dtype_of_elements(const Node& node) const {
    if (compute_dtype(node.dtype) != DType::f32) return std::nullopt;
    if (std::ranges::find(kKeepsDType, node.op) == std::end(kKeepsDType)) return std::nullopt;
    std::optional<DType> dtype;
    for (NodeId operand : node.inputs()) {
      if (!dtype.has_value()) dtype = held_by_[operand.index];
    }
    const auto is_held = [&](NodeId id) {
      const Node& operand = from_.node(id);
      if (operand.dtype == DType::boolean || held_by_[id.index] == dtype) return true;
      return operand.op == Op::constant &&
             is_exact_in(std::bit_cast<double>(operand.payload), *dtype);
    };
    const bool all = dtype.has_value() && std::ranges::all_of(node.inputs(), is_held);
    return all ? dtype : std::nullopt;
  }

  const Graph& from_;
  Rounding rounding_;
  std::vector<std::optional<DType>> held_by_;  ///< by node of `from` so far; see Widened
};

}  // namespace

bool has_storage_floats(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(),
                             [](const Node& node) { return is_storage_float(node.dtype); });
}

Graph widen(const Graph& graph, Rounding rounding) try {
  const detail::FloatEnvironment environment;
  detail::check_enum("Rounding", rounding, Rounding::each_op);
  Widening widening(graph, rounding);
  const auto rule = [&](Graph& to, NodeId id, std::span<const NodeId> operands) {
    return widening(to, id, operands);
  };
  const auto output = [&](Graph& to, const GraphOutput& declared, NodeId moved) {
    const DType dtype = graph.node(declared.node).dtype;
    return is_storage_float(dtype) ? converted(to, moved, dtype) : moved;
  };
  return detail::rewrite(graph, rule, output);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
