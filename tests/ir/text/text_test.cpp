// The text form: its look, and that reading it back gives the same graph.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <sinter/ir/interpret.h>
#include <sinter/ir/text.h>

#include "support/fuzz.h"
#include "support/golden.h"

namespace sinter::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool equal_keys(const Graph& a, const Graph& b) {
  return a.key().hash == b.key().hash && std::ranges::equal(a.key().bytes, b.key().bytes);
}

/// Returns the graph in the head comment of text.h.
Graph example() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1797, 64});
  const Value bias = graph.input("bias", DType::f32, {64}, {2});
  const Value y = (x + bias).leaky_relu(0.2) * 0.5;
  graph.output("y", y.fma(y.constant(2), bias));
  return graph;
}

TEST(Text, PrintsTheExampleOfItsHeader) { expect_golden("text/example.txt", print(example())); }

TEST(Text, ReadsTheExampleBackToAnEqualGraph) {
  const Graph graph = parse(print(example()));
  EXPECT_TRUE(equal_keys(graph, example()));
  EXPECT_TRUE(std::ranges::equal(graph.parameters(), example().parameters()));
}

TEST(Text, KeepsDonations) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3}, {1, 2});
  graph.donate(x);
  const Value y = graph.input("y", DType::f32, {2, 3});
  graph.donate(y);
  graph.output("z", x + y);
  const std::string text = print(graph);
  EXPECT_NE(text.find("f32[2, 3] strides [1, 2] donated\n"), std::string::npos) << text;
  EXPECT_TRUE(equal_keys(parse(text), graph));
  EXPECT_EQ(print(parse(text)), text);
}

TEST(Text, ShowsParametersByNameWhenAsked) {
  const std::string text = print(example(), {.parameter_names = true});
  EXPECT_NE(text.find("leaky_relu(%2, negative_slope=$0)"), std::string::npos) << text;
  EXPECT_NE(text.find("mul(%3, $1)"), std::string::npos) << text;
  EXPECT_NE(text.find("const 2"), std::string::npos) << text;
}

TEST(Text, GivesScalarsALineWhereTheirDtypeWouldNotShow) {
  Graph graph;
  const Value x = graph.input("x", DType::f64, {2});
  const Value twice = graph.parameter(3, DType::f64);
  const Value alone = graph.parameter(4, DType::f32).add(graph.parameter(5, DType::f32));
  graph.output("a", (x * twice + twice).convert(DType::f32) + alone);
  graph.output("scalar", graph.parameter(6, DType::f32));
  graph.output("wide", graph.constant(7, DType::f64).broadcast_to({2}));
  graph.output("mask", graph.constant(1, DType::boolean).logical_not());
  expect_golden("text/scalars.txt", print(graph));
  EXPECT_EQ(print(parse(print(graph))), print(graph));
}

TEST(Text, PrintsEveryOpAsItReadsIt) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3});
  const Value mask = x.greater(0);
  const Value whole = graph.input("n", DType::i32, {2, 3});
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::primitive && row.kind != OpKind::composite) continue;
    std::vector<Value> operands;
    for (int i = 0; i < row.arity; ++i) {
      const bool wants_mask =
          row.rule == DTypeRule::logical || (row.rule == DTypeRule::select && i == 0);
      const bool attribute = row.operands[static_cast<std::size_t>(i)].attribute;
      const bool wants_whole = row.rule == DTypeRule::integer || row.rule == DTypeRule::lookup;
      const Value& tensor = wants_whole ? whole : x;
      operands.push_back(attribute ? x.scalar(i + 0.5) : wants_mask ? mask : tensor);
    }
    const bool keeps_bits = row.op == Op::bitcast || row.op == Op::raw_bitcast;
    const DType dtype = keeps_bits ? DType::i32 : DType::f64;
    Attributes attributes{.dtype = dtype, .shape = Shape{4, 2, 3}};
    if (row.rule == DTypeRule::lookup)
      attributes.table = {0, -0.0, 0.1, 1e-45, 1e30, -std::numeric_limits<double>::infinity()};
    graph.output(row.name, Value::apply(row.op, operands, attributes));
  }
  expect_golden("text/every_op.txt", print(graph));
  EXPECT_EQ(print(parse(print(graph))), print(graph));
}

TEST(Text, RoundTripsRandomGraphsWithTheirBits) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    RandomGraphOptions options;
    options.random_strides = seed % 3 == 0;
    options.max_elements = 64;
    const Graph graph = random_graph(seed, options);
    const std::string text = print(graph);
    const Graph read = parse(text);
    ASSERT_EQ(print(read), text) << "seed " << seed;
    ASSERT_TRUE(std::ranges::equal(read.inputs(), graph.inputs(), {}, &GraphInput::strides,
                                   &GraphInput::strides))
        << text;
    ASSERT_TRUE(std::ranges::equal(read.outputs(), graph.outputs(), {}, &GraphOutput::strides,
                                   &GraphOutput::strides))
        << text;
    const std::vector<TensorData> inputs = random_inputs(graph, seed);
    const auto expected = interpret(graph, inputs);
    const auto results = interpret(read, inputs);
    ASSERT_EQ(results.size(), expected.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      ASSERT_EQ(first_difference(results[i], expected[i]), -1)
          << "seed " << seed << ", output " << i << "\n"
          << text;
    }
  }
}

TEST(Text, ReadsASecondTimeToAnEqualKey) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Graph once = parse(print(random_graph(seed)));
    ASSERT_TRUE(equal_keys(once, parse(print(once)))) << "seed " << seed << "\n" << print(once);
  }
}

TEST(Text, EscapesWhatWouldBreakALine) {
  using std::string_literals::operator""s;
  const std::string name = "quote \" backslash \\ tab \t line \n nul \0 delete \x7f caf\xc3\xa9"s;
  Graph graph;
  graph.output(name, graph.input(name, DType::f32, {1}).relu());
  const std::string text = print(graph);
  EXPECT_EQ(std::ranges::count(text, '\n'), 4) << text;
  const Graph read = parse(text);
  EXPECT_EQ(read.inputs()[0].name, name);
  EXPECT_EQ(read.outputs()[0].name, name);
  EXPECT_EQ(print(read), text);
}

TEST(Text, ReadsNamesOfAnyLength) {
  const std::string name(100'000, 'n');
  Graph graph;
  graph.output(name, graph.input(name, DType::f32, {1}).relu());
  const Graph read = parse(print(graph));
  EXPECT_EQ(read.inputs()[0].name, name);
  EXPECT_TRUE(equal_keys(read, graph));
}

TEST(Text, SkipsCommentsBlankLinesAndCarriageReturns) {
  const Graph graph = parse(
      "# a comment\n\n  sinter graph 1  # another\r\n\n"
      "%0 = input \"x # no comment\": f32[2]\r\n"
      "\t%1=relu( %0 ):f32[ 2 ]  # last\n\noutput \"y\"=%1");
  EXPECT_EQ(graph.inputs()[0].name, "x # no comment");
  EXPECT_EQ(graph.outputs().size(), 1U);
}

TEST(Text, FillsInDefaultsOfAttributes) {
  const Graph graph = parse(
      "sinter graph 1\n%0 = input \"x\": f32[2]\n%1 = leaky_relu(%0): f32[2]\noutput \"y\" = %1\n");
  EXPECT_EQ(graph.parameters()[0], 0.01);
}

TEST(Text, ReadsAGraphWithoutOutputsWhichIsForTheVerifierToRefuse) {
  EXPECT_EQ(parse("sinter graph 1").nodes().size(), 0U);
}

// --- Numbers -------------------------------------------------------------------------------------

TEST(TextNumbers, AreAsShortAsTheyCanBe) {
  EXPECT_EQ(to_text(0.1), "0.1");
  EXPECT_EQ(to_text(2), "2");
  EXPECT_EQ(to_text(-0.0), "-0");
  EXPECT_EQ(to_text(1e300), "1e+300");
  EXPECT_EQ(to_text(5e-324), "5e-324");
  EXPECT_EQ(to_text(kInf), "inf");
  EXPECT_EQ(to_text(-kInf), "-inf");
  EXPECT_EQ(to_text(kNaN), "nan");
  EXPECT_EQ(to_text(-kNaN), "nan");
}

/// Returns the bits of a parameter after printing and reading.
std::uint64_t bits_read_back(double value) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f64, {1}) * value);
  return std::bit_cast<std::uint64_t>(parse(print(graph)).parameters()[0]);
}

TEST(TextNumbers, ReadBackToTheSameBits) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::bit_cast<double>(random.next());
    if (std::isnan(value)) continue;
    ASSERT_EQ(bits_read_back(value), std::bit_cast<std::uint64_t>(value)) << to_text(value);
  }
  for (double value : {0.0, -0.0, kInf, -kInf, 5e-324, -2.2250738585072009e-308}) {
    EXPECT_EQ(bits_read_back(value), std::bit_cast<std::uint64_t>(value)) << to_text(value);
  }
  EXPECT_TRUE(std::isnan(std::bit_cast<double>(bits_read_back(kNaN))));
}

TEST(TextNumbers, OfManyDigitsReadBackToTheSameBits) {
  Random random(2);
  for (int i = 0; i < 5'000; ++i) {
    const int exponent = static_cast<int>(random.between(50, 90));
    const double value = std::ldexp(static_cast<double>(random.next() >> 11), exponent - 53);
    for (double number : {std::floor(value), -std::floor(value)}) {
      ASSERT_EQ(bits_read_back(number), std::bit_cast<std::uint64_t>(number)) << to_text(number);
    }
  }
}

TEST(TextNumbers, WithAPointOrAnExponentAreRounded) {
  const Graph graph = parse(
      "sinter graph 1\n%0 = parameter 9007199254740993.0: f64[]\n"
      "%1 = parameter 1e23: f32[]\n%2 = parameter 9007199254740994: i64[]\n");
  EXPECT_EQ(graph.parameters()[0], 9007199254740992.0);
  EXPECT_EQ(graph.parameters()[1], 1e23);
  EXPECT_EQ(graph.parameters()[2], 9007199254740994.0);
}

TEST(TextNumbers, OfConstantsKeepTheKey) {
  Graph graph;
  Value y = graph.input("x", DType::f32, {1});
  for (double value : {0.1, 1e-45, -0.0, 3.4e38, kInf, -kInf, kNaN}) y = y + y.constant(value);
  graph.output("y", y);
  EXPECT_TRUE(equal_keys(parse(print(graph)), graph)) << print(graph);
}

// --- Size ----------------------------------------------------------------------------------------

TEST(Text, RoundTripsAChainOfAHundredThousandOps) {
  Graph graph;
  Value value = graph.input("x", DType::f32, {2});
  for (int i = 0; i < 100'000; ++i) value = value.leaky_relu(0.1);
  graph.output("y", value);
  const std::string text = print(graph);
  const Graph read = parse(text);
  EXPECT_TRUE(equal_keys(read, graph));
  EXPECT_EQ(print(read), text);
}

}  // namespace
}  // namespace sinter::test
