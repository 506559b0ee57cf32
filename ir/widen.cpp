// widen: ops on 16-bit floats become ops on f32 between conversions.
#include <algorithm>
#include <bit>

#include <sinter/ir/passes.h>
#include <sinter/ir/rethrow.h>

#include "rewrite.h"

namespace sinter {
namespace {

NodeId converted(Graph& graph, NodeId id, DType dtype) {
  return graph.value(id).convert(dtype).id();
}

/// A value in f32 after a rounding to `storage`.
NodeId rounded(Graph& graph, NodeId id, DType storage) {
  return converted(graph, converted(graph, id, storage), DType::f32);
}

/// The source of a conversion to a 16-bit float: integers pass through f32.
NodeId floating_source(Graph& graph, NodeId id) {
  return is_floating(graph.node(id).dtype) ? id : converted(graph, id, DType::f32);
}

class Widening {
 public:
  Widening(const Graph& from, Rounding rounding) : from_(from), rounding_(rounding) {}

  NodeId operator()(Graph& to, NodeId id, std::span<const NodeId> operands) const {
    const Node& node = from_.node(id);
    const bool storage = is_storage_float(node.dtype);
    switch (node.op) {
      case Op::parameter:
        return to.parameter(from_.parameters()[node.payload], compute_dtype(node.dtype)).id();
      case Op::convert:
        if (from_.node(node.operands[0]).dtype == node.dtype) return operands[0];
        if (storage) return rounded(to, floating_source(to, operands[0]), node.dtype);
        return converted(to, operands[0], node.dtype);
      case Op::bitcast:
      case Op::raw_bitcast: return bitcast(to, node, operands[0]);
      default: break;
    }
    const NodeId made = copy(to, id, operands);
    if (!storage) return made;
    if (node.op == Op::input) return converted(to, made, DType::f32);
    const OpKind kind = info(node.op).kind;
    const bool computes = kind == OpKind::primitive || kind == OpKind::composite ||
                          kind == OpKind::reduction || kind == OpKind::product ||
                          node.op == Op::pad;
    const bool rounds = rounding_ == Rounding::each_op && computes;
    return rounds ? rounded(to, made, node.dtype) : made;
  }

 private:
  NodeId copy(Graph& to, NodeId id, std::span<const NodeId> operands) const {
    const Node& node = from_.node(id);
    if (node.op != Op::constant || !is_storage_float(node.dtype)) {
      return to.copy_node(from_, id, operands);
    }
    return to.constant(std::bit_cast<double>(node.payload), DType::f32).id();
  }

  /// Of and to what memory would hold.
  NodeId bitcast(Graph& to, const Node& node, NodeId operand) const {
    const DType source = from_.node(node.operands[0]).dtype;
    if (is_storage_float(source)) operand = converted(to, operand, source);
    const NodeId made = to.value(operand).bitcast(node.dtype).id();
    return is_storage_float(node.dtype) ? converted(to, made, DType::f32) : made;
  }

  const Graph& from_;
  Rounding rounding_;
};

}  // namespace

bool has_storage_floats(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(),
                             [](const Node& node) { return is_storage_float(node.dtype); });
}

Graph widen(const Graph& graph, Rounding rounding) try {
  const auto output = [&](Graph& to, const GraphOutput& declared, NodeId moved) {
    const DType dtype = graph.node(declared.node).dtype;
    return is_storage_float(dtype) ? converted(to, moved, dtype) : moved;
  };
  return detail::rewrite(graph, Widening(graph, rounding), output);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
