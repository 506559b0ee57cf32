// gradients() of tensors: the bits are those of the graph's gradients, and a training loop compiles
// once. A gradient is never incomplete: if a tensor on a path was evaluated, it is refused. Error
// messages.
#include <sinter/ir/gradients.h>

#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

using Floats = std::vector<float>;

/// Loss of a dense layer. T is Tensor or Value.
template <typename T>
T loss_of(const T& x, const T& w, const T& b, const T& target) {
  return (x.mm(w) + b).leaky_relu(0.1).sub(target).square().mean();
}

struct Layer {
  explicit Layer(const Engine& engine)
      : x(engine.tensor({{1, -2, 0.5}, {3, 0.25, -1}})),
        target(engine.tensor({{1, 0}, {0, 1}})),
        w(engine.tensor({{0.5, -1}, {0.25, 0.75}, {-0.5, 1.5}})),
        b(engine.tensor({0.125, -0.25})) {}
  [[nodiscard]] Tensor loss() const { return loss_of(x, w, b, target); }
  Tensor x, target, w, b;
};

TensorData data_of(const Tensor& tensor) {
  return TensorData::from<float>(tensor.shape(), tensor.to_vector<float>());
}

TEST(TensorGradients, HaveTheBitsOfTheGraphs) {
  const Engine engine;
  const Layer layer(engine);
  const std::vector<Tensor> got = gradients(layer.loss(), {layer.w, layer.b});

  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3});
  const Value w = graph.input("w", DType::f32, {3, 2});
  const Value b = graph.input("b", DType::f32, {2});
  const Value target = graph.input("target", DType::f32, {2, 2});
  for (const Value& d : gradients(loss_of(x, w, b, target), {w, b})) {
    graph.output("d" + std::to_string(graph.outputs().size()), d);
  }
  const std::vector<TensorData> inputs = {data_of(layer.x), data_of(layer.w), data_of(layer.b),
                                          data_of(layer.target)};
  const std::vector<TensorData> expected = interpret(graph, inputs);
  ASSERT_EQ(got.size(), 2);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(got[i].shape(), expected[i].shape);
    EXPECT_EQ(first_difference(data_of(got[i]), expected[i]), -1);
  }
}

TEST(TensorGradients, ALoopOfStepsIsCompiledOnceAndGoesDownhill) {
  const Engine engine;
  Layer layer(engine);
  Floats losses;
  for (int step = 1; step <= 30; ++step) {
    const Tensor loss = layer.loss();
    const std::vector<Tensor> d = gradients(loss, {layer.w, layer.b});
    layer.w -= d[0] * (0.2 / step);
    layer.b -= d[1] * (0.2 / step);
    losses.push_back(loss.item<float>());
  }
  EXPECT_EQ(engine.stats().kernels.misses, 1);
  EXPECT_EQ(engine.stats().plans.misses, 1);
  EXPECT_LT(losses.back(), 0.5F * losses.front());
}

TEST(TensorGradients, ALoopThatReadsNothingIsNotCutShort) {
  const auto train = [](const TraceLimits& limits, bool reads) {
    const Engine engine(EngineOptions{.trace = limits});
    Layer layer(engine);
    for (int step = 0; step < 60; ++step) {
      layer.x = engine.tensor(std::vector<float>(6, 0.125F * static_cast<float>(step)), {2, 3});
      const Tensor loss = layer.loss();
      const std::vector<Tensor> d = gradients(loss, {layer.w, layer.b});
      layer.w -= d[0] * 0.001;
      layer.b -= d[1] * 0.001;
      if (reads) engine.evaluate({layer.w, layer.b});
    }
    EXPECT_LE(engine.stats().kernels.misses, 4) << "almost all traces are equal";
    return layer.w.to_vector<float>();
  };
  const Floats expected = train({}, true);
  EXPECT_EQ(train({.nodes = 150}, false), expected);
  EXPECT_EQ(train({.bytes = 100}, false), expected);
}

TEST(TensorGradients, GoThroughWhatIsRecordedOnTheWay) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor y = x * x;
  const Tensor loss = (y * y).sum();
  const std::vector<Tensor> d = gradients(loss, {x, y, loss});
  EXPECT_EQ(d[0].to_vector<float>(), (Floats{108, -4}));
  EXPECT_EQ(d[1].to_vector<float>(), (Floats{18, 2}));
  EXPECT_EQ(d[2].item<float>(), 1);
}

TEST(TensorGradients, AreDifferentiatedAgain) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor slope = gradients((x * x * x).sum(), {x})[0];
  EXPECT_EQ(gradients(slope.sum(), {x})[0].to_vector<float>(), (Floats{18, -6}));
}

TEST(TensorGradients, ByANumberBesideTensors) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor factor = x.scalar(5);
  EXPECT_EQ(gradients((x * factor).sum(), {factor})[0].item<float>(), 2);
}

// --- In place ------------------------------------------------------------------------------------

TEST(TensorGradients, InPlaceTheOldValueIsStillThere) {
  // With a slope below 0, the sign of x cannot be told from the result. The recorded x keeps it.
  for (double slope : {0.5, 0.0, -2.0}) {
    const Engine engine;
    const Tensor x = engine.tensor({3, -1, 0, -4});
    Tensor h = x * 1;
    const Tensor before = h;
    h.leaky_relu(slope, true);
    const auto s = static_cast<float>(slope);
    const std::vector<Tensor> d = gradients((h * h).sum(), {x, before, h});
    // The gradient by h is 2 h. The gradient by `before`, the old value of h, is 2 h times 1 or the
    // slope.
    EXPECT_EQ(d[0].to_vector<float>(), (Floats{6, -2 * s * s, 0, -8 * s * s})) << slope;
    EXPECT_EQ(d[1].to_vector<float>(), d[0].to_vector<float>()) << slope;
    EXPECT_EQ(d[2].to_vector<float>(), (Floats{6, -2 * s, 0, -8 * s})) << slope;
  }
}

TEST(TensorGradients, InPlaceMemoryIsNotReusedBeforeTheGradientHasReadIt) {
  const Engine engine;
  Tensor x = engine.tensor({3, -1, 0, -4});
  const Tensor w = engine.ones({4});
  const Tensor product = x * w;
  x.leaky_relu(-2, true);  // only x held its memory, so the new value may take it
  const Tensor d = gradients((product * x).sum(), {w})[0];
  engine.evaluate({x, d});
  EXPECT_EQ(x.to_vector<float>(), (Floats{3, 2, 0, 8}));
  EXPECT_EQ(d.to_vector<float>(), (Floats{9, -2, 0, -32}));
}

// --- Evaluated tensors on the path ---------------------------------------------------------------

std::string between(std::string_view evaluated) {
  return "invalid_argument: gradients: the path from value 0 of the list, f32[2], to the loss "
         "passes a tensor " +
         std::string(evaluated) +
         " that has been evaluated already, which discards its graph: call gradients before "
         "anything on that path is read, or runs because its trace is full "
         "(EngineOptions::trace); or detach() what should be a constant";
}
const std::string kBetween = between("f32[2]");

TEST(TensorGradients, OfALossThatWasReadAreRefused) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor loss = (x * x).sum();
  static_cast<void>(loss.item<float>());
  EXPECT_EQ(error_of([&] { static_cast<void>(gradients(loss, {x})); }),
            "invalid_argument: gradients: the loss has been evaluated already, which discards its "
            "graph: call gradients before anything reads the loss or runs its trace");
}

TEST(TensorGradients, ThatWouldMissAPartAreRefused) {
  const Engine engine;
  const Tensor w = engine.tensor({3, -1});
  Tensor hidden = w * 2;
  if (hidden.mean() < 100) hidden = hidden.leaky_relu(0.1);
  const auto take = [&](const Tensor& loss) {
    return error_of([&] { static_cast<void>(gradients(loss, {w})); });
  };
  EXPECT_EQ(take(hidden.sum() + w.square().sum()), kBetween)
      << "only one of two paths is cut: the gradient would be incomplete";
  EXPECT_EQ(take(hidden.sum()), kBetween) << "the only path is cut: there would be no gradient";
  const Tensor constant = hidden.detach();
  for (const char* when : {"recorded", "evaluated"}) {
    const Tensor d = gradients((constant * w).sum(), {w})[0];
    EXPECT_EQ(d.to_vector<float>(), constant.to_vector<float>()) << when;
  }
}

TEST(TensorGradients, ThatWouldMissAPartTwoRunsAgoAreRefused) {
  const Engine engine;
  const Tensor w = engine.tensor({3, -1});
  Tensor hidden = w * 2;
  for (int i = 0; i < 3; ++i) {
    engine.evaluate({hidden});
    hidden = hidden + 1;
  }
  EXPECT_EQ(error_of([&] { static_cast<void>(gradients(hidden.sum(), {w})); }), kBetween);
}

TEST(TensorGradients, ThatAFullTraceCutShortAreRefused) {
  const Engine engine(EngineOptions{.trace = {.nodes = 30}});
  const Tensor w = engine.tensor({3, -1});
  Tensor hidden = w * 2;
  for (int i = 0; i < 50; ++i) hidden = hidden + 1;
  EXPECT_EQ(error_of([&] { static_cast<void>(gradients(hidden.sum(), {w})); }), kBetween);
}

TEST(TensorGradients, DistinguishTheTensorsOfOneRun) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor w = x + 1;
  const Tensor from_w = w * 2;
  const Tensor sibling = x * 3;
  engine.evaluate({w, from_w, sibling});
  EXPECT_EQ(gradients((w * sibling).sum(), {w})[0].to_vector<float>(), (Floats{9, -3}));
  EXPECT_EQ(error_of([&] { static_cast<void>(gradients((w * from_w).sum(), {w})); }), kBetween);
  EXPECT_EQ(error_of([&] { static_cast<void>(gradients((w * from_w).sum(), {w, from_w})); }),
            kBetween)
      << "one path of the gradient by w goes through from_w";
}

TEST(TensorGradients, OfOneOfManyTrainedTensors) {
  const Engine engine;
  Layer layer(engine);
  const std::vector<Tensor> d = gradients(layer.loss(), {layer.w, layer.b});
  layer.w -= d[0] * 0.1;
  layer.b -= d[1] * 0.1;
  engine.evaluate({layer.w, layer.b});
  // One run computed both, and neither depends on the other.
  for (const Tensor* weight : {&layer.w, &layer.b}) {
    EXPECT_NO_THROW(static_cast<void>(gradients(layer.loss(), {*weight})));
  }
}

TEST(TensorGradients, ByAlternatingTensorsNeedDetachedSteps) {
  const Engine engine;
  Layer layer(engine);
  const auto step = [&](Tensor& weight) { return weight - gradients(layer.loss(), {weight})[0]; };
  for (int i = 0; i < 3; ++i) {
    for (Tensor* weight : {&layer.w, &layer.b}) {
      *weight = step(*weight).detach();
      if (i % 2 == 0) engine.evaluate({*weight});
    }
  }
  layer.w = step(layer.w);  // depends on b too: a gradient by b would go through this step
  engine.evaluate({layer.w});
  EXPECT_EQ(error_of([&] { static_cast<void>(step(layer.b)); }), between("f32[3, 2]"));
}

TEST(TensorGradients, ByARecordedTensorWhoseConsumerRanAreRefused) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor y = x * 2;
  const Tensor from_y = y + 1;
  engine.evaluate({from_y});
  EXPECT_EQ(error_of([&] { static_cast<void>(gradients((from_y * y).sum(), {y})); }), kBetween);
}

TEST(TensorGradients, ByATensorThatRanAfterItsConsumer) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor h = x * 2;
  const Tensor y = h * 5;
  engine.evaluate({y});
  engine.evaluate({h});
  EXPECT_EQ(error_of([&] { static_cast<void>(gradients((y + h).sum(), {h})); }), kBetween);
  EXPECT_EQ(gradients((h * h).sum(), {h})[0].to_vector<float>(), (Floats{12, -4}));
}

TEST(TensorGradients, AreNotCutByAnIndependentTensorThatRanLater) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor w = x + 1;
  engine.evaluate({w});
  Tensor other = x * 3;
  for (int i = 0; i < 3; ++i) {
    engine.evaluate({other});
    other = other + 1;
  }
  EXPECT_EQ(gradients((w * other).sum(), {w})[0].to_vector<float>(), (Floats{12, 0}));
}

TEST(TensorGradients, OfAnEvaluatedLossByItself) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor loss = (x * x).sum();
  engine.evaluate({loss});
  EXPECT_EQ(gradients(loss, {loss})[0].item<float>(), 1);
  const Tensor other = engine.tensor({1});
  EXPECT_EQ(error_of([&] { static_cast<void>(gradients(loss, {other})); }),
            "invalid_argument: gradients: the loss does not depend on value 0 of the list, input "
            "'x1': f32[1]");
}

TEST(TensorGradients, TellEqualTensorsApart) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const auto by_one_of_two = [&](auto&& between) {
    const Tensor h1 = x.relu();
    const Tensor h2 = x.relu();
    const Tensor loss = (h1 * 3 + h2 * 5).sum();
    between(h1, h2);
    return gradients(loss, {h1})[0].to_vector<float>();
  };
  const Floats expected{3, 3};
  EXPECT_EQ(by_one_of_two([](const Tensor&, const Tensor&) {}), expected);
  EXPECT_EQ(by_one_of_two([&](const Tensor& h1, const Tensor&) { engine.evaluate({h1}); }),
            expected);
  EXPECT_EQ(by_one_of_two([&](const Tensor&, const Tensor& h2) { engine.evaluate({h2}); }),
            expected);
  EXPECT_EQ(by_one_of_two([&](const Tensor& h1, const Tensor& h2) { engine.evaluate({h1, h2}); }),
            expected);
}

TEST(TensorGradients, OfManyResultsOfOneRun) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  std::vector<Tensor> chain = {x + 1};
  for (int i = 0; i < 150; ++i) chain.push_back(chain.back() + 1);
  const Tensor apart = x - 1;
  chain.push_back(apart);
  engine.evaluate(chain);
  EXPECT_NO_THROW(static_cast<void>(gradients((chain[100] * apart).sum(), {chain[100]})));
  EXPECT_EQ(
      error_of([&] { static_cast<void>(gradients((chain[3] * chain[149]).sum(), {chain[3]})); }),
      kBetween);
}

// --- Error messages ------------------------------------------------------------------------------

TEST(TensorGradients, SayWhatIsWrong) {
  const Engine engine;
  const Tensor x = engine.tensor({3, -1});
  const Tensor loss = (x * x).sum();
  const auto refused = [&](const Tensor& of_loss, std::vector<Tensor> of) {
    return error_of([&] { static_cast<void>(gradients(of_loss, of)); });
  };
  EXPECT_EQ(refused(x, {x}),
            "shape_mismatch: gradients: the loss has shape [2]: it takes a scalar, of shape []; "
            "reduce it, by sum() or mean()");
  EXPECT_EQ(refused(loss, {}), "invalid_argument: gradients: by no values: give one or more");
  EXPECT_EQ(refused(loss, {x, engine.ones({3})}),
            "invalid_argument: gradients: the loss does not depend on value 1 of the list, input "
            "'x1': f32[3]");
  EXPECT_EQ(refused((x < 1).select(engine.ones({2}), 0).sum(), {x}),
            "invalid_argument: gradients: the loss depends on value 0 of the list, input 'x0': "
            "f32[2] only through a of less = bool[2], which has no gradient there");
  const Tensor count = engine.ones({2}, DType::i32);
  EXPECT_EQ(refused((count.convert(DType::f32) * x).sum(), {count}),
            "dtype_mismatch: gradients: by value 0 of the list, input 'x3': i32[2]: only floats "
            "have gradients");
  EXPECT_EQ(refused(Tensor(), {x}),
            "invalid_argument: a default-constructed Tensor holds no value: assign one, from "
            "Engine::tensor or an op");
  EXPECT_EQ(refused(loss, {x, Tensor()}), refused(Tensor(), {x}));
  const Engine other;
  EXPECT_EQ(refused(loss, {x, other.ones({2})}),
            "invalid_argument: gradients: value 1 of the list is a Tensor of another Engine: copy "
            "it with to_vector and Engine::tensor");
  EXPECT_EQ(gradients(loss, {x})[0].to_vector<float>(), (Floats{6, -2}))
      << "gradients still work after all errors";
}

}  // namespace
}  // namespace sinter::test
