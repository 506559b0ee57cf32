// Shapes, strides, broadcasting, and the limits on them.
#include <gtest/gtest.h>

#include <type_traits>

#include <sinter/ir/interpret.h>
#include <sinter/ir/shape.h>

#include "support/expect_error.h"

namespace sinter {
namespace {

using test::expect_error;

static_assert(std::is_constructible_v<Dim, int>);
static_assert(std::is_constructible_v<Dim, std::size_t>);
static_assert(!std::is_constructible_v<Dim, bool>);
static_assert(!std::is_constructible_v<Dim, double>);
// Types that hold a Shape are moved, not copied, when a vector of them grows. So their buffers keep
// their addresses.
static_assert(std::is_nothrow_move_constructible_v<Shape>);
static_assert(std::is_nothrow_move_assignable_v<Strides>);
static_assert(std::is_nothrow_move_constructible_v<TensorData>);

TEST(Shape, TakesAnyIntegerTypeWithoutACast) {
  const unsigned rows = 3;
  const std::int64_t columns = 4;
  const short depth = 5;
  EXPECT_EQ(Shape({rows, columns, depth}).elements(), 60);
}

TEST(Shape, OfRankZeroHasOneElement) {
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ(to_string(Shape()), "[]");
  EXPECT_EQ(to_string(Shape{2, 3}), "[2, 3]");
}

TEST(Shape, IsEqualByRankAndLengths) {
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_NE(Shape({2}), Shape({2, 1}));
  EXPECT_NE(Shape(), Shape({1}));
}

TEST(Shape, RefusesMoreThanEightAxes) {
  EXPECT_EQ(Shape({1, 1, 1, 1, 1, 1, 1, 1}).rank(), 8);
  expect_error(ErrorCode::limit_exceeded, "more than 8 axes: sinter serves rank 0 to 8",
               [] { (void)Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}); });
}

TEST(CheckShape, RefusesNegativeLengths) {
  expect_error(ErrorCode::invalid_argument,
               "input 'x' has shape [2, -1]: a length cannot be negative",
               [] { check_shape({2, -1}, "input 'x'"); });
}

TEST(CheckShape, RefusesMoreThanTheServedElements) {
  const std::int64_t half = std::int64_t{1} << 24;
  check_shape({half, half}, "x");
  expect_error(ErrorCode::limit_exceeded,
               "x has shape [16777216, 16777217]: more than 2^48 elements",
               [&] { check_shape({half, half + 1}, "x"); });
  // The product of these wraps around to 0 in 64 bits.
  const std::int64_t wraps = std::int64_t{1} << 32;
  expect_error(ErrorCode::limit_exceeded, "more than 2^48 elements",
               [&] { check_shape({wraps, wraps}, "x"); });
}

TEST(CheckShape, LimitsTheOtherLengthsOfAnEmptyTensorToo) {
  const std::int64_t large = std::int64_t{1} << 40;
  check_shape({0, large}, "x");
  expect_error(ErrorCode::limit_exceeded, "more than 2^48 elements",
               [&] { check_shape({large, 0, large}, "x"); });
}

TEST(Strides, OfADenseShapeAreRowMajor) {
  EXPECT_EQ(dense_strides({2, 3, 4}), Strides({12, 4, 1}));
  EXPECT_EQ(dense_strides({5}), Strides({1}));
  EXPECT_EQ(dense_strides({}), Strides());
  EXPECT_EQ(dense_strides({2, 0, 3}), Strides({0, 3, 1}));
}

struct Broadcast {
  Shape a, b;
  std::optional<Shape> result;
};

TEST(BroadcastShapes, FollowsNumPyInBothOrders) {
  const Broadcast cases[] = {
      {{}, {}, Shape()},
      {{}, {3}, Shape{3}},
      {{3}, {2, 3}, Shape{2, 3}},
      {{2, 1}, {3}, Shape{2, 3}},
      {{2, 1, 4}, {3, 1}, Shape{2, 3, 4}},
      {{1}, {0}, Shape{0}},
      {{0, 3}, {1, 3}, Shape{0, 3}},
      {{0}, {2}, std::nullopt},
      {{2}, {3}, std::nullopt},
      {{2, 3}, {2}, std::nullopt},
      {{1, 1, 1, 1, 1, 1, 1, 2}, {3, 1}, Shape{1, 1, 1, 1, 1, 1, 3, 2}},
  };
  for (const auto& [a, b, expected] : cases) {
    SCOPED_TRACE(to_string(a) + " and " + to_string(b));
    Shape result;
    EXPECT_EQ(broadcast_shapes(a, b, result), expected.has_value());
    EXPECT_EQ(result, expected.value_or(Shape()));
    EXPECT_EQ(broadcast_shapes(b, a, result), expected.has_value());
    EXPECT_EQ(result, expected.value_or(Shape()));
  }
}

TEST(BroadcastShapes, LeavesTheResultAloneWhenItFailsAndMayWriteOverAnOperand) {
  Shape shape{2};
  EXPECT_FALSE(broadcast_shapes(shape, {3}, shape));
  EXPECT_EQ(shape, Shape{2});
  EXPECT_TRUE(broadcast_shapes(shape, {4, 1}, shape));
  EXPECT_EQ(shape, Shape({4, 2}));
}

}  // namespace
}  // namespace sinter
