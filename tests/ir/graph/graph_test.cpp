// Building graphs: identity of values, names, ownership, keys, and building in linear time.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/passes.h>

#include "support/expect_error.h"
#include "support/linear_time.h"

namespace sinter {
namespace {

using test::expect_error;

std::vector<std::byte> key_bytes(const Graph& graph) {
  const GraphKey key = graph.key();
  return {key.bytes.begin(), key.bytes.end()};
}

Graph graph_with_slope(double slope) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("y", x.leaky_relu(slope));
  return graph;
}

TEST(Graph, RecordsOperandsBeforeTheirUsers) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("y", ((x + 1) * x).leaky_relu() - x);
  for (std::uint32_t i = 0; i < graph.nodes().size(); ++i) {
    for (NodeId operand : graph.nodes()[i].inputs()) EXPECT_LT(operand.index, i);
  }
}

TEST(Graph, RecordsEveryOpAsAValueOfItsOwn) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  const auto twice = [&](const auto& record) {
    const Value one = record();
    const Value two = record();
    EXPECT_NE(one.id(), two.id());
    EXPECT_NE(one.id(), x.id());
    EXPECT_EQ(graph.node(one.id()).shape, graph.node(two.id()).shape) << "shapes are shared";
  };
  twice([&] { return x * x; });
  twice([&] { return graph.constant(2, DType::f32); });
  twice([&] { return graph.iota(DType::i32, {4}); });
  // So are ops that change nothing.
  twice([&] { return x.reshape({4}); });
  twice([&] { return x.broadcast_to({4}); });
  twice([&] { return x.transpose({0}); });
  twice([&] { return x.convert(DType::f32); });
  twice([&] { return x.detach(); });
  twice([&] { return x.slice(0, 0); });
  twice([&] { return Value::concat({x}, 0); });
  Graph copy = graph.clone();
  EXPECT_EQ(copy.nodes().size(), graph.nodes().size());
  EXPECT_NE(copy.constant(2, DType::f32).id(), copy.constant(2, DType::f32).id());
}

TEST(Graph, OfAPassHoldsEqualOpsOnceHoweverManyThereAre) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  const auto record = [&] {
    Value total = x;
    for (int i = 0; i < 5000; ++i) total = total.max(x.add(graph.constant(i, DType::f32)));
    for (int length = 0; length < 500; ++length) {
      total = total.max(x.constant(1).broadcast_to({length}).sum());
    }
    return total;
  };
  graph.output("a", record());
  const std::size_t nodes = simplify(graph).nodes().size();
  graph.output("b", record());
  Graph merged = simplify(graph);
  EXPECT_EQ(merged.nodes().size(), nodes);
  EXPECT_EQ(merged.outputs()[0].node, merged.outputs()[1].node);
  EXPECT_NE(merged.constant(2, DType::f32).id(), merged.constant(2, DType::f32).id())
      << "after the pass, its graph records equal ops twice like any other";
}

TEST(Graph, OfAPassKeepsApartWhatDiffers) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("zero", x.div(graph.constant(0.0, DType::f32)));
  graph.output("minus zero", x.div(graph.constant(-0.0, DType::f32)));
  graph.output("f64", x.convert(DType::f64).div(graph.constant(0.0, DType::f64)));
  graph.output("parameter", x.mul(2));
  graph.output("another", x.mul(2));
  const Graph merged = simplify(graph);
  std::set<NodeId> nodes;
  for (const GraphOutput& output : merged.outputs()) nodes.insert(output.node);
  EXPECT_EQ(nodes.size(), merged.outputs().size());
}

TEST(Graph, RecordsOverNodesWhatItRecordsOverValues) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  const NodeId operands[] = {x.id(), x.id()};
  const NodeId over_nodes = graph.apply(Op::add, operands);
  const NodeId over_values = (x + x).id();
  EXPECT_EQ(graph.node(over_nodes), graph.node(over_values));
  expect_error(ErrorCode::invalid_graph, "view is made by the planner",
               [&] { graph.apply(Op::view, std::span(operands, 1)); });
}

TEST(Graph, NeverMergesParameters) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  EXPECT_NE((x + 1).id(), (x + 1).id());
  EXPECT_EQ(graph.parameters().size(), 2u);
}

TEST(Graph, RoundsConstantsToTheirDtypeAndKeepsParametersAsGiven) {
  Graph graph;
  const Value number = graph.constant(0.1, DType::f32);
  EXPECT_EQ(std::bit_cast<double>(graph.node(number.id()).payload), static_cast<double>(0.1f));
  (void)graph.parameter(0.1, DType::f32);
  EXPECT_EQ(graph.parameters()[0], 0.1);
}

TEST(Graph, TakesMaskConstants) {
  Graph graph;
  const Value yes = graph.constant(-3, DType::boolean);
  EXPECT_EQ(yes.dtype(), DType::boolean);
  EXPECT_EQ(std::bit_cast<double>(graph.node(yes.id()).payload), 1.0);
}

TEST(GraphKey, IsTheSameForEverySlope) {
  EXPECT_EQ(key_bytes(graph_with_slope(0.01)), key_bytes(graph_with_slope(0.3)));
  EXPECT_EQ(graph_with_slope(0.01).key().hash, graph_with_slope(0.3).key().hash);
}

TEST(GraphKey, LeavesTheSignOfAZeroSlopeToTheParameter) {
  const Graph plus = graph_with_slope(0.0);
  const Graph minus = graph_with_slope(-0.0);
  EXPECT_EQ(key_bytes(plus), key_bytes(minus));
  EXPECT_NE(std::bit_cast<std::uint64_t>(plus.parameters()[0]),
            std::bit_cast<std::uint64_t>(minus.parameters()[0]));
}

TEST(GraphKey, DiffersInEverythingElse) {
  const auto key_of = [](auto build) {
    Graph graph;
    build(graph);
    return key_bytes(graph);
  };
  const std::vector<std::vector<std::byte>> keys = {
      key_of([](Graph& g) { g.output("y", g.input("x", DType::f32, {4})); }),
      key_of([](Graph& g) { g.output("y", g.input("x", DType::f64, {4})); }),
      key_of([](Graph& g) { g.output("y", g.input("x", DType::f32, {4, 1})); }),
      key_of([](Graph& g) { g.output("y", g.input("x", DType::f32, {5})); }),
      key_of([](Graph& g) { g.output("y", g.input("x", DType::f32, {4}, {2})); }),
      key_of([](Graph& g) { g.output("y", g.input("z", DType::f32, {4})); }),
      key_of([](Graph& g) { g.output("z", g.input("x", DType::f32, {4})); }),
      key_of([](Graph& g) { g.output("y", -g.input("x", DType::f32, {4})); }),
      key_of([](Graph& g) { g.output("y", g.input("x", DType::f32, {4}) + 1); }),
      key_of([](Graph& g) {
        const Value x = g.input("x", DType::f32, {4});
        g.output("y", x + x.constant(1));
      }),
      key_of([](Graph& g) {
        const Value x = g.input("x", DType::f32, {4});
        g.output("y", x);
        g.output("z", x);
      }),
  };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(keys[i], keys[k]) << i << " and " << k;
  }
}

TEST(GraphKey, TreatsDenseStridesSpelledOutAsDense) {
  Graph plain;
  plain.output("y", plain.input("x", DType::f32, {2, 3}));
  Graph spelled;
  spelled.output("y", spelled.input("x", DType::f32, {2, 3}, {3, 1}));
  EXPECT_EQ(key_bytes(plain), key_bytes(spelled));
  EXPECT_TRUE(spelled.inputs()[0].strides.empty());
}

TEST(GraphKey, SaysHowLongEveryShapeIs) {
  // Without the rank, the lengths of one shape could be read as the start of what follows.
  Graph graph;
  (void)graph.input("x", DType::f32, {1, 2, 3});
  const std::vector<std::byte> key = key_bytes(graph);
  ASSERT_GT(key.size(), 2u);
  EXPECT_EQ(key[1], std::byte{3});
}

TEST(Graph, RefusesNamesTwiceOrEmpty) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("x", x);
  expect_error(ErrorCode::invalid_argument, "there is an input 'x' already",
               [&] { (void)graph.input("x", DType::f32, {4}); });
  expect_error(ErrorCode::invalid_argument, "there is an output 'x' already",
               [&] { graph.output("x", x); });
  expect_error(ErrorCode::invalid_argument, "an input needs a name",
               [&] { (void)graph.input("", DType::f32, {4}); });
  expect_error(ErrorCode::invalid_argument, "an output needs a name", [&] { graph.output("", x); });
}

TEST(Graph, RefusesShapesAndStridesThatItCannotServe) {
  Graph graph;
  expect_error(ErrorCode::invalid_argument, "input 'x' has shape [-4]",
               [&] { (void)graph.input("x", DType::f32, {-4}); });
  expect_error(ErrorCode::invalid_argument,
               "input 'x' has shape [2, 3] but strides [1]: give one stride per axis, or none",
               [&] { (void)graph.input("x", DType::f32, {2, 3}, {1}); });
  const std::int64_t far = std::int64_t{1} << 47;
  expect_error(ErrorCode::unsupported, "strides may reach at most 2^48 elements",
               [&] { (void)graph.input("x", DType::f32, {4, 1}, {-far, 1}); });
  expect_error(ErrorCode::unsupported, "strides may reach at most 2^48 elements",
               [&] { (void)graph.input("x", DType::f32, {2, 2, 3}, {far, far, 1}); });
  EXPECT_TRUE(graph.nodes().empty()) << "a refused input leaves nothing behind";
  (void)graph.input("x", DType::f32, {2, 1}, {far, far * 4});
  (void)graph.input("empty", DType::f32, {0, 3}, {7, 1});
}

TEST(Graph, TakesWholeNumbersThatAnIntegerTensorHolds) {
  Graph graph;
  const Value x = graph.input("x", DType::i8, {4});
  graph.output("y", (x * -128).max(127));
  expect_error(ErrorCode::invalid_argument,
               "128 with a tensor of i8: it takes whole numbers from -2^7 to 2^7 - 1",
               [&] { (void)(x + 128); });
  expect_error(ErrorCode::invalid_argument, "0.5 with a tensor of i8", [&] { (void)(x * 0.5); });
  expect_error(ErrorCode::invalid_argument, "nan with a tensor of i8",
               [&] { (void)x.max(std::nan("")); });
  const Value u = graph.input("u", DType::u8, {4});
  expect_error(ErrorCode::invalid_argument, "it takes whole numbers from 0 to 2^8 - 1",
               [&] { (void)(u - -1); });
}

TEST(Graph, RefusesIntegersThatAScalarWouldRound) {
  Graph graph;
  const Value x = graph.input("x", DType::i64, {4});
  constexpr std::int64_t kBig = std::int64_t{1} << 53;
  graph.output("y", x + kBig + std::numeric_limits<std::int64_t>::min());
  for (const std::int64_t number :
       {kBig + 1, -kBig - 1, std::numeric_limits<std::int64_t>::max()}) {
    expect_error(ErrorCode::invalid_argument, "beyond 2^53 give a tensor of i64",
                 [&] { (void)(x + number); });
  }
  expect_error(ErrorCode::invalid_argument, "beyond 2^53 give a tensor of i64",
               [&] { (void)(x + std::numeric_limits<std::uint64_t>::max()); });
}

TEST(Graph, RefusesOutputsWhoseElementsOverlap) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3});
  expect_error(ErrorCode::invalid_argument, "output 'y' has shape [2, 3] but strides [3]",
               [&] { graph.output("y", x, {3}); });
  for (const Strides& strides : {Strides{0, 1}, Strides{1, 1}, Strides{2, 1}, Strides{3, -2}}) {
    expect_error(ErrorCode::invalid_argument, "by which elements overlap",
                 [&] { graph.output("y", x, strides); });
  }
  EXPECT_TRUE(graph.outputs().empty()) << "a refused output leaves nothing behind";
  graph.output("transposed", x, {1, 2});
  graph.output("reversed", x, {-3, -1});
  graph.output("dense", x, {3, 1});
  EXPECT_TRUE(graph.outputs()[2].strides.empty());
}

TEST(Graph, RefusesValuesOfAnotherGraph) {
  Graph one, other;
  const Value x = one.input("x", DType::f32, {4});
  const Value z = other.input("z", DType::f32, {4});
  expect_error(ErrorCode::invalid_graph, "add: operand 'b' is a Value of another Graph than 'a'",
               [&] { (void)(x + z); });
  expect_error(ErrorCode::invalid_graph, "output 'y' is a Value of another Graph",
               [&] { one.output("y", z); });
  Graph copy = one.clone();
  expect_error(ErrorCode::invalid_graph, "another Graph", [&] { copy.output("y", x); });
}

TEST(Graph, RefusesTheDefaultValue) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  const Value none;
  const std::string_view words = "a default-constructed Value stands for no tensor";
  expect_error(ErrorCode::invalid_graph, words, [&] { (void)none.shape(); });
  expect_error(ErrorCode::invalid_graph, words, [&] { (void)(none + 1); });
  expect_error(ErrorCode::invalid_graph, words, [&] { (void)(x + none); });
  expect_error(ErrorCode::invalid_graph, words, [&] { graph.output("y", none); });
}

TEST(Graph, IsEmptyOnceMovedFrom) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  Graph moved = std::move(graph);
  moved.output("y", x + 1);
  // NOLINTNEXTLINE(bugprone-use-after-move)
  expect_error(ErrorCode::invalid_graph, "this Graph was moved from", [&] { (void)graph.nodes(); });
  expect_error(ErrorCode::invalid_graph, "this Graph was moved from",
               [&] { graph.output("z", x); });
}

TEST(Graph, FindsValuesByNode) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  EXPECT_EQ(graph.value(x.id()).shape(), Shape{4});
  expect_error(ErrorCode::invalid_argument, "node 1 of a graph of 1 nodes",
               [&] { (void)graph.value({1}); });
}

TEST(Graph, ClonesToAnEqualGraphOfItsOwn) {
  Graph graph = graph_with_slope(0.2);
  Graph copy = graph.clone();
  EXPECT_EQ(key_bytes(graph), key_bytes(copy));
  EXPECT_EQ(copy.parameters()[0], 0.2);
  copy.output("z", copy.value({0}));
  EXPECT_EQ(graph.outputs().size(), 1u);
  EXPECT_EQ(copy.outputs().size(), 2u);
}

TEST(Graph, LivesOnInItsValues) {
  Value y;
  {
    Graph graph;
    y = graph.input("x", DType::f32, {4}) + 1;
  }
  EXPECT_EQ((y * 2).shape(), Shape{4});
}

void build_chain(int length) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {4});
  for (int i = 0; i < length; ++i) x = x + x;
  graph.output("y", x);
}

void build_wide(int inputs) {
  Graph graph;
  for (int i = 0; i < inputs; ++i) {
    const std::string name = std::to_string(i);
    graph.output(name, graph.input(name, DType::f32, {4}));
  }
}

/// Builds `size` / 2 constants and one op on each. Half of the constants differ only in their last
/// bits.
void build_fan(int size) {
  Graph graph;
  const Value x = graph.input("x", DType::f64, {4});
  for (int i = 0; i < size / 2; ++i) {
    static_cast<void>(x.max(graph.constant(i % 2 == 0 ? i : 1 + i * 0x1p-52, DType::f64)));
  }
}

TEST(Graph, GrowsInLinearTime) {
  test::expect_linear_time(build_fan);
  test::expect_linear_time(build_chain);
  test::expect_linear_time(build_wide);
}

}  // namespace
}  // namespace sinter
