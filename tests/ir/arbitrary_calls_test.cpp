// Calls with arbitrary arguments: each either throws an Error or records a valid graph.
#include <gtest/gtest.h>

#include <set>

#include <sinter/ir/interpret.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>
#include <sinter/ir/verify.h>

#include "support/expect_error.h"
#include "support/fuzz.h"
#include "support/run_plan.h"

namespace sinter::test {
namespace {

constexpr std::uint64_t kSeeds = 500;

/// Except for the two ops that only the planner makes.
TEST(ArbitraryCalls, RecordEveryOp) {
  std::set<Op> seen;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Graph graph = arbitrary_graph(seed);
    for (const Node& node : graph.nodes()) seen.insert(node.op);
  }
  for (const OpInfo& row : all_ops()) {
    const bool planned = row.op == Op::view || row.op == Op::dot;
    EXPECT_NE(seen.contains(row.op), planned) << row.name;
  }
}

TEST(ArbitraryCalls, RecordWhatVerifiesAndReadsBack) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Graph graph = arbitrary_graph(seed);
    const std::string text = print(graph);
    ASSERT_NO_THROW(verify(graph)) << "seed " << seed << "\n" << text;
    ASSERT_EQ(print(parse(text)), text) << "seed " << seed;
  }
}

/// The interpreter, which ignores strides, and a plan give the same bits.
TEST(ArbitraryCalls, RecordGraphsThatPlansComputeLikeTheInterpreter) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Graph graph = arbitrary_graph(seed);
    std::vector<TensorData> inputs = random_inputs(graph, seed);
    settle_on_strides(graph, inputs);
    const std::vector<TensorData> expected = interpret(graph, inputs);
    const Plan plan = plan_graph(widen(graph, Rounding::at_store), {}, Fuse::all);
    const std::vector<TensorData> got = run_plan(plan, inputs);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(first_difference(expected[i], got[i]), -1) << "seed " << seed << "\n"
                                                           << print(graph);
    }
  }
}

/// Tensors have up to 2^48 elements. The graphs are only planned, which computes every number of
/// elements and bytes.
TEST(ArbitraryCalls, OfAnySizeArePlannedOrRefused) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Graph graph = arbitrary_graph(seed, {.calls = 20, .max_elements = kMaxElements});
    ASSERT_NO_THROW(verify(graph)) << "seed " << seed << "\n" << print(graph);
    if (has_storage_floats(graph)) continue;
    try {
      (void)print(plan_graph(graph, {}, seed % 2 == 0 ? Fuse::all : Fuse::none));
    } catch (const Error& error) {
      ASSERT_NE(error.code(), ErrorCode::internal) << "seed " << seed << "\n" << print(graph);
    }
  }
}

// --- Attributes in canonical form ----------------------------------------------------------------

/// A graph with the inputs x: f32[2, 3] and mask: bool[3].
struct Operands {
  Graph graph;
  Value x = graph.input("x", DType::f32, {2, 3});
  Value mask = graph.input("mask", DType::boolean, {3});
  Value apply(Op op, std::initializer_list<Value> operands, const Attributes& attributes) {
    return Value::apply(op, {operands.begin(), operands.size()}, attributes);
  }
};

Attributes lists(const Dims& first, const Dims& second = {}) {
  Attributes attributes;
  attributes.lists = {first, second};
  return attributes;
}

/// Returns the node of a value. Nodes are equal if they are the same op over the same operands,
/// however its attributes were written.
Node node_of(const Operands& of, const Value& value) { return of.graph.node(value.id()); }

TEST(Canonical, AxesFromTheEndAreThoseFromTheFirst) {
  Operands of;
  const Value joined = of.apply(Op::concat, {of.x, of.x}, lists({-1}));
  EXPECT_EQ(node_of(of, joined), node_of(of, Value::concat({of.x, of.x}, 1)));
  const Value turned = of.apply(Op::transpose, {of.x}, lists({-1, 0}));
  EXPECT_EQ(node_of(of, turned), node_of(of, of.x.transpose()));
  const Value sum = of.apply(Op::reduce_sum, {of.x}, lists({-2, -1}, {0}));
  EXPECT_EQ(node_of(of, sum), node_of(of, of.x.sum()));
}

TEST(Canonical, AConcatOfTextWithANegativeAxisIsTheOneThatItMeans) {
  const Graph graph = parse(
      "sinter graph 1\n%0 = input \"x\": f32[2, 3]\n%1 = concat(%0, %0, axis=[-1]): f32[2, 6]\n"
      "%2 = concat(%0, %0, axis=[-2]): f32[4, 3]\noutput \"y\" = %1\noutput \"z\" = %2\n");
  EXPECT_EQ(graph.attributes({1}).lists[0], Dims{1});
  EXPECT_EQ(graph.attributes({2}).lists[0], Dims{0});
  const Plan plan = plan_graph(graph, {}, Fuse::all);
  EXPECT_FALSE(plan.kernels.empty());
  const float x[] = {1, 2, 3, 4, 5, 6};
  const TensorData input = TensorData::from<float>({2, 3}, x);
  const std::vector<TensorData> results = interpret(graph, std::span(&input, 1));
  const float wide[] = {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6};
  const float high[] = {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6};
  EXPECT_TRUE(std::ranges::equal(results[0].as<float>(), wide));
  EXPECT_TRUE(std::ranges::equal(results[1].as<float>(), high));
}

TEST(Canonical, SlicesOfNoneOrOneAreWrittenInOneWay) {
  Operands of;
  const auto slice = [&](const Shape& shape, const Dims& start, const Dims& step) {
    Attributes attributes = lists(start, step);
    attributes.shape = shape;
    return node_of(of, of.apply(Op::slice, {of.x}, attributes));
  };
  EXPECT_EQ(slice({1, 2}, {1, 0}, {-7, 2}), slice({1, 2}, {1, 0}, {1, 2}));
  EXPECT_EQ(slice({0, 3}, {-9, 0}, {0, 1}), slice({0, 3}, {0, 0}, {1, 1}));
}

TEST(Canonical, OneChunkOfAllIsAWholeReduction) {
  Operands of;
  const Node whole = node_of(of, of.x.amax(1, true));
  EXPECT_EQ(node_of(of, of.apply(Op::reduce_max, {of.x}, lists({1}, {1, 100}))), whole);
  EXPECT_FALSE(node_of(of, of.apply(Op::reduce_max, {of.x}, lists({1}, {1, 2}))) == whole);
}

TEST(Canonical, WhatAnOpDoesNotHaveIsRefused) {
  Operands of;
  expect_error(ErrorCode::invalid_argument, "a list [5], which relu does not take",
               [&] { (void)of.apply(Op::relu, {of.x}, lists({5})); });
  Attributes table;
  table.table.emplace();
  expect_error(ErrorCode::invalid_argument, "a table, which relu does not take",
               [&] { (void)of.apply(Op::relu, {of.x}, table); });
  const NodeId far{77};
  expect_error(ErrorCode::invalid_argument, "node 77 of a graph of 2 nodes",
               [&] { (void)of.graph.apply(Op::relu, std::span(&far, 1)); });
  expect_error(ErrorCode::invalid_argument, "node 77 of a graph of 2 nodes",
               [&] { (void)Graph().copy_node(of.graph, far, {}); });
}

TEST(Canonical, AParameterIsANumber) {
  expect_error(ErrorCode::dtype_mismatch, "a parameter must be a number, not bool",
               [] { (void)Graph().parameter(1, DType::boolean); });
}

// --- Enums ---------------------------------------------------------------------------------------

/// Checks that `call` refuses each number that no enumerator has, and names the number.
template <typename Enum>
void expect_refused(std::string_view name, std::size_t count, void (*call)(Enum)) {
  for (std::size_t value = count; value <= 255; ++value) {
    const std::string words = std::string(name) + "(" + std::to_string(value) + ")";
    expect_error(ErrorCode::invalid_argument, words, [&] { call(static_cast<Enum>(value)); });
  }
}

Graph small_graph() {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {2}).relu());
  return graph;
}

TEST(Enums, UnknownOpsAreRefused) {
  void (*const calls[])(Op) = {
      [](Op op) { (void)info(op); },
      [](Op op) { (void)to_string(op); },
      [](Op op) { (void)combiner(op); },
      [](Op op) {
        const double x[] = {1, 2};
        (void)evaluate(op, DType::f32, DType::f32, x);
      },
      [](Op op) {
        const std::uint64_t x[] = {1, 2};
        (void)evaluate_bits(op, DType::f32, DType::f32, x);
      },
      [](Op op) {
        Graph graph;
        const Value x = graph.input("x", DType::f32, {2});
        (void)Value::apply(op, std::span(&x, 1));
      },
      [](Op op) {
        Graph graph;
        const NodeId x = graph.input("x", DType::f32, {2}).id();
        (void)graph.apply(op, std::span(&x, 1));
      },
  };
  for (const auto call : calls) expect_refused("Op", all_ops().size(), call);
}

TEST(Enums, UnknownDtypesAreRefused) {
  void (*const calls[])(DType) = {
      [](DType dtype) { (void)info(dtype); },
      [](DType dtype) { (void)to_string(dtype); },
      [](DType dtype) { (void)is_floating(dtype); },
      [](DType dtype) { (void)is_integer(dtype); },
      [](DType dtype) { (void)element_bits(1, dtype); },
      [](DType dtype) { (void)element_value(1, dtype); },
      [](DType dtype) { (void)reduction_lanes(dtype); },
      [](DType dtype) { (void)chunk_elements(dtype, true); },
      [](DType dtype) { (void)is_ordered(Op::reduce_sum, dtype); },
      [](DType dtype) { (void)identity_bits(Op::reduce_sum, dtype); },
      [](DType dtype) { (void)identity_bits(Op::reduce_max, dtype); },
      [](DType dtype) { (void)TensorData::zeros(dtype, {2}); },
      [](DType dtype) { (void)Graph().input("x", dtype, {2}); },
      [](DType dtype) { (void)Graph().parameter(1, dtype); },
      [](DType dtype) { (void)Graph().constant(1, dtype); },
      [](DType dtype) { (void)Graph().iota(dtype, {2}); },
      [](DType dtype) {
        Graph graph;
        (void)graph.input("x", DType::f32, {2}).iota(dtype, {2});
      },
      [](DType dtype) {
        Graph graph;
        (void)graph.input("x", DType::f32, {2}).convert(dtype);
      },
      [](DType dtype) {
        Graph graph;
        (void)graph.input("x", DType::f32, {2}).bitcast(dtype);
      },
      [](DType dtype) {
        const double x = 1;
        (void)evaluate(Op::convert, dtype, DType::f32, std::span(&x, 1));
      },
      [](DType dtype) {
        const double x = 1;
        (void)evaluate(Op::convert, DType::f32, dtype, std::span(&x, 1));
      },
  };
  for (const auto call : calls) expect_refused("DType", all_dtypes().size(), call);
}

TEST(Enums, UnknownOptionsOfPassesAreRefused) {
  void (*const roundings[])(Rounding) = {
      [](Rounding rounding) { (void)widen(small_graph(), rounding); },
      [](Rounding rounding) {
        const Graph graph = small_graph();
        (void)interpret(graph, random_inputs(graph, 1), rounding);
      },
  };
  for (const auto call : roundings) expect_refused("Rounding", 2, call);
  void (*const fuses[])(Fuse) = {
      [](Fuse fuse) { (void)place_views(small_graph(), fuse); },
      [](Fuse fuse) { (void)partition(small_graph(), {}, fuse); },
      [](Fuse fuse) { (void)plan_graph(small_graph(), {}, fuse); },
  };
  for (const auto call : fuses) expect_refused("Fuse", 2, call);
  expect_refused<CutRule>("CutRule", static_cast<std::size_t>(CutRule::order) + 1,
                          [](CutRule rule) { (void)to_string(rule); });
}

TEST(Enums, EvaluateRefusesWhatHasNoMeaning) {
  const double x[] = {1, 2, 3, 4};
  expect_error(ErrorCode::invalid_argument, "evaluate of relu, which is not a primitive",
               [&] { (void)evaluate(Op::relu, DType::f32, DType::f32, std::span(x, 1)); });
  expect_error(ErrorCode::invalid_argument, "add takes 2 operands, not 4",
               [&] { (void)evaluate(Op::add, DType::f32, DType::f32, x); });
  expect_error(ErrorCode::invalid_argument, "not defined on this dtype",
               [&] { (void)evaluate(Op::sqrt, DType::i32, DType::i32, std::span(x, 1)); });
  expect_error(ErrorCode::invalid_argument, "keeps the width",
               [&] { (void)evaluate(Op::bitcast, DType::f32, DType::f64, std::span(x, 1)); });
  expect_error(ErrorCode::invalid_argument, "a lookup needs its table",
               [&] { (void)evaluate(Op::lut16, DType::i32, DType::f32, std::span(x, 1)); });
  expect_error(ErrorCode::invalid_argument, "combiner of add, which is not a reduction",
               [] { (void)combiner(Op::add); });
}

}  // namespace
}  // namespace sinter::test
