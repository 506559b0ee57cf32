// Products: in every shape, layout and dtype, and with any prologue and epilogue, every target
// gives the bits of the interpreter. The interpreter follows the rule in product.h.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "codegen/product_kernels.h"
#include "machines.h"

namespace sinter::test {
namespace {

void check(const Machines& machines, const Graph& graph, const std::string& what) {
  machines.check(graph, what, usual_inputs(graph, 11));
}

std::string text(std::int64_t m, std::int64_t n, std::int64_t k) {
  return std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k);
}

TEST(Product, InterpreterAddsInOrder) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {3, 5});
  const Value b = graph.input("b", DType::f32, {5, 4});
  graph.output("y", a.mm(b));
  const std::vector<TensorData> inputs = usual_inputs(graph, 3);
  const auto x = inputs[0].as<float>();
  const auto y = inputs[1].as<float>();
  const std::vector<TensorData> outputs = interpret(graph, inputs);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      float sum = 0;
      for (std::size_t k = 0; k < 5; ++k) sum = std::fma(x[i * 5 + k], y[k * 4 + j], sum);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(outputs[0].as<float>()[i * 4 + j]),
                std::bit_cast<std::uint32_t>(sum));
    }
  }
}

TEST(Product, OfEveryShapeInEveryLayout) {
  const Machines machines;
  for (std::int64_t m : {1, 2, 5, 14, 15, 64, 170}) {
    for (std::int64_t n : {1, 3, 10, 16, 33, 70, 300}) {
      for (std::int64_t k : {0, 1, 7, 64, 130}) {
        if (m * n * k > 1'500'000) continue;
        for (int turned = 0; turned < 4; ++turned) {
          const Graph graph = dense_layer({m, n, k, (turned & 1) != 0, (turned & 2) != 0});
          check(machines, graph, text(m, n, k) + " transposed " + std::to_string(turned));
        }
      }
    }
  }
}

TEST(Product, OverMoreThanFitsTheCache) {
  const Machines machines;
  for (DType dtype : {DType::f32, DType::f64}) {
    for (std::int64_t k : {255, 256, 257, 512, 513, 1025}) {
      for (int turned = 0; turned < 4; ++turned) {
        const Graph graph = dense_layer({16, 40, k, (turned & 1) != 0, (turned & 2) != 0}, dtype);
        check(machines, graph, text(16, 40, k) + " transposed " + std::to_string(turned));
      }
    }
  }
}

TEST(Product, OfEveryFloatingDType) {
  const Machines machines;
  for (DType dtype : {DType::f16, DType::bf16, DType::f64}) {
    for (std::int64_t m : {1, 3, 17}) {
      for (std::int64_t n : {1, 9, 40}) {
        for (int turned = 0; turned < 4; ++turned) {
          const Graph graph = dense_layer({m, n, 21, (turned & 1) != 0, (turned & 2) != 0}, dtype);
          check(machines, graph, text(m, n, 21) + " transposed " + std::to_string(turned));
        }
      }
    }
  }
}

TEST(Product, OfManyMatrices) {
  const Machines machines;
  for (std::int64_t m : {1, 6, 20}) {
    Graph graph;
    const Value a = graph.input("a", DType::f32, {2, 1, m, 9});
    const Value b = graph.input("b", DType::f32, {3, 9, 18});
    const Value shared = graph.input("shared", DType::f32, {9, 18});
    const Value turned = graph.input("turned", DType::f32, {3, 18, 9}).transpose({0, 2, 1});
    graph.output("each", a.matmul(b).relu());
    graph.output("shared", a.matmul(shared) + 1);
    graph.output("turned", a.matmul(turned));
    check(machines, graph, "matrices of " + std::to_string(m) + " rows");
  }
}

TEST(Product, OfVectors) {
  const Machines machines;
  for (std::int64_t m : {1, 13, 200}) {
    Graph graph;
    const Value a = graph.input("a", DType::f32, {m, 37});
    const Value x = graph.input("x", DType::f32, {37});
    const Value left = graph.input("left", DType::f32, {m});
    graph.output("mv", a.mv(x).leaky_relu());
    graph.output("row", left.matmul(a));
    graph.output("dot", x.matmul(x));
    graph.output("outer", left.outer(x));
    check(machines, graph, "vectors of " + std::to_string(m));
  }
}

/// The result and a residual added to it may have any layout.
TEST(Product, IntoEveryLayout) {
  const Machines machines;
  for (const Strides& strides :
       {Strides{1, 20}, Strides{-17, 1}, Strides{40, 2}, Strides{1, -20}}) {
    Graph graph;
    const Value a = graph.input("a", DType::f32, {20, 33});
    const Value b = graph.input("b", DType::f32, {33, 17});
    const Value residual = graph.input("residual", DType::f32, {20, 17}, {1, 20});
    const Value y = a.mm(b);
    graph.output("y", y + residual, strides);
    graph.output("positive", y.greater(0));
    check(machines, graph, "strides " + to_string(strides));
  }
}

/// Producers are fused into the packing of the operands; values of the epilogue are outputs, too.
TEST(Product, BetweenOtherOps) {
  const Machines machines;
  for (std::int64_t m : {4, 30}) {
    Graph graph;
    const Value a = graph.input("a", DType::f32, {m, 50});
    const Value b = graph.input("b", DType::i8, {50, 20});
    const Value count = graph.iota(DType::i32, {m, 20}, 1);
    const Value hidden = (a + 1).mm(b.convert(DType::f32) * 0.125);
    graph.output("hidden", hidden);
    const Value gelu = hidden.gelu();
    graph.output("gelu", gelu);
    graph.output("counted", hidden + count.convert(DType::f32));
    graph.output("next", gelu.mm(gelu.transpose()).softmax());
    graph.output("self", a.mm(a.transpose()));
    check(machines, graph, std::to_string(m) + " rows");
  }
}

/// The kernel's frame spans several pages, so its prologue probes them with a scratch register. The
/// many uniform values of the kernel must not be loaded before that.
TEST(Product, WithUniformValuesAndALargeFrame) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1, 1});
  const Value weight = graph.input("weight", DType::f32, {1, 1});
  graph.output("y", x.pow(x.mm(weight)));
  const std::vector<TensorData> inputs{TensorData::from<float>({1, 1}, std::vector{-1.5F}),
                                       TensorData::from<float>({1, 1}, std::vector{2.F})};
  const std::vector<TensorData> expected = interpret(graph, inputs);
  for (const Target& target : targets_here()) {
    for (const Specialize specialize : {Specialize::none, Specialize::shape}) {
      const Engine engine(EngineOptions{.target = target});
      const Executable program = engine.compile(graph, {.specialize = specialize});
      EXPECT_EQ(difference(expected, run_guarded(program, graph, inputs)), "") << target.name;
    }
  }
}

TEST(Product, OfNothingIsPositiveZero) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {3, 0});
  const Value b = graph.input("b", DType::f32, {0, 2});
  const Value empty = graph.input("empty", DType::f32, {0, 3});
  graph.output("zero", a.mm(b));
  graph.output("none", empty.mm(a));
  const std::vector<TensorData> inputs = usual_inputs(graph, 1);
  const std::vector<TensorData> outputs = interpret(graph, inputs);
  for (float element : outputs[0].as<float>()) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(element), 0U);
  }
  check(Machines(), graph, "nothing");
}

/// If an axis has no elements, strides may have any value, even the same for all axes.
TEST(Product, OfNothingReadsNothing) {
  const Machines machines;
  for (std::int64_t step : {0, 1, 5}) {
    Graph graph;
    const Value a = graph.input("a", DType::f32, {2, 17, 0}, {1, 3, step});
    const Value b = graph.input("b", DType::f32, {2, 0, 17}, {step, step, step});
    graph.output("zero", a.matmul(b));
    graph.output("sum", a.sum(-1));
    graph.output("columns", b.sum(1) + 1);
    graph.output("relu", a.relu());
    check(machines, graph, "a step of " + std::to_string(step));
  }
}

/// A count along K is read by both operands, and a count along M by the rows and by the epilogue.
TEST(Product, OfCountsThatBothOperandsHave) {
  const Machines machines;
  for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{1, 1, 2}, {7, 19, 33}, {20, 5, 70}}) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {m, k});
    const Value along = graph.iota(DType::i32, {1, k}, 1).convert(DType::f32);
    const Value down = graph.iota(DType::i32, {m, 1}, 0).convert(DType::f32);
    const Value y = graph.input("y", DType::f32, {n, k});
    const Value product = (x * along + down).mm((y + along).transpose());
    graph.output("z", product * down + 1);
    machines.check(graph, print(graph));
  }
}

}  // namespace
}  // namespace sinter::test
