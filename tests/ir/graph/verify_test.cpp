// The verifier on graphs that no builder makes: the tests edit their storage.
#include <gtest/gtest.h>

#include <bit>

#include <sinter/ir/verify.h>

#include "graph/data.h"
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

/// Returns %0 = input, %1 = constant, %2 = parameter, %3 = add(%0, %1), %4 = leaky_relu(%3, %2).
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

void expect_refused(const GraphData& graph, std::string_view words) {
  try {
    detail::verify(graph);
    ADD_FAILURE() << "no error; expected: " << words;
  } catch (const Error& error) {
    EXPECT_NE(std::string_view(error.what()).find(words), std::string_view::npos)
        << error.what() << "\nexpected: " << words;
  }
}

TEST(Verify, LooksAtEveryNodeAgain) {
  const struct {
    std::string_view words;
    void (*spoil)(GraphData&);
  } cases[] = {
      {"node %3, add: recorded as f64[2, 3], but its operands give f32[2, 3]",
       [](GraphData& graph) { graph.nodes[3].dtype = DType::f64; }},
      {"node %3, add: recorded as f32[], but its operands give f32[2, 3]",
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
      {"input 'x' has shape [2, 3] but strides [1]: give one stride per axis, or none",
       [](GraphData& graph) { graph.inputs[0].strides = {1}; }},
      {"input 'x' has shape [2, -3]", [](GraphData& graph) { graph.shapes[0] = {2, -3}; }},
      {"node %1, constant: a number must have shape []",
       [](GraphData& graph) { graph.nodes[1].shape = {0}; }},
      {"node %1, constant: 0.1 is not exact in f32",
       [](GraphData& graph) { graph.nodes[1].payload = std::bit_cast<std::uint64_t>(0.1); }},
      {"node %2, parameter: the graph has no parameter 0",
       [](GraphData& graph) { graph.parameters.clear(); }},
      {"output 'y' is not a node of the graph",
       [](GraphData& graph) { graph.outputs[0].node = {55}; }},
      {"node %3: Op(250) is not an op",
       [](GraphData& graph) { graph.nodes[3].op = static_cast<Op>(250); }},
      {"node %3, add: DType(99) is not a dtype",
       [](GraphData& graph) { graph.nodes[3].dtype = static_cast<DType>(99); }},
      {"node %3, add: an operand after its last one",
       [](GraphData& graph) { graph.nodes[3].operands[2] = {1}; }},
      {"node %3, add: a payload of 7 has no meaning",
       [](GraphData& graph) { graph.nodes[3].payload = 7; }},
      {"output 'y' of shape [2, 3] has strides [1, 1], by which elements overlap",
       [](GraphData& graph) { graph.outputs[0].strides = {1, 1}; }},
  };
  detail::verify(storage());
  for (const auto& [words, spoil] : cases) {
    GraphData graph = storage();
    spoil(graph);
    expect_refused(graph, words);
  }
}

/// Returns %0 = input, %1 = concat, %2 = slice, %3 = reduce_sum, %4 = transpose.
GraphData storage_with_lists() {
  GraphData graph;
  const NodeId x = graph.add_input("x", DType::f32, {2, 3}, {});
  const NodeId both[] = {x, x};
  const auto lists = [](const Dims& first, const Dims& second = {}) {
    Attributes attributes;
    attributes.lists = {first, second};
    return attributes;
  };
  Attributes part = lists({1, 0}, {1, 2});
  part.shape = {1, 2};
  graph.add_output("concat", graph.apply(Op::concat, both, lists({1})), {});
  graph.add_output("slice", graph.apply(Op::slice, std::span(&x, 1), part), {});
  graph.add_output("sum", graph.apply(Op::reduce_sum, std::span(&x, 1), lists({1}, {1})), {});
  graph.add_output("transpose", graph.apply(Op::transpose, std::span(&x, 1), lists({1, 0})), {});
  return graph;
}

TEST(Verify, BringsAttributesToCanonicalFormAgain) {
  const struct {
    std::string_view words;
    std::size_t node;
    Dims first, second;
  } cases[] = {
      {"node %1, concat: recorded with [-1], in canonical form [1]", 1, {-1}, {}},
      {"node %1, concat: recorded as f32[2, 6], but its operands give f32[4, 3]", 1, {-2}, {}},
      {"concat: axis -3 of shape [2, 3]: axes are -2 to 1", 1, {-3}, {}},
      {"concat takes one axis", 1, {0, 1}, {}},
      {"node %2, slice: recorded with [1, 0], [-5, 2], in canonical form [1, 0], [1, 2]",
       2,
       {1, 0},
       {-5, 2}},
      {"leave axis 0", 2, {2, 0}, {1, 2}},
      {"node %3, reduce_sum: recorded with [-1], [1], in canonical form [1], [1]", 3, {-1}, {1}},
      {"node %3, reduce_sum: recorded with [1], [1, 2048], in canonical form [1], [1]",
       3,
       {1},
       {1, 2048}},
      {"node %4, transpose: recorded with [-1, 0], in canonical form [1, 0]", 4, {-1, 0}, {}},
  };
  detail::verify(storage_with_lists());
  for (const auto& [words, node, first, second] : cases) {
    GraphData graph = storage_with_lists();
    const auto list = [&](const Dims& dims) -> std::uint64_t {
      return graph.intern_shape(Shape(std::span(dims))).index;
    };
    graph.nodes[node].payload = list(first) | (second.empty() ? 0 : list(second) << 32);
    expect_refused(graph, words);
  }
}

TEST(Verify, KeepsViewsInTheirMemory) {
  const struct {
    std::string_view words;
    Shape shape;
    Dims strides, offset;
  } cases[] = {
      {"a view of shape [3, 3] with strides [3, 1] from 0 leaves its memory", {3, 3}, {3, 1}, {0}},
      {"a view of shape [2, 3] with strides [3, 1] from 1 leaves its memory", {2, 3}, {3, 1}, {1}},
      {"a view of shape [2] with strides [-1] from 0 leaves its memory", {2}, {-1}, {0}},
      {"a view of shape [2] with strides [1] from -1 leaves its memory", {2}, {1}, {-1}},
      {"a view of shape [2] with strides [1, 1] and offset [0]", {2}, {1, 1}, {0}},
      {"a view of shape [2] with strides [1] and offset []", {2}, {1}, {}},
  };
  for (const auto& [words, shape, strides, offset] : cases) {
    GraphData graph;
    const NodeId x = graph.add_input("x", DType::f32, {2, 3}, {});
    Attributes attributes;
    attributes.shape = shape;
    attributes.lists = {strides, offset};
    expect_error(ErrorCode::shape_mismatch, words,
                 [&] { (void)graph.apply(Op::view, std::span(&x, 1), attributes); });
  }
}

}  // namespace
}  // namespace sinter
