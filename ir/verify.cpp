// The verifier: every node against its row in ops.def and against the tables of its graph.
//
// The builders refuse what is wrong at the call that would record it; this is the second look, for
// graphs that come from outside and for the passes of this room.
#include <sinter/ir/rethrow.h>
#include <sinter/ir/verify.h>

#include <bit>

#include <fmt/format.h>

#include "graph_data.h"

namespace sinter {
namespace detail {
namespace {

[[noreturn]] void bad_node(const GraphData& graph, std::size_t id, std::string_view reason) {
  fail(ErrorCode::invalid_graph,
       fmt::format("node %{}, {}: {}", id, to_string(graph.nodes[id].op), reason));
}

void verify_exact(const GraphData& graph, std::size_t id, double number) {
  const DType dtype = graph.nodes[id].dtype;
  if (std::bit_cast<std::uint64_t>(round_to(number, dtype)) !=
      std::bit_cast<std::uint64_t>(number)) {
    bad_node(graph, id, fmt::format("{} is not exact in {}", number, to_string(dtype)));
  }
}

void verify_scalar(const GraphData& graph, std::size_t id) {
  if (!graph.shapes[graph.nodes[id].shape.index].empty()) {
    bad_node(graph, id, "a number has shape []");
  }
}

void verify_input(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  if (node.payload >= graph.inputs.size() || graph.inputs[node.payload].node.index != id) {
    bad_node(graph, id, fmt::format("the graph has no input {} here", node.payload));
  }
  const Shape& shape = graph.shapes[node.shape.index];
  const Strides& strides = graph.inputs[node.payload].strides;
  check_shape(shape, fmt::format("input '{}'", graph.inputs[node.payload].name));
  if (!strides.empty() && strides.rank() != shape.rank()) {
    bad_node(graph, id,
             fmt::format("shape {} with strides {}", to_string(shape), to_string(strides)));
  }
}

void verify_iota(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  const Shape& shape = graph.shapes[node.shape.index];
  check_shape(shape, "iota");
  if (!is_integer(node.dtype)) bad_node(graph, id, "it counts in integers");
  if (node.payload >= static_cast<std::uint64_t>(shape.rank())) {
    bad_node(graph, id, fmt::format("axis {} of shape {}", node.payload, to_string(shape)));
  }
}

/// The lists of a structural op or a reduction, of which the payload is made.
void verify_lists(const GraphData& graph, std::size_t id, Attributes& attributes) {
  const Node& node = graph.nodes[id];
  for (std::size_t i = 0; i < kMaxLists && !info(node.op).lists[i].empty(); ++i) {
    const auto list = static_cast<std::uint32_t>(node.payload >> (32 * i));
    if (list >= graph.shapes.size()) bad_node(graph, id, "a list of it is missing");
    attributes.lists[i] = graph.shapes[list];
  }
}

/// The table of a lookup, of which the payload is made.
void verify_table(const GraphData& graph, std::size_t id, Attributes& attributes) {
  const Node& node = graph.nodes[id];
  if (info(node.op).rule != DTypeRule::lookup) return;
  if (node.payload >= graph.tables.size()) bad_node(graph, id, "its table is missing");
  attributes.table = graph.tables[node.payload];
  for (double number : *attributes.table) verify_exact(graph, id, number);
}

void verify_leaf(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  if (node.op == Op::input) return verify_input(graph, id);
  if (node.op == Op::iota) return verify_iota(graph, id);
  verify_scalar(graph, id);
  if (node.op == Op::parameter && node.payload >= graph.parameters.size()) {
    bad_node(graph, id, fmt::format("the graph has no parameter {}", node.payload));
  }
  if (node.op == Op::constant) verify_exact(graph, id, std::bit_cast<double>(node.payload));
}

void verify_inner(const GraphData& graph, std::size_t id) {
  const Node& node = graph.nodes[id];
  for (NodeId operand : node.inputs()) {
    if (operand.index >= id) bad_node(graph, id, "an operand comes after its user");
  }
  const Shape& shape = graph.shapes[node.shape.index];
  Attributes attributes{.dtype = node.dtype, .shape = shape};
  verify_lists(graph, id, attributes);
  verify_table(graph, id, attributes);
  const ResultType type = infer(graph, node.op, node.inputs(), attributes);
  if (type.dtype == node.dtype && type.shape == shape) return;
  bad_node(graph, id,
           fmt::format("recorded as {}{}, but its operands make {}{}", to_string(node.dtype),
                       to_string(shape), to_string(type.dtype), to_string(type.shape)));
}

}  // namespace

void verify(const GraphData& graph) {
  if (graph.outputs.empty()) {
    fail(ErrorCode::invalid_graph, "the graph has no output; declare one with Graph::output");
  }
  for (std::size_t id = 0; id < graph.nodes.size(); ++id) {
    const Node& node = graph.nodes[id];
    if (node.shape.index >= graph.shapes.size()) bad_node(graph, id, "its shape is missing");
    if (node.operand_count != info(node.op).arity) {
      bad_node(
          graph, id,
          fmt::format("it has {} of its {} operands", node.operand_count, info(node.op).arity));
    }
    (info(node.op).kind == OpKind::leaf ? verify_leaf : verify_inner)(graph, id);
  }
  for (const GraphOutput& output : graph.outputs) {
    if (output.node.index < graph.nodes.size()) continue;
    fail(ErrorCode::invalid_graph, fmt::format("output '{}' is no node of the graph", output.name));
  }
}

}  // namespace detail

void verify(const Graph& graph) try { detail::verify(graph.data()); } catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
