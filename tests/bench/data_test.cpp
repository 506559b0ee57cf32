// Buffers for measurements: their addresses and their contents.
#include <sinter/bench/data.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace sinter::bench {
namespace {

template <typename T>
std::vector<T> filled(DType dtype, std::size_t count, std::uint64_t seed) {
  std::vector<T> values(count);
  fill_uniform(std::as_writable_bytes(std::span(values)), dtype, seed);
  return values;
}

TEST(AlignedBuffer, LiesOnCacheLinesAtDifferentOffsetsInItsPage) {
  const AlignedBuffer a(100);
  const AlignedBuffer b(100);
  const auto address = [](const AlignedBuffer& buffer) {
    return reinterpret_cast<std::uintptr_t>(buffer.data());
  };
  EXPECT_EQ(address(a) % 64, 0U);
  EXPECT_EQ(address(b) % 64, 0U);
  EXPECT_NE(address(a) % 4096, address(b) % 4096);
}

TEST(FillUniform, KeepsMagnitudesBetweenATenthAndThreeWithBothSigns) {
  const std::vector<float> values = filled<float>(DType::f32, 10'000, 1);
  for (float value : values) {
    ASSERT_GE(std::abs(value), 0.0999F);
    ASSERT_LE(std::abs(value), 3.0F);
  }
  const auto negative = std::ranges::count_if(values, [](float value) { return value < 0; });
  EXPECT_NEAR(static_cast<double>(negative), 5000, 300);
}

TEST(FillUniform, RepeatsItselfForASeedOnly) {
  EXPECT_EQ(filled<double>(DType::f64, 100, 7), filled<double>(DType::f64, 100, 7));
  EXPECT_NE(filled<double>(DType::f64, 100, 7), filled<double>(DType::f64, 100, 8));
}

TEST(FillUniform, MakesMasksOfZeroAndOne) {
  const auto values = filled<std::uint8_t>(DType::boolean, 1000, 3);
  EXPECT_TRUE(std::ranges::all_of(values, [](std::uint8_t value) { return value <= 1; }));
  EXPECT_TRUE(std::ranges::find(values, 1) != values.end());
}

TEST(GraphBuffers, FollowTheDeclaration) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4, 3}, {5, 1});
  const Value mask = graph.input("mask", DType::boolean, {3});
  graph.output("y", mask.select(x, 0.0));
  const GraphBuffers buffers(graph, 1);
  ASSERT_EQ(buffers.inputs().size(), 2U);
  ASSERT_EQ(buffers.outputs().size(), 1U);
  EXPECT_EQ(buffers.inputs()[0].strides, (Strides{5, 1}));
  EXPECT_EQ(buffers.inputs()[1].dtype, DType::boolean);
  EXPECT_EQ(buffers.outputs()[0].shape, (Shape{4, 3}));
}

}  // namespace
}  // namespace sinter::bench
