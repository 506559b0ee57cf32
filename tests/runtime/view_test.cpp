// view(): which ranges it accepts, the view that it makes, and which sizes it refuses.
#include <sinter/runtime/view.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace sinter {
namespace {

using test::error_of;

template <typename Range>
concept Viewable =
    requires(Range&& range, const Shape& shape) { view(std::forward<Range>(range), shape); };
template <typename Range>
using ViewType = decltype(view(std::declval<Range>(), std::declval<const Shape&>()));

static_assert(!Viewable<std::vector<float>>, "a temporary container would dangle");
static_assert(!Viewable<std::array<float, 4>>, "a temporary container would dangle");
static_assert(Viewable<std::span<float>>, "a temporary span refers to memory that stays");
static_assert(!Viewable<std::vector<unsigned>&>, "unsigned is no dtype");
static_assert(!Viewable<std::vector<bool>&>, "std::vector<bool> holds no bools");

static_assert(std::is_same_v<ViewType<std::vector<float>&>, TensorView>);
static_assert(std::is_same_v<ViewType<float (&)[4]>, TensorView>);
static_assert(std::is_same_v<ViewType<double*>, TensorView>);
static_assert(std::is_same_v<ViewType<std::span<bool>>, TensorView>);
static_assert(std::is_same_v<ViewType<const std::vector<float>&>, ConstTensorView>);
static_assert(std::is_same_v<ViewType<const float*>, ConstTensorView>);
static_assert(std::is_same_v<ViewType<std::span<const float>>, ConstTensorView>);

static_assert(std::is_convertible_v<TensorView, ConstTensorView>);
static_assert(!std::is_convertible_v<ConstTensorView, TensorView>,
              "const memory cannot be an output");

TEST(View, CarriesPointerTypeShapeAndStrides) {
  std::vector<double> values(12);
  const TensorView dense = view(values, {3, 4});
  EXPECT_EQ(dense.data, values.data());
  EXPECT_EQ(dense.dtype, DType::f64);
  EXPECT_EQ(dense.shape, Shape({3, 4}));
  EXPECT_TRUE(dense.strides.empty());
  const ConstTensorView columns = view(values, {4, 3}, {1, 4});
  EXPECT_EQ(columns.strides, Strides({1, 4}));
}

TEST(View, TakesAnyIntegerAsALength) {
  std::vector<float> values(6);
  const std::size_t rows = 2;
  const unsigned char columns = 3;
  EXPECT_EQ(view(values, {rows, columns}).shape, Shape({2, 3}));
}

TEST(View, OfAScalarNeedsOneElement) {
  std::array<float, 1> one{};
  EXPECT_EQ(view(one, {}).shape.rank(), 0);
  std::vector<float> none;
  EXPECT_EQ(error_of([&] { static_cast<void>(view(none, {})); }),
            "invalid_buffer: view of shape [] needs 1 elements, the range has 0");
}

TEST(View, OfNoElementsNeedsNone) {
  std::vector<float> none;
  EXPECT_EQ(view(none, {0, 4}).shape, Shape({0, 4}));
  EXPECT_EQ(view(none, {4, 0}, {100, 1}).shape, Shape({4, 0}));
}

TEST(View, RefusesARangeThatIsTooShort) {
  std::vector<float> values(11);
  EXPECT_EQ(error_of([&] { static_cast<void>(view(values, {3, 4})); }),
            "invalid_buffer: view of shape [3, 4] needs 12 elements, the range has 11");
  EXPECT_EQ(error_of([&] { static_cast<void>(view(values, {3, 4}, {1, 4})); }),
            "invalid_buffer: view of shape [3, 4] with strides [1, 4] needs 15 elements, the range "
            "has 11");
}

TEST(View, StridesOfZeroNeedOnlyWhatTheyReach) {
  std::vector<float> row(4);
  EXPECT_EQ(view(row, {1000, 4}, {0, 1}).shape, Shape({1000, 4}));
}

TEST(View, RefusesStridesThatDoNotFitTheShape) {
  std::vector<float> values(12);
  EXPECT_EQ(
      error_of([&] { static_cast<void>(view(values, {3, 4}, {1})); }),
      "invalid_buffer: view of shape [3, 4] with strides [1]: give one stride per axis, or none");
  EXPECT_EQ(error_of([&] { static_cast<void>(view(values, {3, 4}, {-4, 1})); }),
            "invalid_buffer: view of shape [3, 4] with strides [-4, 1] reaches before the range: "
            "for negative strides "
            "give a pointer to the element at [0, ..., 0]");
}

TEST(View, RefusesLengthsThatWouldOverflow) {
  std::vector<float> values(12);
  EXPECT_EQ(error_of([&] {
              static_cast<void>(view(values, {1 << 20, 1 << 20}, {INT64_MAX, INT64_MAX}));
            }),
            "invalid_buffer: view of shape [1048576, 1048576] with strides [9223372036854775807, "
            "9223372036854775807] needs 72057594037927936 elements, the range has 12");
}

}  // namespace
}  // namespace sinter
