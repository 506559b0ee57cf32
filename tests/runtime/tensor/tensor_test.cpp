// Tensor: what is recorded, when a trace runs, how often it is compiled, which memory it holds, and
// error messages. tensor_text_test.cpp tests how tensors print.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>
#include <thread>

#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

using Floats = std::vector<float>;

/// An allocator that counts bytes, and refuses every allocation while `empty` is true.
class Memory final : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    if (empty) return nullptr;
    live += static_cast<std::int64_t>(bytes);
    peak = std::max<std::int64_t>(peak, live);
    return ::operator new(bytes, std::align_val_t{64});
  }
  void release(void* memory, std::size_t bytes) override {
    live -= static_cast<std::int64_t>(bytes);
    ::operator delete(memory, std::align_val_t{64});
  }
  std::atomic<std::int64_t> live = 0;
  std::atomic<std::int64_t> peak = 0;  ///< exact only if one thread allocates
  std::atomic<bool> empty = false;
};

struct Counted {
  std::shared_ptr<Memory> memory = std::make_shared<Memory>();
  Engine engine{EngineOptions{.allocator = memory}};
};

// --- Construction --------------------------------------------------------------------------------

TEST(Tensor, IsMadeOfNumbersInBraces) {
  const Engine engine;
  const Tensor row = engine.tensor({-2, -1, 0, 1, 2.5});
  EXPECT_EQ(row.dtype(), DType::f32);
  EXPECT_EQ(row.shape(), Shape({5}));
  EXPECT_EQ(row.to_vector<float>(), (Floats{-2, -1, 0, 1, 2.5}));
  const Tensor matrix = engine.tensor({{1, 2, 3}, {4, 5, 6}}, DType::i64);
  EXPECT_EQ(matrix.shape(), Shape({2, 3}));
  EXPECT_EQ(matrix.to_vector<std::int64_t>(), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(engine.tensor({{1}, {2}}).shape(), Shape({2, 1}));
  EXPECT_EQ(engine.tensor({{1, 2}}).shape(), Shape({1, 2}));
  EXPECT_EQ(engine.tensor({{{1}}}).shape(), Shape({1, 1, 1}));
  EXPECT_EQ(engine.tensor(3).shape(), Shape());
  EXPECT_EQ(engine.tensor({}).shape(), Shape({0}));
  EXPECT_EQ(engine.tensor({1, 0, 1}, DType::boolean).to_vector<bool>(),
            (std::vector<bool>{true, false, true}));
}

TEST(Tensor, IsMadeOfRanges) {
  const Engine engine;
  std::vector<double> doubles = {1, 2, 3, 4};
  const Tensor copied = engine.tensor(doubles, {2, 2});
  doubles[0] = 9;
  EXPECT_EQ(copied.dtype(), DType::f64);
  EXPECT_EQ(copied.to_vector<double>(), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(engine.tensor(doubles).shape(), Shape({4}));
  const std::array<float16, 1> half = {float16(1.5)};
  EXPECT_EQ(engine.tensor(std::span(half)).item<double>(), 1.5);
}

TEST(Tensor, IsMadeOfOneNumber) {
  const Engine engine;
  EXPECT_EQ(engine.zeros({2, 2}).to_vector<float>(), (Floats{0, 0, 0, 0}));
  EXPECT_EQ(engine.ones({3}, DType::u8).to_vector<std::uint8_t>(),
            (std::vector<std::uint8_t>{1, 1, 1}));
  EXPECT_EQ(engine.full({}, 0.5, DType::bf16).item<double>(), 0.5);
}

// --- Ops -----------------------------------------------------------------------------------------

TEST(Tensor, GivesTheBitsOfTheGraph) {
  const Engine engine;
  const Graph graph = make_chain(3, 17);
  const std::vector<TensorData> inputs = make_inputs(graph);
  const auto tensor = [&](std::size_t i) {
    return engine.tensor(inputs[i].as<float>(), inputs[i].shape);
  };
  const Tensor x = tensor(0);
  const Tensor y = ((x - tensor(1)) * 1.25 + tensor(2)).leaky_relu(0.1) * 0.5 + tensor(3);
  std::vector<TensorData> got = make_outputs(graph);
  y.copy_to(got[0].as<float>());
  expect_equal(got, interpret(graph, inputs));
}

TEST(Tensor, MixesWithNumbersOnBothSides) {
  const Engine engine;
  const Tensor x = engine.tensor({1, 2, 4});
  EXPECT_EQ((1 - 2 / x + x).to_vector<float>(), (Floats{0, 2, 4.5}));
  EXPECT_EQ((x < 2).to_vector<bool>(), (std::vector<bool>{true, false, false}));
  EXPECT_EQ((2 <= x).to_vector<bool>(), (std::vector<bool>{false, true, true}));
  EXPECT_EQ((x > 2).to_vector<bool>(), (std::vector<bool>{false, false, true}));
  EXPECT_EQ((x >= x).to_vector<bool>(), (std::vector<bool>{true, true, true}));
  EXPECT_EQ((2 > x).select(0, x).to_vector<float>(), (Floats{0, 2, 4}));
}

TEST(Tensor, HasShapesReductionsAndProducts) {
  const Engine engine;
  const Tensor x = engine.tensor({{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(x.transpose().shape(), Shape({3, 2}));
  EXPECT_EQ(x.sum(0).to_vector<float>(), (Floats{5, 7, 9}));
  EXPECT_EQ(x.mean().item<float>(), 3.5F);
  EXPECT_EQ(x.mm(x.transpose()).to_vector<float>(), (Floats{14, 32, 32, 77}));
  EXPECT_EQ(Tensor::concat({x, x.flip(1)}, 0).shape(), Shape({4, 3}));
}

TEST(Tensor, ASumMeetsOneElementOfMoreAxes) {
  const Engine engine;
  const Tensor a = engine.tensor({2});
  const Tensor b = engine.tensor({{3}});
  const Tensor m = b * 2;
  const Tensor z = a.sum() + m;
  EXPECT_EQ(z.shape(), Shape({1, 1}));
  EXPECT_EQ(z.to_vector<float>(), Floats{8});
  EXPECT_EQ(m.to_vector<float>(), Floats{6});
}

TEST(Tensor, ANumberIsATensorWithoutATrace) {
  const Engine engine;
  const Tensor x = engine.tensor({1, 2});
  const Tensor two = x.scalar(2);
  EXPECT_EQ(two.item<float>(), 2);
  EXPECT_EQ((x * two + two).to_vector<float>(), (Floats{4, 6}));
  EXPECT_EQ((x * x.constant(3)).to_vector<float>(), (Floats{3, 6}));
  const Tensor slopes[] = {x, two};
  EXPECT_EQ(Tensor::apply(Op::leaky_relu, slopes).to_vector<float>(), (Floats{1, 2}));
}

// --- In place ------------------------------------------------------------------------------------

TEST(Tensor, InPlaceGivesANewValueToThisTensorOnly) {
  const Engine engine;
  Tensor x = engine.tensor({-2, 1});
  const Tensor copy = x;
  const Tensor before = x + 1;
  x.leaky_relu(0.5, true);
  const Tensor after = x + 1;
  EXPECT_EQ(x.to_vector<float>(), (Floats{-1, 1}));
  EXPECT_EQ(copy.to_vector<float>(), (Floats{-2, 1}));
  EXPECT_EQ(before.to_vector<float>(), (Floats{-1, 2}));
  EXPECT_EQ(after.to_vector<float>(), (Floats{0, 2}));
}

TEST(Tensor, LeakyReluSaysWhetherItIsInPlace) {
  const Engine engine;
  Tensor x = engine.tensor({-4, 4});
  EXPECT_EQ(x.leaky_relu({.negative_slope = 0.5}).to_vector<float>(), (Floats{-2, 4}));
  EXPECT_EQ(x.leaky_relu(0.5, false).to_vector<float>(), (Floats{-2, 4}));
  EXPECT_EQ(x.to_vector<float>(), (Floats{-4, 4}));
  x.leaky_relu({.negative_slope = 0.5, .inplace = true});
  EXPECT_EQ(x.to_vector<float>(), (Floats{-2, 4}));
  x.leaky_relu({.inplace = true});
  EXPECT_EQ(x.to_vector<float>(), (Floats{-0.02F, 4}));
  const Tensor fixed = x;
  EXPECT_EQ(fixed.leaky_relu({.negative_slope = 2}).to_vector<float>(), (Floats{-0.04F, 4}));
}

TEST(Tensor, CompoundAssignmentIsInPlace) {
  const Engine engine;
  Tensor x = engine.tensor({2, 4});
  x += 1;
  x *= x;
  x -= engine.tensor({1, 5});
  x /= 2;
  EXPECT_EQ(x.to_vector<float>(), (Floats{4, 10}));
}

// --- Reading -------------------------------------------------------------------------------------

TEST(Tensor, OfOneElementIsANumberAndACondition) {
  const Engine engine;
  const Tensor x = engine.tensor({-1, -1, 4, 0});
  EXPECT_EQ(x.sum().item<float>(), 2);
  EXPECT_EQ(x.sum().item<double>(), 2);
  EXPECT_EQ(engine.tensor({{7}}, DType::i32).item<std::int32_t>(), 7);
  EXPECT_TRUE(engine.tensor({1}, DType::boolean).item<bool>());
  bool alive = false;
  if (x.relu().mean() < 0.5) alive = true;
  EXPECT_FALSE(alive);
  if (x.relu().mean() < 1.5) alive = true;
  EXPECT_TRUE(alive);
  EXPECT_TRUE(static_cast<bool>(engine.tensor(NAN)));
}

TEST(Tensor, SaysWhatCannotBeRead) {
  const Engine engine;
  const Tensor x = engine.tensor({{1, 2}, {3, 4}});
  EXPECT_EQ(error_of([&] { static_cast<void>(x.item<float>()); }),
            "invalid_argument: item needs a tensor of one element, this one is f32[2, 2] with 4: "
            "reduce it first, or read it by to_vector");
  EXPECT_EQ(error_of([&] {
              if (x < 3) return;
            }),
            "invalid_argument: a condition needs a tensor of one element, this one is bool[2, 2] "
            "with 4: reduce it first, or read it by to_vector");
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.zeros({0}).item<double>()); }),
            "invalid_argument: item needs a tensor of one element, this one is f32[0] with 0: "
            "reduce it first, or read it by to_vector");
  EXPECT_EQ(error_of([&] { static_cast<void>(x.to_vector<std::int32_t>()); }),
            "dtype_mismatch: a tensor of f32 is read as i32: ask for its own C++ type, or convert "
            "it first");
  std::array<float, 3> three{};
  EXPECT_EQ(error_of([&] { x.copy_to(std::span<float>(three)); }),
            "shape_mismatch: copy_to: a tensor of shape [2, 2] has 4 elements, the span has 3");
}

TEST(Tensor, SaysWhatCannotBeMade) {
  const Engine engine;
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.tensor({{1, 2}, {3}})); }),
            "shape_mismatch: numbers in braces: part 1 has shape [1], and part 0 has [2]: all "
            "parts of a list have one shape");
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.tensor({1, 0.5}, DType::i32)); }),
            "invalid_argument: 0.5 as an element of i32: this dtype does not hold it");
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.full({2}, 300, DType::u8)); }),
            "invalid_argument: 300 as an element of u8: this dtype does not hold it");
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.tensor(Floats{1, 2, 3}, {2, 2})); }),
            "shape_mismatch: a tensor of shape [2, 2] has 4 elements, got 3");
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.zeros({-1})); }),
            "invalid_argument: a tensor has shape [-1]: a length cannot be negative");
}

TEST(Tensor, ADefaultMadeOneHoldsNoValue) {
  const std::string refusal =
      "invalid_argument: a default-constructed Tensor holds no value: assign one, from "
      "Engine::tensor or "
      "an op";
  const Engine engine;
  Tensor none;
  EXPECT_EQ(error_of([&] { static_cast<void>(none.shape()); }), refusal);
  EXPECT_EQ(error_of([&] { static_cast<void>(none.relu()); }), refusal);
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.ones({1}) + none); }), refusal);
  EXPECT_EQ(error_of([&] { static_cast<void>(to_string(none)); }), refusal);
  EXPECT_EQ(error_of([&] { engine.evaluate({none}); }), refusal);
  none = engine.tensor(1);
  EXPECT_EQ(none.item<float>(), 1);
}

TEST(Tensor, OfAnotherEngineIsRefused) {
  const Engine engine;
  const Engine other;
  const Tensor x = engine.ones({2});
  const Tensor y = other.ones({2});
  EXPECT_EQ(error_of([&] { static_cast<void>(x + y); }),
            "invalid_argument: add: operand 'b' is a Tensor of another Engine: copy it with "
            "to_vector and Engine::tensor");
  EXPECT_EQ(error_of([&] { engine.evaluate({x, y}); }),
            "invalid_argument: evaluate: one of the tensors is a Tensor of another Engine: copy it "
            "with to_vector and Engine::tensor");
  const Engine copy = engine;
  EXPECT_EQ((x + copy.ones({2})).to_vector<float>(), (Floats{2, 2}));
}

TEST(Tensor, OpsRefuseWhatTheyRefuseOnValues) {
  const Engine engine;
  const Tensor x = engine.ones({2});
  EXPECT_EQ(error_of([&] { static_cast<void>(x + engine.ones({3})); }),
            "shape_mismatch: add(a: f32[2], b: f32[3]): shapes do not broadcast; aligned at the "
            "last axis, lengths must be equal or 1");
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.ones({2}, DType::i32) + 0.5); }).substr(0, 44),
            "invalid_argument: 0.5 with a tensor of i32: ");
  EXPECT_EQ(error_of([&] { static_cast<void>(Tensor::apply(Op::view, std::span(&x, 1))); }),
            "invalid_graph: view is made by the planner: record transpose, reshape or slice");
  EXPECT_EQ((x + 1).to_vector<float>(), (Floats{2, 2}));
}

// --- What runs and when --------------------------------------------------------------------------

TEST(TensorTrace, ReadingRunsEverythingThatIsLiveAsOnePlan) {
  const Engine engine;
  const Tensor x = engine.tensor({1, 2});
  const Tensor a = x + 1;
  const Tensor b = a * 2;
  static_cast<void>(b.exp());
  EXPECT_EQ(engine.stats().kernels.misses, 0);
  EXPECT_EQ(b.to_vector<float>(), (Floats{4, 6}));
  EXPECT_EQ(engine.stats().kernels.misses, 1);
  EXPECT_EQ(a.to_vector<float>(), (Floats{2, 3}));
  EXPECT_EQ(engine.stats().kernels.misses + engine.stats().kernels.hits, 1);
}

TEST(TensorTrace, EqualOpsAreTensorsOfTheirOwn) {
  Counted counted;
  const Tensor x = counted.engine.zeros({1000});
  const Tensor a = x + x;
  const Tensor b = x + x;
  counted.engine.evaluate({a});
  EXPECT_EQ(counted.memory->live, 2 * 4000);
  EXPECT_EQ(b.to_vector<float>(), a.to_vector<float>());
  EXPECT_EQ(counted.memory->live, 3 * 4000);
}

TEST(TensorTrace, EvaluateRunsWhatIsNamedAndKeepsTheRest) {
  Counted counted;
  const Tensor x = counted.engine.full({1000}, 3);
  const Tensor a = x + 1;
  const Tensor b = a * 2;
  const Tensor c = b - x;
  counted.engine.evaluate({b});
  EXPECT_EQ(counted.memory->live, 2 * 4000);
  EXPECT_EQ(c.to_vector<float>(), Floats(1000, 5));
  EXPECT_EQ(a.to_vector<float>(), Floats(1000, 4));
  EXPECT_EQ(counted.memory->live, 4 * 4000);
  const auto runs = counted.engine.stats().kernels.misses;
  counted.engine.evaluate({a, b, x, b});
  EXPECT_EQ(counted.engine.stats().kernels.misses, runs);
}

TEST(TensorTrace, WhatWasEvaluatedAndForgottenIsComputedAgain) {
  const Engine engine;
  const Tensor x = engine.tensor({1, 2});
  Tensor a = x * 3;
  const Tensor b = a + 1;
  const Tensor c = a + 2;
  engine.evaluate({a});
  a = Tensor();
  EXPECT_EQ(b.to_vector<float>(), (Floats{4, 7}));
  EXPECT_EQ(c.to_vector<float>(), (Floats{5, 8}));
}

TEST(TensorTrace, EqualTensorsHaveMemoryOfTheirOwn) {
  const Engine engine;
  const Tensor x = engine.tensor({1, 2});
  Tensor a = x.neg();
  const Tensor other = x.abs();
  engine.evaluate({other});
  const Tensor b = x.neg();
  EXPECT_EQ((a + b).to_vector<float>(), (Floats{-2, -4}));
  EXPECT_EQ(a.to_vector<float>(), b.to_vector<float>());
  a += 1;  // only a held its memory, so the sum may take it
  EXPECT_EQ(a.to_vector<float>(), (Floats{0, -1}));
  EXPECT_EQ(b.to_vector<float>(), (Floats{-1, -2}));
}

/// One step of Adam. The bias corrections are numbers that change with each step.
void adam_step(Tensor& w, Tensor& m, Tensor& v, const Tensor& gradient, int step) {
  m = m * 0.9 + gradient * 0.1;
  v = v * 0.999 + gradient * gradient * 0.001;
  const Tensor unbiased_m = m / (1 - std::pow(0.9, step));
  const Tensor unbiased_v = v / (1 - std::pow(0.999, step));
  w -= unbiased_m / (unbiased_v.sqrt() + 1e-8) * (0.01 / step);
}

TEST(TensorTrace, ALoopIsPlannedAndCompiledOnceWhileItsNumbersChange) {
  const Engine engine;
  Tensor w = engine.ones({33});
  Tensor m = engine.zeros({33});
  Tensor v = engine.zeros({33});
  const auto turn = [&](int step) {
    adam_step(w, m, v, w * 2, step);
    engine.evaluate({w, m, v});
  };
  turn(1);
  const Stats first = engine.stats();
  for (int step = 2; step <= 20; ++step) turn(step);
  const Stats last = engine.stats();
  EXPECT_EQ(first.plans.misses, 1);
  EXPECT_EQ(last.plans.misses, 1);
  EXPECT_EQ(last.code.misses, first.code.misses);
  EXPECT_EQ(last.kernels.misses, 1);
  EXPECT_EQ(last.kernels.hits, 19);
  EXPECT_EQ(last.times.total(), first.times.total());
}

TEST(TensorTrace, ChangedNumbersGiveTheBitsOfTheirOwnPrograms) {
  const Engine engine;
  const Tensor x = engine.tensor({-3, -1, 0.5, 2});
  for (double slope : {0.1, 0.2, 1.5, -0.5, 0.3, 0.0, 1.0}) {
    Graph graph;
    graph.output("y", graph.input("x", DType::f32, {4}).leaky_relu(slope) * slope);
    const TensorData data = TensorData::from<float>({4}, x.to_vector<float>());
    const std::vector<TensorData> expected = interpret(graph, std::span(&data, 1));
    const Floats y = (x.leaky_relu(slope) * slope).to_vector<float>();
    EXPECT_EQ(first_difference(TensorData::from<float>({4}, y), expected[0]), -1) << slope;
  }
  EXPECT_EQ(engine.stats().plans.misses, 1);
  EXPECT_EQ(engine.stats().kernels.misses, 2)
      << "one kernel for slopes in (0, 1] and one for all others";
}

TEST(TensorTrace, RunsByItselfPastItsSize) {
  const Engine engine(EngineOptions{.trace = {.nodes = 30}});
  Tensor x = engine.zeros({4});
  for (int i = 0; i < 100; ++i) x += 1;
  EXPECT_GE(engine.stats().kernels.misses, 1);
  EXPECT_EQ(x.to_vector<float>(), Floats(4, 100));
}

TEST(TensorTrace, RunsByItselfWhenItHoldsTooMuchMemory) {
  const auto memory = std::make_shared<Memory>();
  const Engine engine(EngineOptions{.allocator = memory, .trace = {.bytes = 40'000}});
  Tensor total = engine.zeros({1000});
  for (int i = 0; i < 100; ++i) {
    total += engine.ones({1000});
    EXPECT_LE(memory->live, 25 * 4000) << i;
  }
  EXPECT_EQ(total.to_vector<float>(), Floats(1000, 100));
}

TEST(TensorTrace, RecordsFunctionsOfValues) {
  const Engine engine;
  const Tensor tensors[] = {engine.tensor({1, 2}), engine.tensor({3, 4}) + 1};
  const std::vector<Tensor> results =
      Tensor::record(tensors, [](std::span<const Value> values) -> std::vector<Value> {
        return {values[0] * values[1], values[0]};
      });
  EXPECT_EQ(results[0].to_vector<float>(), (Floats{4, 10}));
  EXPECT_EQ(results[1].to_vector<float>(), (Floats{1, 2}));
  EXPECT_EQ(engine.stats().kernels.misses, 1);
}

TEST(TensorTrace, RefusesFunctionsThatReturnNoValueOfTheTrace) {
  const Engine engine;
  const Tensor x = engine.tensor({1, 2});
  const auto recording = [&](const Value& second) {
    return error_of([&] {
      static_cast<void>(Tensor::record({&x, 1}, [&](std::span<const Value> values) {
        return std::vector<Value>{values[0] + 1, second};
      }));
    });
  };
  const std::string words =
      "invalid_graph: record: value 1 that the function returned is default-constructed or of "
      "another "
      "Graph: return Values recorded from those that it is given";
  EXPECT_EQ(recording(Value()), words);
  Graph other;
  EXPECT_EQ(recording(other.input("x", DType::f32, {2})), words);
  Value kept;
  const Tensor y = Tensor::record({&x, 1}, [&](std::span<const Value> values) {
    kept = values[0] * 2;
    return std::vector<Value>{kept};
  })[0];
  EXPECT_EQ(recording(kept), "no error") << "a value of the same trace is accepted";
  EXPECT_EQ(y.to_vector<float>(), (Floats{2, 4}));
  EXPECT_EQ(recording(kept), words) << "a value of a trace that has run is refused";
  EXPECT_EQ((x + 1).to_vector<float>(), (Floats{2, 3})) << "x is still usable after all errors";
}

// --- Memory and threads --------------------------------------------------------------------------

TEST(TensorMemory, IsFreedWithItsLastTensor) {
  Counted counted;
  {
    Tensor x = counted.engine.ones({1000});
    const Tensor y = (x + 1).exp() * x;
    EXPECT_EQ(counted.memory->live, 4000);
    counted.engine.evaluate({y});
    EXPECT_EQ(counted.memory->live, 2 * 4000);
    x = Tensor();
    EXPECT_EQ(counted.memory->live, 4000);
  }
  EXPECT_EQ(counted.memory->live, 0);
}

TEST(TensorMemory, InPlaceTakesThePlaceOfTheOldValue) {
  Counted counted;
  Tensor x = counted.engine.full({1000}, -1);
  for (int i = 0; i < 3; ++i) {
    x.leaky_relu(0.5, true);
    counted.engine.evaluate({x});
    EXPECT_EQ(counted.memory->live, 4000);
  }
  EXPECT_EQ(x.to_vector<float>(), Floats(1000, -0.125));
  const Tensor old = x;
  x *= 2;
  EXPECT_EQ(x.to_vector<float>(), Floats(1000, -0.25));
  EXPECT_EQ(old.to_vector<float>(), Floats(1000, -0.125));
}

/// Two vectors whose sum is a matrix of kSide * kSide elements.
struct Outer : Counted {
  static constexpr std::int64_t kSide = 100;
  static constexpr std::int64_t kMatrixBytes = kSide * kSide * 4;
  Tensor column = engine.ones({kSide, 1});
  Tensor row = engine.ones({1, kSide});
};

TEST(TensorMemory, AValueLargerThanItsInputsIsStoredOnlyOnRequest) {
  Outer outer;
  EXPECT_EQ((outer.column + outer.row).sum().item<float>(), 20'000);
  EXPECT_LT(outer.memory->peak, outer.kMatrixBytes);
  const Tensor matrix = outer.column + outer.row;
  const Tensor doubled = matrix * 2;
  EXPECT_EQ(doubled.sum().item<float>(), 40'000);
  EXPECT_LT(outer.memory->peak, outer.kMatrixBytes);
  outer.engine.evaluate({doubled});
  EXPECT_GE(outer.memory->live, outer.kMatrixBytes);
  EXPECT_LT(outer.memory->live, 2 * outer.kMatrixBytes);
  EXPECT_EQ(matrix.to_vector<float>(), Floats(outer.kSide * outer.kSide, 2));
}

TEST(TensorMemory, ValuesNoLargerThanTheirInputsAreStored) {
  Outer outer;
  const Tensor matrix = outer.engine.ones({outer.kSide, outer.kSide});
  const Tensor sum = matrix + outer.row;
  const std::int64_t before = outer.memory->live;
  EXPECT_EQ(sum.sum().item<float>(), 20'000);
  EXPECT_GE(outer.memory->live, before + outer.kMatrixBytes);
}

TEST(TensorMemory, NoOpIsComputedMoreThanTwiceToSaveMemory) {
  Outer outer;
  const Tensor matrix = outer.column + outer.row;
  static_cast<void>(matrix.sum().item<float>());
  EXPECT_LT(outer.memory->live, outer.kMatrixBytes) << "stored when it was first computed";
  static_cast<void>(matrix.mean().item<float>());
  EXPECT_GE(outer.memory->live, outer.kMatrixBytes) << "not stored when it was rematerialised";
  const auto runs = [&] { return outer.engine.stats().kernels.misses; };
  Tensor total = outer.column * outer.row;
  std::int64_t before = 0;
  for (int i = 0; i < 10; ++i) {
    total = total + outer.column * outer.row;
    static_cast<void>(total.sum().item<float>());
    if (i == 3) before = runs();
  }
  EXPECT_EQ(runs(), before) << "the trace of a step is longer than that of the step before";
}

TEST(TensorMemory, RecordedOpsHoldOnlyTheirInputs) {
  Outer outer;
  // The engine keeps the workspace of this run for the next one.
  static_cast<void>((outer.column + outer.row).sum().item<float>());
  Tensor large = outer.engine.ones({10'000});
  const Tensor matrix = outer.column + outer.row;
  const std::int64_t without = outer.memory->live - 40'000;
  {
    large.leaky_relu(-2, true);
    const std::int64_t in_place = outer.memory->live;
    const Tensor sum = matrix.sum();
    EXPECT_EQ(large.to_vector<float>()[0], 1);
    EXPECT_EQ(outer.memory->live, in_place + 4) << "large was not updated in place";
  }
  large = Tensor();
  EXPECT_EQ(outer.memory->live, without);
  EXPECT_EQ(matrix.to_vector<float>(), Floats(outer.kSide * outer.kSide, 2));
}

TEST(TensorMemory, RecordedOpsKeepTheirInputs) {
  Outer outer;
  Tensor column = outer.engine.full({outer.kSide, 1}, -1);
  const Tensor matrix = column + outer.row;
  column.leaky_relu(-2, true);  // must not overwrite the old value: the trace still needs it
  EXPECT_EQ(column.to_vector<float>(), Floats(outer.kSide, 2));
  EXPECT_EQ(matrix.to_vector<float>(), Floats(outer.kSide * outer.kSide, 0));
}

TEST(TensorMemory, OutlivesItsEngine) {
  Tensor y;
  {
    const Engine engine;
    y = engine.ones({3}) + 1;
  }
  EXPECT_EQ((y * 2).to_vector<float>(), (Floats{4, 4, 4}));
}

TEST(TensorMemory, AnUnfinishedTraceRunsOnceThereIsMemory) {
  Counted counted;
  const Tensor x = counted.engine.ones({1000});
  const Tensor y = (x + 1) * 3;
  const Tensor z = y - x;
  counted.memory->empty = true;
  EXPECT_EQ(error_of([&] { static_cast<void>(z.to_vector<float>()); }),
            "limit_exceeded: no memory for a tensor f32[1000] of 4000 bytes: the allocator "
            "returned null; the recorded ops are kept: release other tensors, and read again");
  EXPECT_EQ(error_of([&] { static_cast<void>(counted.engine.ones({2})); }),
            "limit_exceeded: no memory for a tensor f32[2] of 8 bytes: the allocator returned "
            "null");
  counted.memory->empty = false;
  EXPECT_EQ(z.to_vector<float>(), Floats(1000, 5));
  EXPECT_EQ(y.to_vector<float>(), Floats(1000, 6));
}

TEST(TensorThreads, SeveralMayRecordAndReadAtOnce) {
  const Engine engine;
  const Tensor shared = engine.tensor({1, 2, 3}) * 2;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const Tensor own = shared + t;
        if (own.sum().item<float>() != static_cast<float>(12 + 3 * t)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace sinter::test
