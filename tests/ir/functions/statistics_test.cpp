// Variance and the softmax family in the interpreter, on few or no elements.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include <sinter/ir/gradients.h>
#include <sinter/ir/interpret.h>

namespace sinter {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double variance_of(const std::vector<double>& x, std::int64_t correction) {
  Graph graph;
  const auto n = static_cast<std::int64_t>(x.size());
  const Value input = graph.input("x", DType::f64, {n});
  graph.output("y", input.variance({}, false, correction));
  const TensorData data = TensorData::from<double>({n}, std::span(x));
  return interpret(graph, std::span(&data, 1))[0].as<double>()[0];
}

TEST(Variance, NeverDividesByANegativeNumber) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(variance_of({1, 2}, 0), 0.25);
  EXPECT_EQ(variance_of({1, 2}, 1), 0.5);
  EXPECT_EQ(variance_of({1, 2}, -2), 0.125);
  EXPECT_EQ(variance_of({1, 2}, -kMost - 1), 0.5 / 0x1p63);
  for (const std::int64_t correction : {std::int64_t{2}, std::int64_t{3}, kMost}) {
    EXPECT_EQ(variance_of({1, 2}, correction), kInf) << correction;
    EXPECT_TRUE(std::isnan(variance_of({5}, correction))) << correction;
    EXPECT_TRUE(std::isnan(variance_of({}, correction))) << correction;
  }
  EXPECT_TRUE(std::isnan(variance_of({}, 0)));
}

/// Returns the result of each function of an x whose rows have no elements, and its gradient by x.
std::vector<TensorData> of_nothing(const Shape& shape, const Axes& axes) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, shape);
  const Value results[] = {x.softmax(axes), x.log_softmax(axes), x.logsumexp(axes)};
  for (const Value& y : results) {
    graph.output("y" + std::to_string(graph.outputs().size()), y);
    graph.output("d" + std::to_string(graph.outputs().size()), gradients(y.sum(), {x})[0]);
  }
  const TensorData data = TensorData::zeros(DType::f32, shape);
  return interpret(graph, std::span(&data, 1));
}

TEST(Softmax, OfNothingIsEmptyAndItsSumInfinite) {
  struct Case {
    Shape shape;
    Axes axes;
    Shape sums;
  };
  const Case cases[] = {{{0}, 0, {}},        {{5, 0}, 1, {5}},       {{0, 5}, 1, {0}},
                        {{5, 0}, 0, {0}},    {{2, 0, 3}, 1, {2, 3}}, {{0, 0}, {0, 1}, {}},
                        {{2, 0}, {0, 1}, {}}};
  for (const Case& each : cases) {
    SCOPED_TRACE(to_string(each.shape));
    const std::vector<TensorData> results = of_nothing(each.shape, each.axes);
    for (const std::size_t i : {0, 1, 2, 3, 5}) EXPECT_EQ(results[i].shape, each.shape) << i;
    EXPECT_EQ(results[4].shape, each.sums);
    for (const float sum : results[4].as<float>()) EXPECT_EQ(sum, -kInf);
  }
}

}  // namespace
}  // namespace sinter
