// lut16: its results, when two lookups are equal, and its errors.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/text.h>
#include <sinter/ir/verify.h>

#include "graph/data.h"
#include "support/expect_error.h"

namespace sinter::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr LookupTable kTable{0.1, -0.0, kInfinity, kNaN, 4,  5,  6,  7,
                             8,   9,    1e-45,     1e39, 12, 13, 14, 15};

Graph lookup_graph(const LookupTable& table, DType index, std::int64_t n) {
  Graph graph;
  graph.output("y", graph.input("i", index, {n}).lut16(table));
  return graph;
}

template <typename Index, typename Number>
void expect_numbers() {
  std::vector<Index> indices;
  for (Index i = -40; i < 40; ++i) indices.push_back(i);
  indices.push_back(std::numeric_limits<Index>::min());
  indices.push_back(std::numeric_limits<Index>::max());
  const auto n = static_cast<std::int64_t>(indices.size());
  const TensorData input = TensorData::from<Index>({n}, std::span(indices));
  const TensorData result =
      interpret(lookup_graph(kTable, *dtype_of<Index>, n), std::span(&input, 1))[0];
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto want = static_cast<Number>(kTable[static_cast<std::size_t>(indices[i] & 15)]);
    const Number got = result.as<Number>()[i];
    EXPECT_TRUE(std::isnan(want) ? std::isnan(got)
                                 : got == want && std::signbit(got) == std::signbit(want))
        << indices[i] << " gave " << got;
  }
}

TEST(Lookup, GivesTheNumberThatTheLowFourBitsSay) {
  expect_numbers<std::int32_t, float>();
  expect_numbers<std::int64_t, double>();
}

TEST(Lookup, IsKnownByItsRoundedNumbers) {
  const auto key = [](double first, DType index) {
    LookupTable table{};
    table[0] = first;
    const Graph graph = lookup_graph(table, index, 3);
    const auto bytes = graph.key().bytes;
    return std::vector(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(key(0.1, DType::i32), key(0.1F, DType::i32));
  EXPECT_NE(key(0.1, DType::i64), key(0.1F, DType::i64));
  EXPECT_NE(key(0, DType::i32), key(-0.0, DType::i32));
  EXPECT_EQ(key(kNaN, DType::i32), key(std::copysign(kNaN, -1), DType::i32));
}

TEST(Lookup, OfTheSameTableSharesIt) {
  Graph graph;
  const Value index = graph.input("i", DType::i32, {3});
  graph.output("a", index.lut16(kTable));
  graph.output("b", index.lut16(kTable));
  graph.output("c", index.lut16({}));
  EXPECT_EQ(graph.tables().size(), 2);
  const Graph merged = simplify(graph);
  EXPECT_EQ(merged.outputs()[0].node, merged.outputs()[1].node);
  EXPECT_NE(merged.outputs()[0].node, merged.outputs()[2].node);
}

TEST(Lookup, ReadsBackFromText) {
  for (DType index : {DType::i32, DType::i64}) {
    const Graph graph = lookup_graph(kTable, index, 3);
    const std::string text = print(graph);
    EXPECT_EQ(print(parse(text)), text);
  }
  EXPECT_NE(print(lookup_graph(kTable, DType::i64, 3)).find("lut16(%0, table=[0.1, -0, inf, nan,"),
            std::string::npos);
}

TEST(Lookup, OfAConstantIsAConstant) {
  Graph graph;
  graph.output("y", graph.constant(-14, DType::i32).lut16({0, 1, 2.5}));
  const Graph simple = simplify(graph);
  EXPECT_NE(print(simple).find("constant 2.5: f32[]"), std::string::npos) << print(simple);
}

TEST(Lookup, RefusesOtherIndicesAndNoTable) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2});
  expect_error(ErrorCode::dtype_mismatch,
               "lut16(index: f32[2]): index must be i32, which gives f32, or i64, which gives f64",
               [&] { (void)x.lut16({}); });
  const Value index = x.convert(DType::i32);
  expect_error(ErrorCode::invalid_argument, "lut16 needs a table",
               [&] { (void)Value::apply(Op::lut16, std::span(&index, 1)); });
}

TEST(Lookup, IsVerifiedWithItsTable) {
  detail::GraphData graph;
  const NodeId index = graph.add_input("i", DType::i32, {2}, {});
  Attributes attributes;
  attributes.table = kTable;
  graph.add_output("y", graph.apply(Op::lut16, std::span(&index, 1), attributes), {});
  detail::verify(graph);
  detail::GraphData inexact = graph;
  inexact.tables[0][4] = 0.1;
  expect_error(ErrorCode::invalid_graph, "node %1, lut16: 0.1 is not exact in f32",
               [&] { detail::verify(inexact); });
  graph.tables.clear();
  expect_error(ErrorCode::invalid_graph, "node %1, lut16: its table is missing",
               [&] { detail::verify(graph); });
}

}  // namespace
}  // namespace sinter::test
