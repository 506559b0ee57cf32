// The loop interpreter: results of single nests, and violations of a kernel's contract that it
// detects.
#include <sinter/codegen/loop_interpreter.h>

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>

#include "codegen/kernels.h"

namespace sinter {
namespace {

using Floats = std::vector<float>;

LoopNest nest_of(const Graph& graph, bool streaming = false) {
  return schedule_cpu(expand(graph, graph.parameters()), collapse(graph),
                      Target::parse("x86-64-v4"), {.streaming = streaming});
}

/// y = leaky_relu(x, slope) over n elements. x and y begin `offset` elements after a 64-byte
/// boundary.
struct LeakyRun {
  explicit LeakyRun(std::int64_t n, std::size_t offset = 0) : space(collapse(graph(n))) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(i % 5) - 2.0F;
      y[i] = 99;
    }
    buffers = {x.data() + offset, y.data() + offset};
  }
  static Graph graph(std::int64_t n) { return test::leaky_relu_kernel(n); }

  void run(const LoopNest& nest, std::int64_t begin, std::int64_t end) {
    interpret(nest, {buffers.data(), space.extents.data(), space.strides.data(), &slope}, begin,
              end);
  }

  alignas(64) std::array<float, 320> x{};
  alignas(64) std::array<float, 320> y{};
  std::array<void*, 2> buffers{};
  LoopSpace space;
  std::uint64_t slope = std::bit_cast<std::uint32_t>(0.5F);
};

TEST(LoopInterpreter, ComputesTheRangeAndNothingElse) {
  LeakyRun leaky(300);
  leaky.run(nest_of(LeakyRun::graph(300)), 7, 231);
  for (std::size_t i = 0; i < 300; ++i) {
    const bool inside = i >= 7 && i < 231;
    const float x = leaky.x[i];
    EXPECT_EQ(leaky.y[i], inside ? (x > 0 ? x : x * 0.5F) : 99.0F) << i;
  }
}

TEST(LoopInterpreter, DoesNothingForAnEmptyRange) {
  LeakyRun leaky(300, 3);
  for (std::int64_t at : {0, 5, 300}) leaky.run(nest_of(LeakyRun::graph(300)), at, at);
  EXPECT_EQ(leaky.y[3], 99.0F);
  EXPECT_EQ(leaky.y[8], 99.0F);
}

TEST(LoopInterpreter, ReadsTheParameterOfTheCall) {
  LeakyRun leaky(5);
  leaky.slope = std::bit_cast<std::uint32_t>(0.25F) | std::uint64_t{0xdead} << 32;
  leaky.run(nest_of(LeakyRun::graph(5)), 0, 5);
  EXPECT_EQ(leaky.y[0], -0.5F);
}

TEST(LoopInterpreter, CountsRowsInDigits) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {2, 3, 2});
  Value middle = graph.input("middle", DType::f32, {3, 1});
  graph.output("y", x * middle);
  const LoopSpace space = collapse(graph);
  ASSERT_EQ(space.rank(), 3);
  Floats x_data = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  Floats middle_data = {1, 10, 100};
  Floats y_data(12);
  void* buffers[] = {x_data.data(), middle_data.data(), y_data.data()};
  interpret(nest_of(graph), {buffers, space.extents.data(), space.strides.data(), nullptr}, 1, 6);
  EXPECT_EQ(y_data, (Floats{0, 0, 30, 40, 500, 600, 7, 8, 90, 100, 1100, 1200}));
}

TEST(LoopInterpreter, ReadsAnythingButZeroAsTrueAndWritesOne) {
  Graph graph;
  Value x = graph.input("x", DType::boolean, {3});
  graph.output("y", x.logical_and(x.logical_not().logical_not()));
  const LoopSpace space = collapse(graph);
  std::array<std::uint8_t, 3> x_data = {0, 1, 255};
  std::array<std::uint8_t, 3> y_data = {9, 9, 9};
  void* buffers[] = {x_data.data(), y_data.data()};
  interpret(nest_of(graph), {buffers, space.extents.data(), space.strides.data(), nullptr}, 0, 3);
  EXPECT_EQ(y_data, (std::array<std::uint8_t, 3>{0, 1, 1}));
}

Loop& loop(LoopNest& nest, std::size_t statement) { return std::get<Loop>(nest.body[statement]); }

TEST(LoopInterpreterDeathTest, NoticesAnUnmaskedTail) {
  LeakyRun leaky(300);
  LoopNest nest = nest_of(LeakyRun::graph(300));
  loop(nest, 3).masked = false;
  EXPECT_DEATH(leaky.run(nest, 0, 300), "an unmasked loop covers whole steps");
}

TEST(LoopInterpreterDeathTest, NoticesAStreamingStoreThatIsNotAligned) {
  LeakyRun leaky(300, 3);
  LoopNest nest = nest_of(LeakyRun::graph(300), true);
  leaky.run(nest, 0, 300);
  loop(nest, 2).from = loop(nest, 1).from;  // skips the peel
  loop(nest, 2).to = loop(nest, 1).from;
  nest.indices.push_back({IndexOp::constant, 0, {}, {}, 64});
  loop(nest, 2).to.index = static_cast<std::uint32_t>(nest.indices.size() - 1);
  EXPECT_DEATH(leaky.run(nest, 0, 300), "streaming stores are aligned");
}

TEST(LoopInterpreterDeathTest, NoticesAPeelOfSeveralVectors) {
  LeakyRun leaky(300);
  LoopNest nest = nest_of(LeakyRun::graph(300));
  loop(nest, 1).to = loop(nest, 3).to;
  EXPECT_DEATH(leaky.run(nest, 0, 300), "a loop that runs once covers one step");
}

TEST(LoopInterpreterDeathTest, NoticesALoopThatEndsBeforeItBegins) {
  LeakyRun leaky(300);
  EXPECT_DEATH(leaky.run(nest_of(LeakyRun::graph(300)), 5, 4),
               "a loop does not end before it begins");
}

}  // namespace
}  // namespace sinter
