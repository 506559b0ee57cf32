// Tensors of 16-bit floats: every op rounds, so the bits of a tensor do not depend on when it is
// evaluated or read. tests/property/tensor_cuts_test.cpp cuts random graphs anywhere.
#include <functional>

#include <sinter/ir/gradients.h>

#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

constexpr DType kStorage[] = {DType::f16, DType::bf16};

double value(const Tensor& tensor) { return tensor.item<double>(); }

/// Adds 0.001 to 1 a hundred times in bf16, calls `look` after each step, and returns the sum.
double steps(const Engine& engine, const std::function<void(const Tensor&)>& look) {
  Tensor w = engine.tensor(1, DType::bf16);
  for (int i = 0; i < 100; ++i) {
    w = w + 0.001;
    look(w);
  }
  return value(w);
}

TEST(TensorRounding, DoesNotDependOnWhenATraceRuns) {
  const Engine engine;
  const Engine crowded(EngineOptions{.trace = {.nodes = 10}});
  // bf16 has no number between 1 and 1.0078.
  EXPECT_EQ(steps(engine, [](const Tensor&) {}), 1);
  EXPECT_EQ(steps(engine, [](const Tensor& w) { static_cast<void>(value(w)); }), 1);
  EXPECT_EQ(steps(engine, [&](const Tensor& w) { engine.evaluate({w}); }), 1);
  EXPECT_EQ(steps(crowded, [](const Tensor&) {}), 1);
}

TEST(TensorRounding, GraphsKeepTheirChoice) {
  const Engine engine;
  Graph graph;
  Value w = graph.input("w", DType::bf16, {});
  for (int i = 0; i < 100; ++i) w = w + 0.001;
  graph.output("y", w);
  const bfloat16 one(1.0);
  bfloat16 result;
  engine.compile(graph).run({view(std::span(&one, 1), {})}, {view(std::span(&result, 1), {})});
  EXPECT_NEAR(static_cast<double>(result), 1.1, 0.01);
}

/// Loss of a dense layer. T is Tensor or Value.
template <typename T>
T loss_of(const T& x, const T& w, const T& b) {
  return (x.mm(w) + b).gelu().log_softmax().square().mean();
}

struct Layer {
  Layer(const Engine& engine, DType dtype)
      : x(engine.tensor({{1, -2, 0.5}, {3, 0.25, -1}}, dtype)),
        w(engine.tensor({{0.5, -1}, {0.25, 0.75}, {-0.5, 1.5}}, dtype)),
        b(engine.tensor({0.125, -0.25}, dtype)) {}
  Tensor x, w, b;
};

std::vector<double> values(const Tensor& tensor) {
  std::vector<double> all;
  const std::vector<float> wide = tensor.convert(DType::f32).to_vector<float>();
  for (float element : wide) all.push_back(element);
  return all;
}

/// Runs three steps of gradient descent, calls `look` after each, and returns the final weights.
std::vector<double> train(const Engine& engine, DType dtype,
                          const std::function<void(const Tensor& loss, Layer& layer)>& look) {
  Layer layer(engine, dtype);
  for (int i = 0; i < 3; ++i) {
    const Tensor loss = loss_of(layer.x, layer.w, layer.b);
    const std::vector<Tensor> d = gradients(loss, {layer.w, layer.b});
    layer.w = (layer.w - d[0] * 0.1).detach();
    layer.b = (layer.b - d[1] * 0.1).detach();
    look(loss, layer);
  }
  std::vector<double> all = values(layer.w);
  for (double element : values(layer.b)) all.push_back(element);
  return all;
}

TEST(TensorRounding, DoesNotDependOnWhenATrainingLoopReads) {
  for (DType dtype : kStorage) {
    const Engine engine;
    const std::vector<double> never = train(engine, dtype, [](const Tensor&, Layer&) {});
    const auto reads_loss = [](const Tensor& loss, Layer&) { static_cast<void>(value(loss)); };
    const auto runs_weights = [&](const Tensor&, Layer& layer) { engine.evaluate({layer.w}); };
    const auto runs_all = [&](const Tensor& loss, Layer& layer) {
      engine.evaluate({layer.b, loss});
      engine.evaluate({layer.w});
    };
    EXPECT_EQ(train(engine, dtype, reads_loss), never);
    EXPECT_EQ(train(engine, dtype, runs_weights), never);
    EXPECT_EQ(train(engine, dtype, runs_all), never);
    EXPECT_EQ(
        train(Engine(EngineOptions{.trace = {.nodes = 60}}), dtype, [](const Tensor&, Layer&) {}),
        never);
  }
}

TEST(TensorRounding, ANumberIsTheSameBeforeAndAfterItIsRead) {
  for (DType dtype : kStorage) {
    const Engine engine;
    const Tensor x = engine.tensor({1000, 255}, dtype);
    const Tensor number = x.scalar(0.1);
    const std::vector<double> before = values(x * number);
    const std::vector<double> moved = values(number.reshape({1}) + x);
    static_cast<void>(value(number));
    const Tensor row = number.reshape({1});
    static_cast<void>(value(row));
    EXPECT_EQ(values(x * number), before);
    EXPECT_EQ(values(row + x), moved);
  }
}

}  // namespace
}  // namespace sinter::test
