// The verifier, on graphs that no builder would make: their storage is edited by hand.
#include <gtest/gtest.h>

#include <bit>

#include <sinter/ir/verify.h>

#include "../../ir/graph_data.h"
#include "support/expect_error.h"

namespace sinter {
namespace {

using detail::GraphData;
using test::expect_error;

TEST(Verify, RefusesAGraphWithoutOutput) {
  Graph graph;
  (void)graph.input("x", DType::f32, {4});
  expect_error(ErrorCode::invalid_graph, "the graph has no output; declare one with Graph::output",
               [&] { verify(graph); });
  expect_error(ErrorCode::invalid_graph, "the graph has no output", [] { verify(Graph()); });
}

TEST(Verify, RefusesAGraphThatWasMovedFrom) {
  Graph graph;
  const Graph moved = std::move(graph);
  // NOLINTNEXTLINE(bugprone-use-after-move)
  expect_error(ErrorCode::invalid_graph, "moved from", [&] { verify(graph); });
}

TEST(Verify, AcceptsWhatTheBuildersMake) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3}, {3, 0});
  const Value mask = graph.input("mask", DType::boolean, {3});
  graph.output("y", mask.select(x.leaky_relu(-1), x.clamp(0, 1)).convert(DType::f64));
  graph.output("x", x);
  graph.output("wide", mask.broadcast_to({2, 3}));
  graph.output("number", graph.constant(0.1, DType::f32));
  verify(graph);
}

/// %0 = input, %1 = constant, %2 = parameter, %3 = add(%0, %1), %4 = leaky_relu(%3, %2)
GraphData storage() {
  GraphData graph;
  const NodeId x = graph.add_input("x", DType::f32, {2, 3}, {});
  const NodeId one = graph.add_constant(1, DType::f32);
  const NodeId slope = graph.add_parameter(0.1, DType::f32);
  const NodeId add[] = {x, one};
  const NodeId leaky[] = {graph.apply(Op::add, add, {}), slope};
  graph.add_output("y", graph.apply(Op::leaky_relu, leaky, {}), {});
  return graph;
}

TEST(Verify, LooksAtEveryNodeAgain) {
  const struct {
    std::string_view words;
    void (*spoil)(GraphData&);
  } cases[] = {
      {"node %3, add: recorded as f64[2, 3], but its operands make f32[2, 3]",
       [](GraphData& graph) { graph.nodes[3].dtype = DType::f64; }},
      {"node %3, add: recorded as f32[], but its operands make f32[2, 3]",
       [](GraphData& graph) { graph.nodes[3].shape = graph.nodes[1].shape; }},
      {"node %3, add: its shape is missing", [](GraphData& graph) { graph.nodes[3].shape = {9}; }},
      {"node %3, add: an operand comes after its user",
       [](GraphData& graph) { graph.nodes[3].operands[1] = {4}; }},
      {"node %3, add: an operand comes after its user",
       [](GraphData& graph) { graph.nodes[3].operands[1] = {77}; }},
      {"node %3, add: it has 1 of its 2 operands",
       [](GraphData& graph) { graph.nodes[3].operand_count = 1; }},
      {"negative_slope must be a number",
       [](GraphData& graph) { graph.nodes[4].operands[1] = {0}; }},
      {"node %0, input: the graph has no input 3 here",
       [](GraphData& graph) { graph.nodes[0].payload = 3; }},
      {"node %0, input: shape [2, 3] with strides [1]",
       [](GraphData& graph) { graph.inputs[0].strides = {1}; }},
      {"input 'x' has shape [2, -3]", [](GraphData& graph) { graph.shapes[0] = {2, -3}; }},
      {"node %1, constant: a number has shape []",
       [](GraphData& graph) { graph.nodes[1].shape = {0}; }},
      {"node %1, constant: 0.1 is not exact in f32",
       [](GraphData& graph) { graph.nodes[1].payload = std::bit_cast<std::uint64_t>(0.1); }},
      {"node %2, parameter: the graph has no parameter 0",
       [](GraphData& graph) { graph.parameters.clear(); }},
      {"output 'y' is no node of the graph",
       [](GraphData& graph) { graph.outputs[0].node = {55}; }},
  };
  detail::verify(storage());
  for (const auto& [words, spoil] : cases) {
    GraphData graph = storage();
    spoil(graph);
    try {
      detail::verify(graph);
      ADD_FAILURE() << "accepted; expected: " << words;
    } catch (const Error& error) {
      EXPECT_NE(std::string_view(error.what()).find(words), std::string_view::npos)
          << error.what() << "\nexpected: " << words;
    }
  }
}

}  // namespace
}  // namespace sinter
