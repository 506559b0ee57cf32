// The collapsed loop space of kernels: its axes, and the strides of each argument along them.
#include <gtest/gtest.h>

#include <sinter/codegen/schedule.h>

#include "codegen/kernels.h"

namespace sinter {
namespace {

using Numbers = std::vector<std::int64_t>;

/// The sum of one input of each shape.
Graph sum_of(const std::vector<Shape>& shapes) {
  Graph graph;
  std::vector<Value> inputs;
  for (const Shape& shape : shapes) {
    inputs.push_back(graph.input("x" + std::to_string(inputs.size()), DType::f32, shape));
  }
  Value sum = inputs[0];
  for (std::size_t i = 1; i < inputs.size(); ++i) sum = sum + inputs[i];
  graph.output("y", sum);
  return graph;
}

TEST(Collapse, MergesAllAxesOfDenseTensors) {
  const LoopSpace space = collapse(sum_of({{2, 3, 4}, {2, 3, 4}}));
  EXPECT_EQ(space.extents, Numbers{24});
  EXPECT_EQ(space.strides, (Numbers{1, 1, 1}));
  EXPECT_EQ(space.parallel_extent(), 24);
  EXPECT_EQ(space.inner_extent(), 1);
}

TEST(Collapse, KeepsAnAxisAlongWhichAnInputRepeats) {
  const LoopSpace space = collapse(sum_of({{1797, 64}, {64}}));
  EXPECT_EQ(space.extents, (Numbers{1797, 64}));
  EXPECT_EQ(space.strides, (Numbers{64, 1, 0, 1, 64, 1}));
  EXPECT_EQ(space.parallel_extent(), 1797);
  EXPECT_EQ(space.inner_extent(), 64);
}

TEST(Collapse, MergesNeighboursThatRepeatTogether) {
  const LoopSpace space = collapse(sum_of({{2, 3, 4, 5}, {4, 5}}));
  EXPECT_EQ(space.extents, (Numbers{6, 20}));
  EXPECT_EQ(space.strides, (Numbers{20, 1, 0, 1, 20, 1}));

  const LoopSpace channels = collapse(sum_of({{2, 3, 4, 5}, {3, 1, 1}}));
  EXPECT_EQ(channels.extents, (Numbers{2, 3, 20}));
  EXPECT_EQ(channels.strides, (Numbers{60, 20, 1, 0, 1, 0, 60, 20, 1}));
}

TEST(Collapse, DropsAxesOfLengthOne) {
  const LoopSpace space = collapse(sum_of({{1, 7, 1}, {1, 1, 1}}));
  EXPECT_EQ(space.extents, Numbers{7});
  EXPECT_EQ(space.strides, (Numbers{1, 0, 1}));
}

TEST(Collapse, CountsOneElementAsARunOfElements) {
  const LoopSpace space = collapse(sum_of({{1, 1}, {}}));
  EXPECT_EQ(space.extents, Numbers{1});
  EXPECT_EQ(space.strides, (Numbers{1, 0, 1}));

  const LoopSpace scalar = collapse(sum_of({{}, {}}));
  EXPECT_EQ(scalar.extents, Numbers{1});
  EXPECT_EQ(scalar.strides, (Numbers{0, 0, 1}));
}

TEST(Collapse, KeepsDeclaredStrides) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {4, 6}, {12, 2});
  Value transposed = graph.input("transposed", DType::f32, {4, 6}, {1, 4});
  graph.output("y", x + transposed);
  const LoopSpace space = collapse(graph);
  EXPECT_EQ(space.extents, (Numbers{4, 6}));
  EXPECT_EQ(space.strides, (Numbers{12, 2, 1, 4, 6, 1}));
}

TEST(Collapse, MergesAxesWhoseStridesContinue) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {4, 6}, {12, 2});
  Value y = graph.input("y", DType::f32, {4, 6}, {0, 0});
  graph.output("z", x + y);
  EXPECT_EQ(collapse(graph).extents, Numbers{24});
  EXPECT_EQ(collapse(graph).strides, (Numbers{2, 0, 1}));
}

TEST(Collapse, TakesLengthsOfZero) {
  EXPECT_EQ(collapse(sum_of({{0}, {}})).parallel_extent(), 0);
  EXPECT_EQ(collapse(sum_of({{0, 5}, {5}})).parallel_extent(), 0);
  const LoopSpace inner = collapse(sum_of({{5, 0}, {5, 1}}));
  EXPECT_EQ(inner.parallel_extent() * inner.inner_extent(), 0);
  const LoopSpace middle = collapse(sum_of({{2, 0, 3}, {3}}));
  EXPECT_EQ(middle.parallel_extent() * middle.inner_extent(), 0);
}

TEST(Collapse, PassesThroughBroadcastNodes) {
  const LoopSpace space = collapse(test::copies_kernel(7));
  EXPECT_EQ(space.extents, (Numbers{3, 7}));
  EXPECT_EQ(space.strides, (Numbers{7, 1, 0, 1, 7, 1, 7, 1, 7, 1}));
}

}  // namespace
}  // namespace sinter
