// The nodes that bodies of composites, gradient rules and methods record, in order, against golden
// texts. The text of the bodies is part of the documentation. Compilers evaluate arguments in
// different orders, but the order of nodes must not vary: a graph's key, its plans and the order in
// which gradients are added depend on it.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <string>

#include <fmt/format.h>

#include <sinter/ir/gradients.h>
#include <sinter/ir/text.h>

#include "functions/composites.h"
#include "support/composites_document.h"
#include "support/golden.h"
#include "support/op_uses.h"

namespace sinter::test {
namespace {

std::string line(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  std::string text = fmt::format("  {} {} {}{}", id.index, to_string(node.op),
                                 to_string(node.dtype), to_string(graph.shape(id)));
  for (NodeId operand : node.inputs()) text += fmt::format(" %{}", operand.index);
  if (node.op == Op::constant) text += " " + to_text(std::bit_cast<double>(node.payload));
  if (node.op == Op::parameter) text += " " + to_text(graph.parameters()[node.payload]);
  const Attributes attributes = graph.attributes(id);
  for (std::size_t i = 0; i < kMaxLists && !info(node.op).lists[i].empty(); ++i) {
    text += " " + to_string(attributes.lists[i]);
  }
  return text + "\n";
}

/// Returns a line for each node from `first` on, including dead nodes.
std::string nodes_of(const Graph& graph, std::uint32_t first = 0) {
  std::string text;
  for (std::uint32_t i = first; i < graph.nodes().size(); ++i) text += line(graph, {i});
  return text;
}

TEST(RecordedNodes, OfTheBodiesOfComposites) {
  expect_golden("../../docs/composites.md", composites_document(detail::composite_body));
}

/// Returns the nodes of the gradients of a weighted sum of `result` by every floating input.
std::string gradient_nodes(Graph& graph, const Value& result) {
  const Value weights = graph.input("weights", result.dtype(), result.shape());
  const Value loss = (result * weights).sum();
  const auto first = static_cast<std::uint32_t>(graph.nodes().size());
  for (const GraphInput& input : std::vector(graph.inputs().begin(), graph.inputs().end())) {
    const Value of = graph.value(input.node);
    if (!is_floating(of.dtype()) || of.id() == weights.id()) continue;
    try {
      static_cast<void>(gradients(loss, {of}));
    } catch (const Error&) {
      // The loss has no gradient by this input.
    }
  }
  return nodes_of(graph, first);
}

TEST(RecordedNodes, OfTheGradientsOfElementwiseOps) {
  std::string text;
  for (OpKind kind : {OpKind::primitive, OpKind::composite}) {
    for (const OpUse& use : uses_of(kind)) {
      const bool takes = std::ranges::find(use.operands, DType::f32) != use.operands.end();
      if (!takes || use.to != DType::f32) continue;
      Graph graph = graph_of(use, {2});
      const Value result = graph.value(graph.outputs()[0].node);
      if (result.dtype() != DType::f32) continue;
      text += fmt::format("{}\n{}", to_string(use.op), gradient_nodes(graph, result));
    }
  }
  expect_golden("text/elementwise_gradients.txt", text);
}

struct Method {
  std::string_view name;
  std::function<Value(const Value& a, const Value& b)> record;
};

/// Methods that record more than one node, or whose gradients do, over two matrices [2, 2].
const std::vector<Method>& methods() {
  static const std::vector<Method> all = {
      {"1 - a", [](const Value& a, const Value&) { return 1 - a; }},
      {"a / 2", [](const Value& a, const Value&) { return a / 2; }},
      {"fma", [](const Value& a, const Value&) { return a.fma(2, 3); }},
      {"clamp", [](const Value& a, const Value&) { return a.clamp(-1, 1); }},
      {"threshold", [](const Value& a, const Value&) { return a.threshold(0, 1); }},
      {"select", [](const Value& a, const Value& b) { return a.less(0).select(2, b); }},
      {"lerp", [](const Value& a, const Value& b) { return a.lerp(b, 0.25); }},
      {"transpose", [](const Value& a, const Value&) { return a.transpose(); }},
      {"reshape", [](const Value& a, const Value&) { return a.reshape({4}); }},
      {"slice", [](const Value& a, const Value&) { return a.slice(0, 1); }},
      {"flip", [](const Value& a, const Value&) { return a.flip(1); }},
      {"pad", [](const Value& a, const Value&) { return a.pad({1, 0}, {0, 2}, 5); }},
      {"concat", [](const Value& a, const Value& b) { return Value::concat({a, b, a}, 0); }},
      {"sum", [](const Value& a, const Value&) { return a.sum(); }},
      {"prod", [](const Value& a, const Value&) { return a.prod(1); }},
      {"amin", [](const Value& a, const Value&) { return a.amin(1, true); }},
      {"amax", [](const Value& a, const Value&) { return a.amax(); }},
      {"mean", [](const Value& a, const Value&) { return a.mean(0); }},
      {"variance", [](const Value& a, const Value&) { return a.variance(-1, true, 1); }},
      {"softmax", [](const Value& a, const Value&) { return a.softmax(); }},
      {"log_softmax", [](const Value& a, const Value&) { return a.log_softmax(); }},
      {"logsumexp", [](const Value& a, const Value&) { return a.logsumexp(0); }},
      {"layer_norm", [](const Value& a, const Value&) { return a.layer_norm(); }},
      {"argmax",
       [](const Value& a, const Value&) { return a.argmax(1).convert(DType::f32).add(a); }},
      {"argmin",
       [](const Value& a, const Value&) { return a.argmin().convert(DType::f32).add(a); }},
      {"iota", [](const Value& a, const Value&) { return a.iota(DType::f32, {2}).mul(a); }},
      {"mm", [](const Value& a, const Value& b) { return a.mm(b); }},
      {"mv", [](const Value& a, const Value& b) { return a.mv(b.sum(0)); }},
      {"outer", [](const Value& a, const Value& b) { return a.sum(0).outer(b.sum(1)); }},
      {"matmul", [](const Value& a, const Value& b) { return a.reshape({1, 2, 2}).matmul(b); }},
  };
  return all;
}

TEST(RecordedNodes, OfMethodsAndTheirGradients) {
  std::string text;
  for (const Method& method : methods()) {
    Graph graph;
    const Value a = graph.input("a", DType::f32, {2, 2});
    const Value b = graph.input("b", DType::f32, {2, 2});
    const Value result = method.record(a, b);
    const std::string own = nodes_of(graph, 2);
    text += fmt::format("{}\n{}gradients\n{}", method.name, own, gradient_nodes(graph, result));
  }
  expect_golden("text/methods.txt", text);
}

}  // namespace
}  // namespace sinter::test
