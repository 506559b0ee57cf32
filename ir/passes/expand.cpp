// expand: composites become their bodies; everything else is copied.
#include <algorithm>
#include <bit>

#include <sinter/ir/assert.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/parameter_class.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/rethrow.h>

#include "functions/composites.h"
#include "graph/data.h"
#include "passes/rewrite.h"

namespace sinter {
namespace {

/// The value of a scalar attribute, not rounded to its dtype.
double scalar_value(const Node& node, std::span<const double> parameters) {
  if (node.op == Op::constant) return std::bit_cast<double>(node.payload);
  SINTER_ASSERT(node.op == Op::parameter, "an attribute is a constant or a parameter");
  SINTER_ASSERT(node.payload < parameters.size(), "one value per parameter of the graph");
  return parameters[node.payload];
}

/// True for a leaky_relu that may be computed as a maximum; see leaky_relu_as_max.
bool has_max_form(const Graph& graph, const Node& node, std::span<const double> parameters) {
  if (node.op != Op::leaky_relu) return false;
  const Node& slope = graph.node(node.operands[1]);
  return ParameterClass(scalar_value(slope, parameters)).is_proper_slope(slope.dtype);
}

/// Records the body of a composite. Operands that are 16-bit floats are converted to f32 first and
/// the result is converted to the node's dtype, for graphs that `widen` has not processed.
Value body_of(const Node& node, std::span<Value> operands, bool max_form) {
  for (Value& operand : operands) {
    if (is_storage_float(operand.dtype())) operand = operand.convert(DType::f32);
  }
  const Value result = max_form ? detail::leaky_relu_as_max(operands[0], operands[1])
                                : detail::composite_body(node.op, operands);
  return result.dtype() == node.dtype ? result : result.convert(node.dtype);
}

}  // namespace

ParameterClass::ParameterClass(double value) {
  const detail::FloatEnvironment environment;
  const auto is_proper = [&](DType dtype) {
    const double slope = detail::round_to(value, dtype);
    return slope > 0 && slope <= 1;
  };
  if (is_proper(DType::f32)) bits_ |= kAsF32;
  if (is_proper(DType::f64)) bits_ |= kAsF64;
}

Graph expand(const Graph& graph, std::span<const double> parameters) try {
  const detail::FloatEnvironment environment;
  return detail::rewrite(graph, [&](Graph& to, NodeId id, std::span<const NodeId> operands) {
    const Node& node = graph.node(id);
    if (info(node.op).kind != OpKind::composite) return to.copy_node(graph, id, operands);
    std::array<Value, kMaxOperands> values;
    std::ranges::transform(operands, values.begin(),
                           [&](NodeId operand) { return to.value(operand); });
    const bool max_form = has_max_form(graph, node, parameters);
    return body_of(node, {values.data(), operands.size()}, max_form).id();
  });
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
