// The verifier of graphs: checks every node against its row in ops.def and the tables of its graph.
//
// Builders already refuse wrong calls. The verifier checks the nodes themselves, so it also finds
// errors of passes. It infers each node again with the function that the builders use: type and
// canonical attributes must equal those of the node.
#include <sinter/ir/verify.h>

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include <sinter/ir/rethrow.h>

#include "graph/data.h"

namespace sinter {
namespace detail {
namespace {

[[noreturn]] void bad_node(const GraphData& graph, std::size_t id, std::string_view reason) {
  fail(ErrorCode::invalid_graph,
       fmt::format("node %{}, {}: {}", id, to_string(graph.nodes[id].op), reason));
}

std::string text_of(const Attributes& attributes) {
  const auto& [first, second] = attributes.lists;
  return to_string(first) + (second.empty() ? "" : ", " + to_string(second));
}

void verify_number(const GraphData& graph, std::size_t id, double number) {
  const DType dtype = graph.nodes[id].dtype;
  if (std::bit_cast<std::uint64_t>(canonical_number(number, dtype)) !=
      std::bit_cast<std::uint64_t>(number)) {
    bad_node(graph, id, fmt::format("{} is not exact in {}", number, to_string(dtype)));
  }
}

void verify_scalar(const GraphData& graph, std::size_t id) {
  if (!graph.shapes[graph.nodes[id].shape.index].empty()) {
    bad_node(graph, id, "a number must have shape []");
  }
}

void verify_input(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  if (node.payload >= graph.inputs.size() || graph.inputs[node.payload].node.index != id) {
    bad_node(graph, id, fmt::format("the graph has no input {} here", node.payload));
  }
  const Shape& shape = graph.shapes[node.shape.index];
  const GraphInput& input = graph.inputs[node.payload];
  check_shape(shape, fmt::format("input '{}'", input.name));
  check_input_strides(input.name, shape, input.strides);
}

void verify_iota(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  const Shape& shape = graph.shapes[node.shape.index];
  check_shape(shape, "iota");
  if (!is_integer(node.dtype)) bad_node(graph, id, "iota counts in integers");
  if (node.payload >= static_cast<std::uint64_t>(shape.rank())) {
    bad_node(graph, id, fmt::format("axis {} of shape {}", node.payload, to_string(shape)));
  }
}

/// The attributes to which the payload of a node refers. Throws Error for a payload without
/// meaning.
Attributes attributes_of(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  const OpInfo& row = info(node.op);
  Attributes attributes{.dtype = node.dtype, .shape = graph.shapes[node.shape.index]};
  if (row.rule == DTypeRule::lookup) {
    if (node.payload >= graph.tables.size()) bad_node(graph, id, "its table is missing");
    attributes.table = graph.tables[node.payload];
    for (double number : *attributes.table) verify_number(graph, id, number);
    return attributes;
  }
  std::uint64_t payload = node.payload;
  for (std::size_t i = 0; i < kMaxLists && !row.lists[i].empty(); ++i, payload >>= 32) {
    const auto list = static_cast<std::uint32_t>(payload);
    if (list >= graph.shapes.size()) bad_node(graph, id, "one of its lists is missing");
    attributes.lists[i] = graph.shapes[list];
  }
  if (payload != 0) bad_node(graph, id, fmt::format("a payload of {} has no meaning", payload));
  return attributes;
}

void verify_leaf(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  if (node.op == Op::input) return verify_input(graph, id);
  if (node.op == Op::iota) return verify_iota(graph, id);
  verify_scalar(graph, id);
  if (node.op == Op::parameter && node.payload >= graph.parameters.size()) {
    bad_node(graph, id, fmt::format("the graph has no parameter {}", node.payload));
  }
  if (node.op == Op::parameter) {
    if (node.dtype == DType::boolean) bad_node(graph, id, "a parameter is a number, not bool");
    static_cast<void>(checked_scalar(graph.parameters[node.payload], node.dtype));
  }
  if (node.op == Op::constant) verify_number(graph, id, std::bit_cast<double>(node.payload));
}

void verify_inner(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  for (NodeId operand : node.inputs()) {
    if (operand.index >= id) bad_node(graph, id, "an operand comes after its user");
  }
  const Shape& shape = graph.shapes[node.shape.index];
  const Attributes recorded = attributes_of(graph, id);
  Attributes canonical = recorded;
  const ResultType type = infer(graph, node.op, node.inputs(), canonical);
  if (type.dtype != node.dtype || type.shape != shape) {
    bad_node(graph, id,
             fmt::format("recorded as {}{}, but its operands give {}{}", to_string(node.dtype),
                         to_string(shape), to_string(type.dtype), to_string(type.shape)));
  }
  if (canonical.lists != recorded.lists) {
    bad_node(graph, id,
             fmt::format("recorded with {}, in canonical form {}", text_of(recorded),
                         text_of(canonical)));
  }
}

void verify_node(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  const auto op = static_cast<std::size_t>(node.op);
  if (op >= all_ops().size()) {
    fail(ErrorCode::invalid_graph, fmt::format("node %{}: Op({}) is not an op", id, op));
  }
  if (static_cast<std::size_t>(node.dtype) >= all_dtypes().size()) {
    bad_node(graph, id, fmt::format("DType({}) is not a dtype", static_cast<int>(node.dtype)));
  }
  if (node.shape.index >= graph.shapes.size()) bad_node(graph, id, "its shape is missing");
  const OpInfo& row = info(node.op);
  if (node.operand_count != row.arity) {
    bad_node(graph, id, fmt::format("it has {} of its {} operands", node.operand_count, row.arity));
  }
  const auto unused = std::span(node.operands).subspan(node.operand_count);
  if (std::ranges::any_of(unused, [](NodeId operand) { return operand != NodeId(); })) {
    bad_node(graph, id, "an operand after its last one");
  }
  (row.kind == OpKind::leaf ? verify_leaf : verify_inner)(graph, id);
}

void verify_output(const GraphData& graph, const GraphOutput& output) {
  if (output.node.index >= graph.nodes.size()) {
    fail(ErrorCode::invalid_graph,
         fmt::format("output '{}' is not a node of the graph", output.name));
  }
  const ShapeId shape = graph.nodes[output.node.index].shape;
  check_output_strides(output.name, graph.shapes[shape.index], output.strides);
}

}  // namespace

void verify(const GraphData& graph) {
  if (graph.outputs.empty()) {
    fail(ErrorCode::invalid_graph, "the graph has no output; declare one with Graph::output");
  }
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) verify_node(graph, id);
  for (const GraphOutput& output : graph.outputs) verify_output(graph, output);
}

}  // namespace detail

void verify(const Graph& graph) try { detail::verify(graph.data()); } catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
