// The fuzzer finds a planted difference, shrinks the case, and reads its own report back.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <sinter/fuzz/case.h>
#include <sinter/ir/text.h>

#include "support/expect_error.h"
#include "support/fuzz.h"

namespace sinter::test {
namespace {

/// Returns true if an output depends on a node of `op`.
bool has(const Graph& graph, Op op) {
  std::vector<bool> needed(graph.nodes().size());
  for (const GraphOutput& output : graph.outputs()) needed[output.node.index] = true;
  for (std::size_t i = graph.nodes().size(); i-- > 0;) {
    if (!needed[i]) continue;
    const Node& node = graph.nodes()[i];
    if (node.op == op) return true;
    for (NodeId operand : node.inputs()) needed[operand.index] = true;
  }
  return false;
}

/// Returns a Way that computes as the interpreter does. If the graph uses `op`, one bit of the
/// first output is wrong.
Way wrong_at(Op op) {
  return {"wrong", [op](const Case& given) {
            auto results = interpret(given.graph, given.inputs, given.rounding);
            if (has(given.graph, op) && !results[0].bytes.empty()) {
              results[0].bytes[0] ^= std::byte{1};
            }
            return results;
          }};
}

Case find(const Way& way) {
  for (std::uint64_t seed = 1; seed < 2000; ++seed) {
    Case given = random_case(seed);
    if (!difference(given, way).empty()) return given;
  }
  ADD_FAILURE() << "no random graph shows the planted difference";
  return random_case(1);
}

TEST(Shrink, LeavesTheOpThatIsWrong) {
  for (Op op : {Op::floor, Op::leaky_relu, Op::select, Op::concat, Op::reshape}) {
    const Way way = wrong_at(op);
    const auto fails = [&](const Case& given) { return !difference(given, way).empty(); };
    const Case small = shrink(find(way), fails);
    SCOPED_TRACE(print(small));
    EXPECT_TRUE(fails(small));
    EXPECT_TRUE(has(small.graph, op));
    const auto ops = std::ranges::count_if(
        small.graph.nodes(), [](const Node& node) { return info(node.op).kind != OpKind::leaf; });
    EXPECT_EQ(ops, 1);
    EXPECT_EQ(small.graph.outputs().size(), 1U);
    EXPECT_LE(small.graph.shape(small.graph.outputs()[0].node).elements(), 4);
  }
}

TEST(Shrink, KeepsACaseThatNothingMakesSmaller) {
  const Case given = random_case(7);
  const Case same = shrink(given, [](const Case&) { return false; });
  EXPECT_EQ(print(same), print(given));
}

TEST(Shrink, StopsAfterItsAttempts) {
  int asked = 0;
  const auto fails = [&](const Case&) { return ++asked > 0; };
  static_cast<void>(shrink(random_case(3), fails, 5));
  EXPECT_LE(asked, 5);
}

TEST(Case, ReadsItsOwnText) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Case given = random_case(seed);
    const Case read = parse_case(print(given));
    ASSERT_EQ(print(read), print(given)) << "seed " << seed;
    ASSERT_EQ(interpret(read.graph, read.inputs, read.rounding).size(),
              given.graph.outputs().size());
  }
}

TEST(Case, RefusesDataThatDoesNotFit) {
  const std::string graph = "sinter graph 1\n%0 = input \"x\": f32[2]\noutput \"y\" = %0\n";
  expect_error(ErrorCode::parse_error, "1 inputs, but there are 0 lines",
               [&] { static_cast<void>(parse_case(graph)); });
  expect_error(ErrorCode::parse_error, "has 2 elements",
               [&] { static_cast<void>(parse_case(graph + "data 3f800000\n")); });
}

TEST(Ways, AreAlikeOnASliceOfGraphs) {
  const std::vector<Way> ways = all_ways();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Case given = random_case(seed);
    for (const Way& way : ways) {
      EXPECT_EQ(difference(given, way), "") << way.name << ", seed " << seed << "\n"
                                            << print(given);
    }
  }
}

TEST(Ways, WhatTheyThrowIsADifference) {
  const Way way{"throws",
                [](const Case&) -> std::vector<TensorData> { throw std::runtime_error("no"); }};
  EXPECT_EQ(difference(random_case(1), way), "it threw: no");
}

}  // namespace
}  // namespace sinter::test
