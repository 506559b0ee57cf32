// Layouts: every order and direction of axes, of inputs and outputs, gives the bits of the dense
// graph. Operands with the same permutation are collapsed to one loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>

#include <sinter/fuzz/run.h>
#include "support/fuzz.h"

namespace sinter::test {
namespace {

/// Returns dense strides for axes that lie in memory in this order, outermost first.
Strides permuted(const Shape& shape, const std::vector<int>& order) {
  Strides strides = dense_strides(shape);
  std::int64_t stride = 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    strides[*axis] = stride;
    stride *= shape[*axis];
  }
  return strides;
}

Graph chain(DType dtype, const Shape& shape, const Strides& in, const Strides& out) {
  Graph graph;
  const Value x = graph.input("x", dtype, shape, in);
  const Value b = graph.input("b", dtype, shape, in);
  graph.output("y", (x * 2 + b).relu(), out);
  return graph;
}

TEST(Layout, AnyOrderAndDirectionOfAxesGivesTheSameBits) {
  const Shape shape{3, 5, 18};
  const std::vector<Engine> engines = [] {
    std::vector<Engine> made;
    for (const Target& target : targets_here()) made.emplace_back(EngineOptions{.target = target});
    return made;
  }();
  for (DType dtype : {DType::f32, DType::f64, DType::f16, DType::i8, DType::i16}) {
    std::vector<int> order{0, 1, 2};
    do {
      for (int flipped = 0; flipped < 8; ++flipped) {
        Strides strides = permuted(shape, order);
        for (int axis = 0; axis < 3; ++axis) {
          if ((flipped >> axis & 1) != 0) strides[axis] = -strides[axis];
        }
        for (const auto& [in, out] :
             {std::pair<Strides, Strides>{strides, {}}, {{}, strides}, {strides, strides}}) {
          const Graph graph = chain(dtype, shape, in, out);
          const std::vector<TensorData> inputs = random_inputs(graph, 7);
          const std::vector<TensorData> expected = interpret(graph, inputs);
          for (const Engine& engine : engines) {
            const auto got = run_guarded(engine.compile(graph), graph, inputs, {Guard::after, 0});
            ASSERT_EQ(difference(expected, got), "")
                << engine.target().name << " " << to_string(dtype) << " in " << to_string(in)
                << " out " << to_string(out);
          }
        }
      }
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST(Layout, OperandsThatShareAPermutationAreOneSweep) {
  const Shape shape{8, 3, 28, 28};
  for (const std::vector<int>& order : {std::vector<int>{0, 2, 3, 1}, {3, 2, 1, 0}, {1, 0, 3, 2}}) {
    const Strides strides = permuted(shape, order);
    const Graph graph = chain(DType::f32, shape, strides, strides);
    const LoopSpace space = collapse(expand(graph, graph.parameters()));
    EXPECT_EQ(space.extents, std::vector<std::int64_t>{shape.elements()});
    EXPECT_EQ(space.strides, (std::vector<std::int64_t>{1, 1, 1}));
  }
}

TEST(Layout, ReversedOperandsAreOneSweepToo) {
  const Strides reversed{-12, -4, -1};
  const Graph graph = chain(DType::f32, {2, 3, 4}, reversed, reversed);
  EXPECT_EQ(collapse(expand(graph, graph.parameters())).extents, std::vector<std::int64_t>{24});
}

TEST(Layout, InPlaceOverAPermutedBuffer) {
  const Strides columns{1, 7};
  const Graph graph = chain(DType::f32, {7, 40}, columns, columns);
  const Engine engine;
  const Executable program = engine.compile(graph);
  const std::vector<TensorData> inputs = random_inputs(graph, 3);
  const std::vector<TensorData> expected = run_guarded(program, graph, inputs, {});
  std::vector<float> x(280), b(280);
  for (std::int64_t i = 0; i < 7; ++i) {
    for (std::int64_t j = 0; j < 40; ++j) {
      x[i + j * 7] = inputs[0].as<float>()[i * 40 + j];
      b[i + j * 7] = inputs[1].as<float>()[i * 40 + j];
    }
  }
  const Shape shape{7, 40};
  program.run({view(x, shape, columns), view(b, shape, columns)}, {view(x, shape, columns)});
  TensorData got = TensorData::zeros(DType::f32, shape);
  for (std::int64_t i = 0; i < 7; ++i) {
    for (std::int64_t j = 0; j < 40; ++j) got.as<float>()[i * 40 + j] = x[i + j * 7];
  }
  EXPECT_EQ(difference(expected, std::span(&got, 1)), "");
}

/// The consecutive elements of some operands are a column of the result. Lengths on both axes lie
/// around the sizes of the blocks in which such operands are transposed.
TEST(Layout, OperandsThatLieAcrossTheRows) {
  for (const Target& target : targets_here()) {
    const Engine engine(EngineOptions{.target = target});
    for (DType dtype : {DType::f32, DType::f64, DType::bf16, DType::i8, DType::i16}) {
      for (std::int64_t rows : {15, 16, 17, 31, 40, 63, 64, 65, 130}) {
        for (std::int64_t columns : {16, 33, 64, 127, 129}) {
          const Shape shape{2, rows, columns};
          Graph graph;
          const Value x = graph.input("x", dtype, shape, {rows * columns + 3, 1, rows});
          const Value back =
              graph.input("back", dtype, shape, {-(rows + 1) * columns, 1, -rows - 1});
          const Value row = graph.input("row", dtype, {columns});
          const Value column = graph.input("column", dtype, {rows, 1});
          const Value keep = graph.input("keep", DType::boolean, shape, {1, 2, 2 * rows});
          graph.output("front", keep.select(x, row));
          graph.output("behind", keep.select(column, back));
          const std::vector<TensorData> inputs = random_inputs(graph, 7);
          const std::vector<TensorData> expected = interpret(graph, inputs);
          const auto got = run_guarded(engine.compile(graph), graph, inputs, {Guard::after, 0});
          ASSERT_EQ(difference(expected, got), "")
              << target.name << " " << to_string(dtype) << " " << to_string(shape);
        }
      }
    }
  }
}

TEST(Layout, AFunctionWritesTheStridesOfItsView) {
  const Engine engine;
  const auto doubled = engine.function([](Value x) { return x + x; });
  const std::vector<float> x{1, 2, 3, 4, 5, 6};
  std::vector<float> y(6);
  doubled({view(x, {2, 3})}, {view(y, {2, 3}, {1, 2})});
  EXPECT_EQ(y, (std::vector<float>{2, 8, 4, 10, 6, 12}));
  doubled({view(x, {2, 3})}, {view(y.data() + 5, {2, 3}, {-3, -1})});
  EXPECT_EQ(y, (std::vector<float>{12, 10, 8, 6, 4, 2}));
}

}  // namespace
}  // namespace sinter::test
