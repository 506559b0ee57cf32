// argmax and argmin against a plain search, on every dtype, axis and target.
#include <gtest/gtest.h>

#include <limits>
#include <span>
#include <string>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

#include "machines.h"
#include "support/expect_error.h"
#include "support/numbers.h"

namespace sinter::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Returns the index of the first NaN or, without NaN, of the first extreme. Unlike kernels, it
/// compares element by element.
template <typename T>
std::int64_t searched(const std::vector<T>& x, bool highest) {
  const auto is_nan = [](T value) { return value != value; };
  std::size_t best = 0;
  for (std::size_t i = 1; i < x.size() && !is_nan(x[best]); ++i) {
    const bool better = highest ? x[i] > x[best] : x[i] < x[best];
    if (better || is_nan(x[i])) best = i;
  }
  return static_cast<std::int64_t>(best);
}

/// Searches along `axis`, for each index of the axes before and after it.
template <typename T>
std::vector<std::int64_t> searched_along(std::span<const T> x, const Shape& shape, int axis,
                                         bool highest) {
  std::int64_t outer = 1;
  std::int64_t inner = 1;
  for (int k = 0; k < axis; ++k) outer *= shape[k];
  for (int k = axis + 1; k < shape.rank(); ++k) inner *= shape[k];
  std::vector<std::int64_t> result;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < inner; ++i) {
      std::vector<T> row;
      for (std::int64_t k = 0; k < shape[axis]; ++k) {
        row.push_back(x[static_cast<std::size_t>((o * shape[axis] + k) * inner + i)]);
      }
      result.push_back(searched(row, highest));
    }
  }
  return result;
}

std::vector<std::int64_t> searched_along(const TensorData& x, const Shape& shape, int axis,
                                         bool highest) {
  if (x.dtype == DType::i64) return searched_along(x.as<std::int64_t>(), shape, axis, highest);
  const std::vector<double> all = numbers(x);
  return searched_along(std::span(all), shape, axis, highest);
}

std::vector<std::int64_t> indices(const TensorData& tensor) {
  const auto values = tensor.as<std::int64_t>();
  return {values.begin(), values.end()};
}

/// Checks argmax and argmin along every axis and over all elements, in the interpreter and on every
/// machine.
void check(const Machines& machines, DType dtype, const Shape& shape, std::uint64_t seed) {
  Graph graph;
  const Value x = graph.input("x", dtype, shape);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    graph.output("max" + std::to_string(axis), x.argmax(axis));
    graph.output("min" + std::to_string(axis), x.argmin(axis - shape.rank(), true));
  }
  graph.output("max", x.argmax());
  graph.output("min", x.argmin());
  const std::string what =
      std::string(info(dtype).name) + to_string(shape) + " seed " + std::to_string(seed);
  machines.check(graph, what, seed);
  const std::vector<TensorData> inputs = random_inputs(graph, seed);
  const std::vector<TensorData> y = interpret(graph, inputs);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const auto axis = static_cast<int>(i / 2);
    const bool along = axis < shape.rank();
    const Shape searched = along ? shape : Shape{shape.elements()};
    const auto expected = searched_along(inputs[0], searched, along ? axis : 0, i % 2 == 0);
    EXPECT_EQ(y[i].dtype, DType::i64);
    EXPECT_EQ(indices(y[i]), expected) << what << ", output " << i;
  }
}

TEST(ArgExtreme, EveryDTypeAndAxis) {
  const Machines machines;
  for (const DTypeInfo& type : all_dtypes()) {
    for (std::int64_t n : {1, 2, 15, 17, 63, 64, 65, 257}) {
      check(machines, type.dtype, {n}, 1);
      check(machines, type.dtype, {3, n}, 2);
    }
    check(machines, type.dtype, {4, 33, 5}, 3);
    check(machines, type.dtype, {2, 3, 1, 70}, 4);
  }
}

TEST(ArgExtreme, LongRows) {
  const Machines machines;
  for (DType dtype : {DType::f32, DType::f64, DType::u8}) {
    for (std::int64_t n : {2049, 8191, 8192, 8193, 16384, 20001}) {
      check(machines, dtype, {n}, static_cast<std::uint64_t>(n));
    }
    check(machines, dtype, {2, 8200, 3}, 5);
    check(machines, dtype, {1, 1, 1, 1, 1, 1, 8200, 1}, 6);
  }
}

std::int64_t of(const std::vector<float>& x, bool highest) {
  Graph graph;
  const Value input = graph.input("x", DType::f32, {x.size()});
  graph.output("y", highest ? input.argmax() : input.argmin());
  const std::vector<TensorData> inputs{TensorData::from<float>(graph.shape(input.id()), x)};
  return indices(interpret(graph, inputs)[0])[0];
}

TEST(ArgExtreme, TheLowestIndexAmongEquals) {
  EXPECT_EQ(of({1, 3, 3, 2}, true), 1);
  EXPECT_EQ(of({3, 1, 2, 1}, false), 1);
  EXPECT_EQ(of({-0.0F, 0.0F}, true), 0) << "-0 equals +0";
  EXPECT_EQ(of({0.0F, -0.0F}, false), 0);
  EXPECT_EQ(of({-kInf, -kInf}, true), 0);
  EXPECT_EQ(of({kInf, kInf}, false), 0);
}

TEST(ArgExtreme, TheFirstNaNWins) {
  EXPECT_EQ(of({1, kNaN, 9, kNaN}, true), 1);
  EXPECT_EQ(of({1, kNaN, -9, kNaN}, false), 1);
  EXPECT_EQ(of({kNaN}, true), 0);
}

/// Ties and NaNs in different chunks.
TEST(ArgExtreme, AcrossChunks) {
  for (std::size_t n : {16384, 20000}) {
    for (std::size_t first : {0, 8191, 8192, 16383}) {
      std::vector<float> x(n, 1);
      x[first] = x.back() = 2;
      EXPECT_EQ(of(x, true), first);
      x[first] = x.back() = kNaN;
      EXPECT_EQ(of(x, false), first);
    }
  }
}

TEST(ArgExtreme, Shapes) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3, 4});
  EXPECT_EQ(x.argmax().shape(), Shape{});
  EXPECT_EQ(x.argmax({}, true).shape(), (Shape{1, 1, 1}));
  EXPECT_EQ(x.argmax(1).shape(), (Shape{2, 4}));
  EXPECT_EQ(x.argmin(-1, true).shape(), (Shape{2, 3, 1}));
  EXPECT_EQ(graph.input("long", DType::f32, {2, 9000}).argmax(1, true).shape(), (Shape{2, 1}));
  EXPECT_EQ(graph.input("none", DType::f32, {0, 3}).argmax(1).shape(), Shape{0});
  EXPECT_EQ(graph.parameter(3, DType::f32).argmax().shape(), Shape{});
}

TEST(ArgExtreme, RefusesWhatHasNoMeaning) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3});
  const Value nothing = graph.input("nothing", DType::f32, {2, 0});
  EXPECT_EQ(message_of([&] { (void)x.argmax(2); }),
            "argmax: axis 2 of shape [2, 3]: axes are -2 to 1");
  EXPECT_EQ(message_of([&] { (void)x.argmin({0, 1}); }),
            "argmin: axes [0, 1] of shape [2, 3]: name one axis, or none for the index in the "
            "flattened tensor");
  EXPECT_EQ(message_of([&] { (void)nothing.argmax(); }),
            "argmax of shape [2, 0]: there are no elements, so there is no highest one");
  EXPECT_EQ(message_of([&] { (void)nothing.argmin(-1); }),
            "argmin of shape [2, 0] along axis -1: there are no elements, so there is no "
            "lowest one");
}

}  // namespace
}  // namespace sinter::test
