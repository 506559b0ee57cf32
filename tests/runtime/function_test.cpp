// engine.function: which callables it wraps, what each call traces, and its error messages.
#include <array>
#include <tuple>

#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

TEST(Function, FollowsCapturedNumbersAndShapes) {
  const Engine engine;
  double slope = 0.5;
  const auto f = engine.function([&](Value x, Value b) { return (x + b).leaky_relu(slope); });
  std::vector<float> x = {-4, 0, 4, 8};
  std::vector<float> b = {0, -2};
  std::vector<float> y(4);
  f({view(x, {2, 2}), view(b, {2})}, {view(y, {2, 2})});
  EXPECT_EQ(y, (std::vector<float>{-2, -1, 4, 6}));
  slope = 0.25;
  f({view(x, {2, 2}), view(b, {2})}, {view(y, {2, 2})});
  EXPECT_EQ(y, (std::vector<float>{-1, -0.5, 4, 6}));
  f({view(x, {2, 1, 2}), view(b, {2})}, {view(y, {2, 1, 2})});
  EXPECT_EQ(engine.stats().kernels.misses, 3);
  EXPECT_EQ(engine.stats().code.misses, 1);
  f({view(x, {2, 1, 2}), view(b, {2})}, {view(y, {2, 1, 2})});
  EXPECT_EQ(engine.stats().kernels.hits, 1);
}

Value twice(const Value& x) { return x * 2.0; }

TEST(Function, MayBeAPlainFunctionOrAGenericLambda) {
  const Engine engine;
  const std::array<double, 2> x = {1, 2};
  std::array<double, 2> y{};
  engine.function(twice)({view(x, {2})}, {view(y, {2})});
  EXPECT_EQ(y[1], 4);
  engine.function([](const auto& a, const auto& b) { return a - b; })({view(x, {2}), view(x, {})},
                                                                      {view(y, {2})});
  EXPECT_EQ(y[1], 1);
  engine.function([](auto... all) { return (all + ...); })(
      {view(x, {2}), view(x, {2}), view(x, {2})}, {view(y, {2})});
  EXPECT_EQ(y[1], 6);
}

TEST(Function, OfASpanTakesAnyNumberOfValues) {
  const Engine engine;
  const auto sum = engine.function([](std::span<const Value> values) {
    Value total = values[0];
    for (const Value& value : values.subspan(1)) total = total + value;
    return total;
  });
  const std::array<float, 1> x = {1};
  std::array<float, 1> y{};
  const std::vector<ConstTensorView> inputs(12, view(x, {1}));
  sum(inputs, std::vector<TensorView>{view(y, {1})});
  EXPECT_EQ(y[0], 12);
}

TEST(Function, MayReturnSeveralValues) {
  const Engine engine;
  const std::array<float, 1> x = {3};
  std::array<float, 1> a{};
  std::array<float, 1> b{};
  const auto check = [&](const auto& f) {
    a = b = {};
    engine.function(f)({view(x, {1})}, {view(a, {1}), view(b, {1})});
    EXPECT_EQ(a[0], 4);
    EXPECT_EQ(b[0], 6);
  };
  check([](Value v) { return std::vector<Value>{v + 1.0, v * 2.0}; });
  check([](Value v) { return std::array<Value, 2>{v + 1.0, v * 2.0}; });
  check([](Value v) { return std::pair(v + 1.0, v * 2.0); });
  check([](Value v) { return std::tuple(v + 1.0, v * 2.0); });
}

TEST(Function, SaysHowManyValuesItTakes) {
  const Engine engine;
  const std::array<float, 1> x = {1};
  std::array<float, 1> y{};
  const auto in = view(x, {1});
  const auto out = view(y, {1});
  EXPECT_EQ(error_of([&] {
              engine.function([](Value a, Value b) { return a + b; })({in, in, in}, {out});
            }),
            "invalid_argument: the function takes 2 Values, got 3 input views");
  EXPECT_EQ(error_of([&] { engine.function(twice)({}, {out}); }),
            "invalid_argument: the function takes 1 Value, got 0 input views");
  struct Either {
    Value operator()(const Value& a) const { return a; }
    Value operator()(const Value& a, const Value& b) const { return a + b; }
  };
  EXPECT_EQ(error_of([&] { engine.function(Either())({in, in, in}, {out}); }),
            "invalid_argument: the function takes 1 or 2 Values, got 3 input views");
}

TEST(Function, RefusesOutputsOfAnotherShape) {
  const Engine engine;
  const std::array<float, 2> x = {1, 2};
  std::array<float, 2> y{};
  EXPECT_EQ(error_of([&] { engine.function(twice)({view(x, {2})}, {view(y, {1})}); }),
            "shape_mismatch: output 'y0' has shape [2], got a view of shape [1]");
}

TEST(Function, TakesStridedViews) {
  const Engine engine;
  const std::array<float, 6> x = {1, 2, 3, 4, 5, 6};
  std::array<float, 6> y{};
  engine.function(twice)({view(x, {2, 3}, {1, 2})}, {view(y, {2, 3})});
  EXPECT_EQ(y, (std::array<float, 6>{2, 6, 10, 4, 8, 12}));
}

TEST(Function, ShowsItsProgram) {
  const Engine engine;
  const std::array<float, 2> x = {1, 2};
  const Executable program = engine.function(twice).compile({view(x, {2})});
  EXPECT_EQ(program.inputs()[0].name, "x0");
  EXPECT_EQ(program.outputs()[0].name, "y0");
}

}  // namespace
}  // namespace sinter::test
