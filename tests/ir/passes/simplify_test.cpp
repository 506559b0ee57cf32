// simplify: it applies only identities that keep every bit, and leaves all other ops.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/verify.h>

#include "support/fuzz.h"
#include "support/linear_time.h"
#include "support/special_values.h"

namespace sinter {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Operands from which the cases are built.
struct Operands {
  Graph& graph;
  Value x, y;  ///< f32[n]
  Value wide;  ///< f64[n]
  Value mask;  ///< bool[n]

  [[nodiscard]] Value number(double value) const { return x.constant(value); }
  [[nodiscard]] Value yes() const { return graph.constant(1, DType::boolean); }
  [[nodiscard]] Value no() const { return graph.constant(0, DType::boolean); }
};

Operands declare(Graph& graph, std::int64_t n) {
  return {graph, graph.input("x", DType::f32, {n}), graph.input("y", DType::f32, {n}),
          graph.input("wide", DType::f64, {n}), graph.input("mask", DType::boolean, {n})};
}
constexpr std::size_t kInputs = 4;

/// Returns inputs for `declare`: x and y hold all pairs of special values.
std::vector<TensorData> special_inputs() {
  const std::span<const float> narrow = test::special_values<float>();
  const std::span<const double> wide = test::special_values<double>();
  const auto n = static_cast<std::int64_t>(narrow.size() * narrow.size());
  std::vector<TensorData> data = {
      TensorData::zeros(DType::f32, {n}), TensorData::zeros(DType::f32, {n}),
      TensorData::zeros(DType::f64, {n}), TensorData::zeros(DType::boolean, {n})};
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    data[0].as<float>()[i] = narrow[i % narrow.size()];
    data[1].as<float>()[i] = narrow[i / narrow.size()];
    data[2].as<double>()[i] = wide[i % wide.size()];
    data[3].as<bool>()[i] = i % 3 == 0;
  }
  return data;
}

struct Case {
  const char* name;
  Value (*build)(const Operands&);
  std::size_t left;  ///< number of nodes after simplify, without the inputs
};

void check(const Case& a_case) {
  SCOPED_TRACE(a_case.name);
  static const std::vector<TensorData> inputs = special_inputs();
  Graph graph;
  graph.output("result", a_case.build(declare(graph, inputs[0].shape[0])));
  const Graph after = simplify(graph);
  verify(after);
  EXPECT_EQ(after.nodes().size() - kInputs, a_case.left);
  EXPECT_EQ(first_difference(interpret(graph, inputs)[0], interpret(after, inputs)[0]), -1);
}

TEST(Simplify, AppliesIdentitiesThatKeepEveryBit) {
  const Case identities[] = {
      {"x * 1", [](const Operands& o) { return o.x * o.number(1); }, 0},
      {"1 * x", [](const Operands& o) { return o.number(1) * o.x; }, 0},
      {"x / 1", [](const Operands& o) { return o.x / o.number(1); }, 0},
      {"x - 0", [](const Operands& o) { return o.x - o.number(0); }, 0},
      {"x + -0", [](const Operands& o) { return o.x + o.number(-0.0); }, 0},
      {"-0 + x", [](const Operands& o) { return o.number(-0.0) + o.x; }, 0},
      {"wide * 1", [](const Operands& o) { return o.wide * o.wide.constant(1); }, 0},
      {"min(x, inf)", [](const Operands& o) { return o.x.min(o.number(kInfinity)); }, 0},
      {"max(-inf, x)", [](const Operands& o) { return o.number(-kInfinity).max(o.x); }, 0},
      {"min(x, x)", [](const Operands& o) { return o.x.min(o.x); }, 0},
      {"max(x, x)", [](const Operands& o) { return o.x.max(o.x); }, 0},
      {"neg neg x", [](const Operands& o) { return o.x.neg().neg(); }, 0},
      {"neg neg neg x", [](const Operands& o) { return o.x.neg().neg().neg(); }, 1},
      {"abs abs x", [](const Operands& o) { return o.x.abs().abs(); }, 1},
      {"abs neg x", [](const Operands& o) { return o.x.neg().abs(); }, 1},
      {"abs neg abs x", [](const Operands& o) { return o.x.abs().neg().abs(); }, 1},
      {"floor floor x", [](const Operands& o) { return o.x.floor().floor(); }, 1},
      {"ceil floor x", [](const Operands& o) { return o.x.floor().ceil(); }, 1},
      {"floor ceil x", [](const Operands& o) { return o.x.ceil().floor(); }, 1},
      {"round trunc x", [](const Operands& o) { return o.x.trunc().round(); }, 1},
      {"trunc round x", [](const Operands& o) { return o.x.round().trunc(); }, 1},
      {"not not mask", [](const Operands& o) { return o.mask.logical_not().logical_not(); }, 0},
      {"mask and yes", [](const Operands& o) { return o.mask.logical_and(o.yes()); }, 0},
      {"no or mask", [](const Operands& o) { return o.no().logical_or(o.mask); }, 0},
      {"mask xor no", [](const Operands& o) { return o.mask.logical_xor(o.no()); }, 0},
      {"mask and mask", [](const Operands& o) { return o.mask.logical_and(o.mask); }, 0},
      {"mask or mask", [](const Operands& o) { return o.mask.logical_or(o.mask); }, 0},
      // A constant tensor is two nodes: the number and its broadcast.
      {"mask and no", [](const Operands& o) { return o.mask.logical_and(o.no()); }, 2},
      {"yes or mask", [](const Operands& o) { return o.yes().logical_or(o.mask); }, 2},
      {"mask xor mask", [](const Operands& o) { return o.mask.logical_xor(o.mask); }, 2},
      {"select(yes, x, y)", [](const Operands& o) { return o.yes().select(o.x, o.y); }, 0},
      {"select(no, x, y)", [](const Operands& o) { return o.no().select(o.x, o.y); }, 0},
      {"select(mask, x, x)", [](const Operands& o) { return o.mask.select(o.x, o.x); }, 0},
      {"f32 of f32", [](const Operands& o) { return o.x.convert(DType::f32); }, 0},
      {"f32 of f64 of f32",
       [](const Operands& o) { return o.x.convert(DType::f64).convert(DType::f32); }, 0},
      {"bool of f64 of f32",
       [](const Operands& o) { return o.x.convert(DType::f64).convert(DType::boolean); }, 1},
      {"f64 of f32 of bool",
       [](const Operands& o) { return o.mask.convert(DType::f32).convert(DType::f64); }, 1},
      {"bool of f32 of bool",
       [](const Operands& o) { return o.mask.convert(DType::f32).convert(DType::boolean); }, 0},
      {"broadcast to the own shape",
       [](const Operands& o) { return o.x.broadcast_to(o.x.shape()); }, 0},
      {"broadcast of broadcast",
       [](const Operands& o) {
         const std::int64_t n = o.x.shape()[0];
         return o.x.broadcast_to({2, n}).broadcast_to({3, 2, n});
       },
       1},
      {"x * a row of ones",
       [](const Operands& o) { return o.x * o.number(1).broadcast_to(o.x.shape()); }, 0},
      {"several at once",
       [](const Operands& o) {
         return ((o.x.neg().neg() * o.number(1)).abs() - o.number(0)).abs();
       },
       1},
  };
  for (const Case& identity : identities) check(identity);
}

TEST(Simplify, LeavesWhatWouldChangeABit) {
  const Case cases[] = {
      {"x + 0 makes -0 to +0", [](const Operands& o) { return o.x + o.number(0); }, 2},
      {"0 + x", [](const Operands& o) { return o.number(0) + o.x; }, 2},
      {"x - -0 makes -0 to +0", [](const Operands& o) { return o.x - o.number(-0.0); }, 2},
      {"0 - x is not neg", [](const Operands& o) { return o.number(0) - o.x; }, 2},
      {"x * 0 keeps signs and NaN", [](const Operands& o) { return o.x * o.number(0); }, 2},
      {"x - x is NaN for inf", [](const Operands& o) { return o.x - o.x; }, 1},
      {"x / x", [](const Operands& o) { return o.x / o.x; }, 1},
      {"1 / x", [](const Operands& o) { return o.number(1) / o.x; }, 2},
      {"0 / x", [](const Operands& o) { return o.number(0) / o.x; }, 2},
      {"equal(x, x) is false for NaN", [](const Operands& o) { return o.x.equal(o.x); }, 1},
      {"min(x, -inf)", [](const Operands& o) { return o.x.min(o.number(-kInfinity)); }, 2},
      {"min(x, max) cuts inf",
       [](const Operands& o) { return o.x.min(o.number(std::numeric_limits<float>::max())); }, 2},
      {"fma(x, 1, y)", [](const Operands& o) { return o.x.fma(o.number(1), o.y); }, 2},
      {"f64 of f32 of f64 rounds",
       [](const Operands& o) { return o.wide.convert(DType::f32).convert(DType::f64); }, 2},
      {"bool of f32 of f64 underflows",
       [](const Operands& o) { return o.wide.convert(DType::f32).convert(DType::boolean); }, 2},
      {"not(less) is no greater_equal",
       [](const Operands& o) { return o.x.less(o.y).logical_not(); }, 2},
  };
  for (const Case& a_case : cases) check(a_case);
}

TEST(Simplify, KeepsTheShapeThatABroadcastMade) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {});
  const Value row = graph.input("row", DType::f32, {3});
  const Value ones = graph.constant(1, DType::f32).broadcast_to({3});
  const Value yes = graph.constant(1, DType::boolean);
  graph.output("product", x * ones);
  graph.output("selected", yes.select(x, row));
  graph.output("either", row.greater(row).select(x, x));
  const Graph after = simplify(graph);
  for (const GraphOutput& output : after.outputs()) EXPECT_EQ(after.shape(output.node), Shape{3});
  const float one_and_row[] = {-0.0f, 1, 2, 3};
  const std::span<const float> values(one_and_row);
  const TensorData inputs[] = {TensorData::from<float>({}, values.first(1)),
                               TensorData::from<float>({3}, values.last(3))};
  const std::vector<TensorData> want = interpret(graph, inputs);
  const std::vector<TensorData> got = interpret(after, inputs);
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ(first_difference(want[i], got[i]), -1);
}

TEST(Simplify, FoldsConstantsThroughTheInterpreter) {
  Graph graph;
  const Value tenth = graph.constant(0.1, DType::f32);
  const Value folded = ((tenth + tenth.constant(0.2)) * tenth.constant(3)).sqrt();
  const Value x = graph.input("x", DType::f32, {2, 3});
  graph.output("scalar", folded);
  graph.output("spread", folded.broadcast_to({2, 3}).fma(folded, folded));
  graph.output("used", x * folded);
  const Graph after = simplify(graph);
  const TensorData inputs[] = {TensorData::zeros(DType::f32, {2, 3})};
  const std::vector<TensorData> want = interpret(graph, inputs);
  const std::vector<TensorData> got = interpret(after, inputs);
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ(first_difference(want[i], got[i]), -1);
  EXPECT_EQ(after.node(after.outputs()[0].node).op, Op::constant);
  EXPECT_EQ(after.node(after.outputs()[1].node).op, Op::broadcast);
  EXPECT_EQ(after.nodes().size(), 5u) << "x, two constants, a broadcast, a product";
}

TEST(Simplify, GivesOneNaNWhateverTheMachineMakes) {
  const auto folded = [](double a, double b) {
    Graph graph;
    graph.output("y", graph.constant(a, DType::f64) - graph.constant(b, DType::f64));
    const Graph after = simplify(graph);
    return after.node(after.outputs()[0].node).payload;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(folded(kInfinity, kInfinity), std::bit_cast<std::uint64_t>(nan));
  EXPECT_EQ(folded(-nan, 1), std::bit_cast<std::uint64_t>(nan));
}

TEST(Simplify, NeverReadsAParameter) {
  const auto simplified = [](double scale) {
    Graph graph;
    graph.output("y", (graph.input("x", DType::f32, {4}) * scale).leaky_relu(scale));
    return simplify(graph);
  };
  const Graph one = simplified(1);
  const Graph two = simplified(2);
  EXPECT_TRUE(std::ranges::equal(one.key().bytes, two.key().bytes));
  EXPECT_EQ(two.parameters()[1], 2);
}

TEST(Simplify, KeepsInputsOutputsAndParametersInPlaceAndDropsTheDead) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {2, 2}, {1, 2});
  (void)graph.parameter(7, DType::f64);
  const Value unused = graph.input("unused", DType::f64, {3});
  (void)(unused.sqrt() * unused.constant(5));
  graph.output("second", a * a.constant(1));
  graph.output("first", a + 3);
  const Graph after = simplify(graph);
  EXPECT_EQ(after.nodes().size(), 5u) << "two inputs, two parameters, one sum";
  EXPECT_EQ(after.inputs()[0].strides, Strides({1, 2}));
  EXPECT_EQ(after.inputs()[1].name, "unused");
  EXPECT_EQ(after.outputs()[0].name, "second");
  EXPECT_EQ(after.outputs()[0].node, after.inputs()[0].node);
  EXPECT_EQ(std::vector(after.parameters().begin(), after.parameters().end()),
            std::vector<double>({7, 3}));
}

TEST(Simplify, TakesLinearTime) {
  test::expect_linear_time([](int length) {
    Graph graph;
    Value x = graph.input("x", DType::f32, {4});
    const Value one = x.constant(1);
    for (int i = 0; i < length / 2; ++i) x = (x * one).neg();
    graph.output("y", x);
    EXPECT_LE(simplify(graph).nodes().size(), 2u);
  });
}

/// Number of nodes that compute. Leaves and broadcasts do not count: folding a constant may add a
/// broadcast.
std::ptrdiff_t computing_nodes(const Graph& graph) {
  return std::ranges::count_if(graph.nodes(), [](const Node& node) {
    return info(node.op).kind != OpKind::leaf && node.op != Op::broadcast;
  });
}

TEST(Simplify, KeepsTheBitsOfRandomGraphsAndIsDoneInOnePass) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Graph graph = test::random_graph(seed, {.max_elements = 64});
    const std::vector<TensorData> inputs = test::random_inputs(graph, seed);
    // After bake_parameters and expand, constants are everywhere and composites fold too.
    for (const Graph& before : {graph.clone(), expand(bake_parameters(graph), {})}) {
      const Graph after = simplify(before);
      verify(after);
      const std::vector<TensorData> want = interpret(before, inputs);
      const std::vector<TensorData> got = interpret(after, inputs);
      for (std::size_t i = 0; i < want.size(); ++i) {
        EXPECT_EQ(first_difference(want[i], got[i]), -1) << "seed " << seed << ", output " << i;
      }
      EXPECT_LE(computing_nodes(after), computing_nodes(before)) << "seed " << seed;
      const Graph again = simplify(after);
      EXPECT_TRUE(std::ranges::equal(after.key().bytes, again.key().bytes)) << "seed " << seed;
    }
  }
}

// --- bake_parameters -----------------------------------------------------------------------------

TEST(BakeParameters, TurnsParametersIntoConstantsOfTheSameValue) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {3});
  graph.output("y", (x * 0.1).leaky_relu(0.2).clamp(-1, 1));
  const Graph baked = bake_parameters(graph);
  verify(baked);
  EXPECT_TRUE(baked.parameters().empty());
  const float values[] = {-3, 0.5, 100};
  const TensorData input = TensorData::from<float>({3}, std::span<const float>(values));
  EXPECT_EQ(first_difference(interpret(graph, std::span(&input, 1))[0],
                             interpret(baked, std::span(&input, 1))[0]),
            -1);
}

TEST(BakeParameters, PutsTheValueIntoTheStructure) {
  const auto baked = [](double slope) {
    Graph graph;
    graph.output("y", graph.input("x", DType::f32, {3}).leaky_relu(slope));
    return bake_parameters(graph);
  };
  EXPECT_FALSE(std::ranges::equal(baked(0.1).key().bytes, baked(0.2).key().bytes));
  EXPECT_FALSE(std::ranges::equal(baked(0.0).key().bytes, baked(-0.0).key().bytes));
}

}  // namespace
}  // namespace sinter
