// interpret() on whole graphs, and TensorData.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cfenv>
#include <limits>

#include <sinter/ir/interpret.h>

#include "support/expect_error.h"
#include "support/sanitizer.h"

namespace sinter {
namespace {

using test::expect_error;

TensorData counting(const Shape& shape, float from) {
  TensorData data = TensorData::zeros(DType::f32, shape);
  for (float& value : data.as<float>()) value = from++;
  return data;
}

/// Returns the element of `data` that is broadcast to position `at` of shape `target`.
float broadcast_element(const TensorData& data, const Shape& target, std::int64_t at) {
  std::int64_t offset = 0;
  std::int64_t stride = 1;
  for (int axis = target.rank() - 1; axis >= 0; --axis) {
    const std::int64_t index = at % target[axis];
    at /= target[axis];
    const int own = axis - (target.rank() - data.shape.rank());
    if (own < 0) continue;
    if (data.shape[own] != 1) offset += index * stride;
    stride *= data.shape[own];
  }
  return data.as<float>()[static_cast<std::size_t>(offset)];
}

TEST(Interpret, BroadcastsAsNumPyForEveryRank) {
  const std::pair<Shape, Shape> cases[] = {
      {{}, {}},         {{}, {3}},
      {{1}, {1}},       {{4}, {3, 1}},
      {{2, 3}, {2, 3}}, {{2, 1, 4}, {3, 1}},
      {{2, 3, 4}, {4}}, {{0, 3}, {1, 3}},
      {{2, 0}, {1}},    {{1, 2, 1, 2, 1, 2, 1, 2}, {2, 1, 2, 1, 2, 1, 2, 1}},
  };
  for (const auto& [a_shape, b_shape] : cases) {
    SCOPED_TRACE(to_string(a_shape) + " - " + to_string(b_shape));
    Graph graph;
    const Value a = graph.input("a", DType::f32, a_shape);
    const Value b = graph.input("b", DType::f32, b_shape);
    graph.output("y", a - b);
    const TensorData inputs[] = {counting(a_shape, 1), counting(b_shape, 1000)};
    const TensorData y = interpret(graph, inputs)[0];
    ASSERT_EQ(y.shape, (a - b).shape());
    for (std::int64_t i = 0; i < y.shape.elements(); ++i) {
      EXPECT_EQ(
          y.as<float>()[static_cast<std::size_t>(i)],
          broadcast_element(inputs[0], y.shape, i) - broadcast_element(inputs[1], y.shape, i));
    }
  }
}

TEST(Interpret, ReadsInputsAsDenseWhateverTheirDeclaredStrides) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {2, 2}, {1, 2}) * 2);
  const TensorData inputs[] = {counting({2, 2}, 1)};
  const TensorData y = interpret(graph, inputs)[0];
  EXPECT_EQ(std::vector(y.as<float>().begin(), y.as<float>().end()),
            std::vector<float>({2, 4, 6, 8}));
}

TEST(Interpret, GivesOutputsInOrderAndAsOftenAsTheyAreNamed) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2});
  const Value y = x * 2;
  graph.output("b", y + 1);
  graph.output("y", y);
  graph.output("x", x);
  graph.output("again", y);
  graph.output("number", graph.parameter(0.1, DType::f64));
  const TensorData inputs[] = {counting({2}, 1)};
  const std::vector<TensorData> outputs = interpret(graph, inputs);
  ASSERT_EQ(outputs.size(), 5u);
  EXPECT_EQ(outputs[0].as<float>()[1], 5);
  EXPECT_EQ(outputs[1].as<float>()[1], 4);
  EXPECT_EQ(first_difference(outputs[2], inputs[0]), -1);
  EXPECT_EQ(first_difference(outputs[3], outputs[1]), -1);
  EXPECT_EQ(outputs[4].as<double>()[0], 0.1);
}

TEST(Interpret, ReadsAnyByteButZeroAsTrueAndWritesOne) {
  Graph graph;
  const Value mask = graph.input("mask", DType::boolean, {3});
  graph.output("copy", mask);
  graph.output("not", mask.logical_not());
  graph.output("number", mask.convert(DType::f32));
  TensorData bytes = TensorData::zeros(DType::boolean, {3});
  bytes.bytes = {std::byte{0}, std::byte{2}, std::byte{255}};
  const std::vector<TensorData> outputs = interpret(graph, std::span(&bytes, 1));
  EXPECT_EQ(outputs[0].bytes, (std::vector{std::byte{0}, std::byte{1}, std::byte{1}}));
  EXPECT_EQ(outputs[1].bytes, (std::vector{std::byte{1}, std::byte{0}, std::byte{0}}));
  EXPECT_EQ(outputs[2].as<float>()[2], 1);
}

TEST(Interpret, RoundsParametersToTheDtypeThatTheyMeet) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1});
  graph.output("y", x * 0.1);
  const TensorData inputs[] = {counting({1}, 3)};
  EXPECT_EQ(interpret(graph, inputs)[0].as<float>()[0], 3 * 0.1f);
}

TEST(Interpret, DoesNotDependOnTheFloatingPointControlOfTheCaller) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2});
  graph.output("third", x / 3);
  graph.output("rounded", (x + 0.5).round());
  graph.output("narrow", (x.convert(DType::f64) / 3).convert(DType::f32));
  const TensorData inputs[] = {counting({2}, 1)};
  const std::vector<TensorData> expected = interpret(graph, inputs);
  for (int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    const std::vector<TensorData> got = interpret(graph, inputs);
    EXPECT_EQ(std::fegetround(), mode) << "the caller's mode should be restored";
    std::fesetround(FE_TONEAREST);
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_EQ(first_difference(expected[i], got[i]), -1);
  }
}

TEST(Interpret, RefusesInputsOfAnotherNumberDtypeOrShape) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {2, 3}) + 1);
  const TensorData right = counting({2, 3}, 0);
  const TensorData two[] = {right, right};
  const TensorData turned[] = {counting({3, 2}, 0)};
  const TensorData wide[] = {TensorData::zeros(DType::f64, {2, 3})};
  expect_error(ErrorCode::invalid_argument, "the graph has 1 inputs, but 2 were given",
               [&] { (void)interpret(graph, two); });
  expect_error(ErrorCode::shape_mismatch, "input 'x' has shape [2, 3], not [3, 2]",
               [&] { (void)interpret(graph, turned); });
  expect_error(ErrorCode::dtype_mismatch, "input 'x' is f32, not f64",
               [&] { (void)interpret(graph, wide); });
  expect_error(ErrorCode::invalid_graph, "the graph has no output",
               [] { (void)interpret(Graph(), {}); });
  TensorData short_one = right;
  short_one.bytes.pop_back();
  expect_error(ErrorCode::invalid_argument, "input 'x' has 23 bytes, not 24",
               [&] { (void)interpret(graph, std::span(&short_one, 1)); });
}

TEST(Interpret, RunsAChainOfAHundredThousandNodes) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {3});
  const Value one = graph.constant(1, DType::f32);
  for (int i = 0; i < 100'000; ++i) x = x + one;
  graph.output("y", x);
  const TensorData inputs[] = {counting({3}, 0)};
  EXPECT_EQ(interpret(graph, inputs)[0].as<float>()[2], 100'002);
}

TEST(Interpret, FreesWhatNoNodeReadsAnyMore) {
  const std::int64_t megabytes = 4;
  const int length = 200;
  Graph graph;
  Value x = graph.input("x", DType::f32, {megabytes << 18});
  for (int i = 0; i < length; ++i) x = -x;
  graph.output("y", x);
  const TensorData inputs[] = {counting({megabytes << 18}, 0)};
  const auto peak_kilobytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = peak_kilobytes();
  EXPECT_EQ(interpret(graph, inputs)[0].as<float>()[7], 7);
  // Keeping every value would take twice this limit. The limit is that high to leave room for a
  // sanitizer's quarantine.
  EXPECT_LT(peak_kilobytes() - before, megabytes * 1024 * length / 2);
}

// --- TensorData ----------------------------------------------------------------------------------

TEST(TensorData, RefusesWhatDoesNotFit) {
  const float three[] = {1, 2, 3};
  expect_error(ErrorCode::invalid_argument, "3 values for a tensor of shape [2, 2], which holds 4",
               [&] { (void)TensorData::from<float>({2, 2}, three); });
  const TensorData data = TensorData::from<float>({3}, three);
  EXPECT_EQ(data.as<float>()[2], 3);
  expect_error(ErrorCode::dtype_mismatch, "a tensor of f32 was read as f64",
               [&] { (void)data.as<double>(); });
  expect_error(ErrorCode::dtype_mismatch, "a tensor of f32 was read as i32",
               [&] { (void)data.as<int>(); });
  expect_error(ErrorCode::invalid_argument, "a length cannot be negative",
               [] { (void)TensorData::zeros(DType::f32, {-1}); });
}

TEST(TensorData, NamesTheBytesThatThereIsNoMemoryFor) {
  if (SINTER_SANITIZED) GTEST_SKIP() << "a sanitizer's operator new ends the process";
  expect_error(ErrorCode::limit_exceeded,
               "no memory for a tensor of f64[281474976710656], which takes 2251799813685248 bytes",
               [] { (void)TensorData::zeros(DType::f64, {kMaxElements}); });
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1});
  graph.output("y", x.broadcast_to({kMaxElements}));
  expect_error(ErrorCode::limit_exceeded, "no memory for a tensor of f32[281474976710656]",
               [&] { (void)interpret(graph, std::array{TensorData::zeros(DType::f32, {1})}); });
}

TEST(FirstDifference, ComparesBitsWithAllNaNsEqual) {
  const auto tensor = [](std::vector<float> values) {
    return TensorData::from<float>({static_cast<std::int64_t>(values.size())},
                                   std::span<const float>(values));
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(first_difference(tensor({1, 2}), tensor({1, 2})), -1);
  EXPECT_EQ(first_difference(tensor({1, nan}), tensor({1, -nan})), -1);
  EXPECT_EQ(first_difference(tensor({1, 0.0f}), tensor({1, -0.0f})), 1);
  EXPECT_EQ(first_difference(tensor({nan, 0}), tensor({1, 0})), 0);
  EXPECT_EQ(first_difference(tensor({1}), tensor({1, 2})), -2);
  EXPECT_EQ(first_difference(tensor({1}), TensorData::zeros(DType::f64, {1})), -2);
  EXPECT_EQ(first_difference(tensor({}), tensor({})), -1);
}

}  // namespace
}  // namespace sinter
