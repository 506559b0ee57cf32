// pow of a number: the exponents that record another op, and what they mean.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include <sinter/ir/gradients.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/text.h>

#include "support/special_values.h"

namespace sinter {
namespace {

using Method = std::function<Value(const Value&)>;

std::string text_of(DType dtype, const Method& method) {
  Graph graph;
  graph.output("y", method(graph.input("x", dtype, {3, 5})));
  return print(graph);
}

TEST(PowOfANumber, IsTheProductRootOrQuotientThatMathematicsNames) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    const auto expect_same = [&](double exponent, const Method& method) {
      EXPECT_EQ(text_of(dtype, [&](const Value& x) { return x.pow(exponent); }),
                text_of(dtype, method))
          << exponent;
    };
    expect_same(2, [](const Value& x) { return x * x; });
    expect_same(0.5, [](const Value& x) { return x.sqrt(); });
    expect_same(-1, [](const Value& x) { return 1 / x; });
    expect_same(-0.5, [](const Value& x) { return x.rsqrt(); });
  }
}

TEST(PowOfANumber, IsAParameterForAllOtherExponents) {
  for (const double exponent : {0.0, 1.0, 3.0, 2.0000000001, 0.49999, 1e300}) {
    Graph graph;
    graph.output("y", graph.input("x", DType::f32, {4}).pow(exponent));
    ASSERT_EQ(graph.parameters().size(), 1U) << exponent;
    EXPECT_EQ(graph.parameters()[0], exponent);
  }
}

TEST(PowOfANumber, OfIntegersIsRefusedAsAnyPower) {
  Graph graph;
  const Value x = graph.input("x", DType::i32, {4});
  for (const double exponent : {2.0, -1.0, 3.0}) EXPECT_THROW((void)x.pow(exponent), Error);
}

TEST(PowOfANumber, IsTheGeneralPowerIfTheNumberIsATensor) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4});
  graph.output("y", x.pow(graph.parameter(2, DType::f32)));
  EXPECT_NE(print(graph).find("pow("), std::string::npos);
}

template <typename T>
T value_of(T x, double exponent) {
  Graph graph;
  graph.output("y", graph.input("x", *dtype_of<T>, {1}).pow(exponent));
  const TensorData input = TensorData::from<T>({1}, std::span(&x, 1));
  return interpret(graph, std::span(&input, 1))[0].template as<T>()[0];
}

TEST(PowOfANumber, AgreesWithTheCLibrary) {
  for (const float x : test::special_values<float>()) {
    const auto wide = static_cast<double>(x);
    for (const double exponent : {2.0, 0.5, -1.0, -0.5}) {
      const float got = value_of(x, exponent);
      // Roots are those of sqrt, as in PyTorch: pow of C gives +0 and inf for -0 and -inf.
      const double base = exponent == 0.5 || exponent == -0.5 ? std::sqrt(wide) : wide;
      const double power = exponent == 0.5 || exponent == -0.5 ? 2 * exponent : exponent;
      const auto want = static_cast<float>(std::pow(base, power));
      if (exponent == -0.5 && std::isfinite(want) && want != 0) {
        EXPECT_NEAR(got / want, 1, 0x1p-23) << x;
      } else {
        EXPECT_TRUE(test::same_value(got, want)) << x << " ^ " << exponent << " is " << got;
      }
    }
  }
}

TEST(PowOfANumber, HasTheExactDerivative) {
  const auto slope_at = [](double at, double exponent) {
    Graph graph;
    const Value x = graph.input("x", DType::f64, {1});
    const Value y = x.pow(exponent);
    graph.output("slope", gradients(y.sum(), {x})[0]);
    const TensorData input = TensorData::from<double>({1}, std::span(&at, 1));
    return interpret(graph, std::span(&input, 1))[0].as<double>()[0];
  };
  for (const double x : {0.25, 1.0, 4.0, 9.0}) {
    EXPECT_EQ(slope_at(x, 2), 2 * x);
    EXPECT_NEAR(slope_at(x, 0.5), 0.5 / std::sqrt(x), 1e-15);
    EXPECT_NEAR(slope_at(x, -1), -1 / (x * x), 1e-14);
    EXPECT_NEAR(slope_at(x, -0.5), -0.5 / (x * std::sqrt(x)), 1e-14);
  }
  EXPECT_EQ(slope_at(0, 2), 0);
  EXPECT_EQ(slope_at(-3, 2), -6);
}

}  // namespace
}  // namespace sinter
