// Reductions by chunks: which reductions are split, into which chunks, and that no bit changes.
#include <gtest/gtest.h>

#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/text.h>

#include "support/fuzz.h"

namespace sinter::test {
namespace {

Graph sum_of(const Shape& shape, const Axes& axes) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, shape).sum(axes));
  return graph;
}

/// Returns the number of elements in a chunk of the first reduction, or 0 if it is not split.
std::int64_t chunk_of(const Shape& shape, const Axes& axes, const PlanLimits& limits = {}) {
  const Graph cut = chunk_reductions(sum_of(shape, axes), limits);
  for (std::uint32_t i = 0; i < cut.nodes().size(); ++i) {
    if (cut.node({i}).op == Op::reduce_sum) return ReductionAttributes::of(cut, {i}).chunk;
  }
  return -1;
}

TEST(ChunkReductions, OfFewResultsAndManyElements) {
  EXPECT_EQ(chunk_of({1 << 26}, 0), 2048);
  EXPECT_EQ(chunk_of({1 << 30}, 0), 2048 * 2048) << "256 partial results keep threads busy";
  EXPECT_EQ(chunk_of({63, 1 << 16}, 1), 2048);
  EXPECT_EQ(chunk_of({64, 1 << 16}, 1), 0) << "64 rows keep threads busy";
  EXPECT_EQ(chunk_of({1 << 15}, 0), 0) << "a row that stays in the cache may be read again";
  EXPECT_EQ(chunk_of({100000, 8}, 0), 1024);
  EXPECT_EQ(chunk_of({4096, 512}, 0), 32);
  EXPECT_EQ(chunk_of({512, 64 * 512}, 0), 0) << "64 blocks of columns keep threads busy";
  EXPECT_EQ(chunk_of({4096, 64 * 512}, 0), 32) << "rows that lie far apart are split";
  EXPECT_EQ(chunk_of({65536, 1024}, 0), 32)
      << "the same, although chunks of 1024 would keep threads busy";
  EXPECT_EQ(chunk_of({1000, 8}, 0), 0) << "too few bytes to split";
  EXPECT_EQ(chunk_of({1 << 26}, 0, {.units = 0}), 0);
}

TEST(ChunkReductions, CompletesTheChunks) {
  EXPECT_EQ(print(chunk_reductions(sum_of({2, 300000}, 1), {})), R"(sinter graph 1
%0 = input "x": f32[2, 300000]
%1 = reduce_sum(%0, axes=[1], keep=[1, 2048]): f32[2, 147]
%2 = reduce_sum(%1, axes=[1], keep=[0]): f32[2]
output "y" = %2
)");
}

std::int64_t reductions_to_chunks(const Graph& graph) {
  std::int64_t count = 0;
  for (std::uint32_t i = 0; i < graph.nodes().size(); ++i) {
    const bool reduces = info(graph.node({i}).op).kind == OpKind::reduction;
    count += reduces && ReductionAttributes::of(graph, {i}).chunk > 0 ? 1 : 0;
  }
  return count;
}

TEST(ChunkReductions, KeepsTheBitsOfRandomGraphs) {
  const PlanLimits eager{.row_bytes = 1, .units = 1 << 20, .chunked_bytes = 1};
  int cut = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Graph graph = random_graph(seed, {.max_elements = 1 << 15});
    const Graph chunked = chunk_reductions(graph.clone(), eager);
    cut += reductions_to_chunks(chunked) > reductions_to_chunks(graph) ? 1 : 0;
    const std::vector<TensorData> inputs = random_inputs(graph, seed);
    const auto expected = interpret(graph, inputs);
    const auto got = interpret(chunked, inputs);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(first_difference(expected[i], got[i]), -1) << seed << "\n" << print(graph);
    }
  }
  EXPECT_GT(cut, 5);
}

}  // namespace
}  // namespace sinter::test
