// FloatEnvironment: kernels run in the default floating-point environment whatever the caller has
// set, and the caller's environment is restored. Every public function of ir/ computes as in the
// default environment.
#include <sinter/ir/float_environment.h>

#include <gtest/gtest.h>

#include <sinter/ir/gradients.h>
#include <sinter/ir/parameter_class.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>
#include <sinter/ir/verify.h>

#include "support/float_entries.h"
#include "support/op_uses.h"

namespace sinter::detail {
namespace {

constexpr unsigned kDefault = 0x1f80;
constexpr unsigned kStickyFlags = 0x3f;
constexpr unsigned kFlushToZero = 0x8000;
constexpr unsigned kDenormalsAreZero = 0x0040;
constexpr unsigned kRoundUp = 0x4000;
constexpr unsigned kDivideByZeroMask = 0x0200;

class FloatEnvironmentTest : public testing::TestWithParam<unsigned> {
 protected:
  ~FloatEnvironmentTest() override { _mm_setcsr(kDefault); }
};

TEST_P(FloatEnvironmentTest, IsTheDefaultInsideAndRestoredAfter) {
  _mm_setcsr(GetParam());
  {
    const FloatEnvironment environment;
    EXPECT_EQ(_mm_getcsr() & ~kStickyFlags, kDefault);
  }
  EXPECT_EQ(_mm_getcsr() & ~kStickyFlags, GetParam());
}

INSTANTIATE_TEST_SUITE_P(ControlBits, FloatEnvironmentTest,
                         testing::Values(kDefault, kDefault | kFlushToZero,
                                         kDefault | kDenormalsAreZero, kDefault | kRoundUp,
                                         kDefault & ~kDivideByZeroMask,
                                         kDefault | kFlushToZero | kDenormalsAreZero));

TEST(FloatEnvironment, KeepsSubnormalsInsideOnly) {
  _mm_setcsr(kDefault | kFlushToZero | kDenormalsAreZero);
  volatile float smallest_normal = 1.17549435e-38F;
  volatile float half = 0.5F;
  const float flushed = smallest_normal * half;
  float kept = 0;
  {
    const FloatEnvironment environment;
    kept = smallest_normal * half;
  }
  _mm_setcsr(kDefault);
  EXPECT_EQ(flushed, 0.0F);
  EXPECT_EQ(kept, 5.877471754e-39F);
}

TEST(FloatEnvironment, NestsLikeAScope) {
  _mm_setcsr(kDefault | kFlushToZero);
  {
    const FloatEnvironment outer;
    {
      const FloatEnvironment inner;
    }
    EXPECT_EQ(_mm_getcsr() & ~kStickyFlags, kDefault);
  }
  EXPECT_EQ(_mm_getcsr() & ~kStickyFlags, kDefault | kFlushToZero);
  _mm_setcsr(kDefault);
}

}  // namespace
}  // namespace sinter::detail

namespace sinter::test {
namespace {

// --- Results of public functions -----------------------------------------------------------------

constexpr float kTinyFloat = 1e-40F;
constexpr double kTiny = 4.9406564584124654e-324;

/// Returns a graph with subnormal, inexact and exact numbers, as parameters, as constants and in a
/// table.
Graph graph_of_numbers() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2});
  const Value d = graph.input("d", DType::f64, {2});
  LookupTable table{0.1, 1e-40, kTiny, -0.1, 1.0 / 3};
  Attributes attributes;
  attributes.table = table;
  const Value index = graph.input("i", DType::i32, {2});
  const Value found = Value::apply(Op::lut16, std::span(&index, 1), attributes);
  const Value scaled = x.mul(0.1).add(x.constant(0.1)).add(x.constant(kTinyFloat));
  graph.output("found", found.mul(x));
  graph.output("y", scaled.leaky_relu(0.01).tanh());
  graph.output("z", d.mul(d.constant(kTiny)).mul(kTiny).clamp(0.1, 0.2));
  return graph;
}

/// Returns inputs whose results depend on the environment: subnormals and numbers that are not
/// exact in f32.
std::vector<TensorData> numbers_for(const Graph& graph) {
  std::vector<TensorData> inputs;
  for (const GraphInput& input : graph.inputs()) {
    TensorData data = TensorData::zeros(graph.node(input.node).dtype, graph.shape(input.node));
    const double values[] = {0.1, kTinyFloat, 1.0 / 3, kTiny};
    const std::size_t width = info(data.dtype).bytes;
    for (std::size_t at = 0; at * width < data.bytes.size(); ++at) {
      const std::uint64_t bits = element_bits(values[at % 4], data.dtype);
      std::ranges::copy(std::as_bytes(std::span(&bits, 1)).first(width),
                        data.bytes.begin() + static_cast<std::ptrdiff_t>(at * width));
    }
    inputs.push_back(std::move(data));
  }
  return inputs;
}

/// Returns one graph y = op(...) for each use of each op of `kind`.
std::vector<Graph> graphs_of_ops(OpKind kind) {
  std::vector<Graph> graphs;
  for (const OpUse& use : uses_of(kind)) graphs.push_back(graph_of(use, {2, 3}));
  return graphs;
}

std::string over(const std::vector<Graph>& graphs, const std::function<Graph(const Graph&)>& pass) {
  std::string bytes;
  for (const Graph& graph : graphs) bytes += bytes_of(pass(graph));
  return bytes;
}

Graph with_gradients(const Graph& given) {
  Graph graph = given.clone();
  const GraphOutput output = graph.outputs()[0];
  const Value y = graph.value(output.node);
  if (!is_floating(y.dtype())) return graph;
  try {
    const Value x = graph.value(graph.inputs()[0].node);
    graph.output("d", gradients(y.sum(), {x})[0]);
  } catch (const Error&) {
    // y has no gradient by x.
  }
  return graph;
}

TEST(InEveryFloatMode, NumbersAreRecordedAndReadAlike) {
  const std::string text = print(graph_of_numbers());
  const double numbers[] = {0.1, kTiny};
  const std::uint64_t bits[] = {1, 0x3dcccccd};
  const std::vector<FloatEntry> entries{
      {"Graph::constant",
       [] {
         Graph graph;
         (void)graph.constant(0.1, DType::f32);
         (void)graph.constant(kTiny, DType::f64);
         return bytes_of(graph);
       }},
      {"Graph::parameter",
       [] {
         Graph graph;
         (void)graph.parameter(kTinyFloat, DType::f32);
         return bytes_of(graph);
       }},
      {"a parameter that an integer does not hold",
       [] {
         Graph graph;
         (void)graph.parameter(kTiny, DType::i32);
         return bytes_of(graph);
       }},
      {"a long double",
       [] {
         volatile long double third = 1.0L / 3;
         return bytes_of(Scalar(third).value());
       }},
      {"Graph and Value methods", [] { return bytes_of(graph_of_numbers()); }},
      {"Graph::clone",
       [&] {
         Graph graph;
         (void)graph.parameter(1, DType::i32);
         return bytes_of(graph.clone(std::span(numbers).last(1)));
       }},
      {"parse", [&] { return bytes_of(parse(text)); }},
      {"parse of what is none", [&] { return bytes_of(parse(text + "nonsense")); }},
      {"print", [&] { return print(parse(text)); }},
      {"to_text", [&] { return to_text(numbers[0]) + to_text(numbers[1]); }},
      {"verify",
       [&] {
         verify(parse(text));
         return std::string();
       }},
      {"element_bits",
       [&] {
         std::string all;
         for (const DTypeInfo& row : all_dtypes()) {
           for (double number : numbers) all += bytes_of(element_bits(number, row.dtype));
         }
         return all;
       }},
      {"element_value",
       [&] {
         std::string all;
         for (const DTypeInfo& row : all_dtypes()) {
           for (std::uint64_t word : bits) all += bytes_of(element_value(word, row.dtype));
         }
         return all;
       }},
      {"evaluate", [&] { return bytes_of(evaluate(Op::mul, DType::f32, DType::f32, numbers)); }},
      {"evaluate_bits",
       [&] { return bytes_of(evaluate_bits(Op::add, DType::f32, DType::f32, bits)); }},
      {"ParameterClass", [&] { return bytes_of(ParameterClass(numbers[1]).bits()); }},
  };
  expect_same_in_all_modes(entries);
}

TEST(InEveryFloatMode, PassesAndPlansAreAlike) {
  const Graph numbers = graph_of_numbers();
  const std::vector<Graph> composites = graphs_of_ops(OpKind::composite);
  const std::vector<Graph> primitives = graphs_of_ops(OpKind::primitive);
  const auto plan_text = [](const Graph& graph) { return print(plan_graph(graph, {}, Fuse::all)); };
  const std::vector<FloatEntry> entries{
      {"expand",
       [&] {
         return over(composites, [](const Graph& graph) {
           const Graph wide = widen(graph, Rounding::at_store);
           return expand(wide, wide.parameters());
         });
       }},
      {"simplify", [&] { return bytes_of(simplify(expand(numbers, numbers.parameters()))); }},
      {"bake_parameters", [&] { return bytes_of(bake_parameters(numbers)); }},
      {"gradients of primitives", [&] { return over(primitives, with_gradients); }},
      {"gradients of composites", [&] { return over(composites, with_gradients); }},
      {"plan_graph", [&] { return plan_text(numbers); }},
      {"interpret", [&] { return bytes_of(interpret(numbers, numbers_for(numbers))); }},
      {"interpret of too few inputs", [&] { return bytes_of(interpret(numbers, {})); }},
  };
  expect_same_in_all_modes(entries);
}

}  // namespace
}  // namespace sinter::test
