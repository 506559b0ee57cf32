// Reductions in the epilogue of a product: over rows, columns or all of its result, alone and
// together, each followed by other ops. Every target gives the bits of the interpreter.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include <sinter/ir/plan.h>

#include "machines.h"
#include "support/expect_error.h"

namespace sinter::test {
namespace {

void check(const Machines& machines, const Graph& graph, const std::string& what) {
  machines.check(graph, what, usual_inputs(graph, 11, false));
  machines.check(graph, what + ", with special numbers", usual_inputs(graph, 12));
}

const PlanLimits kLimits = Target::parse("x86-64-v3").plan_limits();

std::size_t kernels(const Graph& graph, const PlanLimits& limits = kLimits) {
  return plan_graph(graph, limits, Fuse::all).kernels.size();
}

struct Layer {
  Graph graph;
  Value y;  ///< [rows, columns]
  Value row, column, all;
};

Layer layer(DType dtype, std::int64_t rows, std::int64_t columns, std::int64_t depth) {
  Layer made;
  const Value x = made.graph.input("x", dtype, {rows, depth});
  const Value w = made.graph.input("w", dtype, {depth, columns});
  made.row = made.graph.input("row", dtype, {rows});
  made.column = made.graph.input("column", dtype, {columns});
  made.all = made.graph.input("all", dtype, {});
  const Value product = x.mm(w);
  made.y = (product + made.column).leaky_relu(0.2);
  return made;
}

std::string text(std::int64_t rows, std::int64_t columns) {
  return std::to_string(rows) + " x " + std::to_string(columns);
}

constexpr std::int64_t kRows[] = {1, 2, 13, 64, 168};
constexpr std::int64_t kColumns[] = {1, 2, 10, 33, 128, 256};

TEST(BlockReduction, RowsOfAProductAreInItsKernel) {
  const Machines machines;
  for (std::int64_t rows : {1, 5, 64, 170, 340}) {
    for (std::int64_t columns : kColumns) {
      Layer made = layer(DType::f32, rows, columns, 17);
      const Value share = made.y.softmax(-1);
      made.graph.output("share", share);
      made.graph.output("sum", made.y.sum(-1) * 0.5 + made.row);
      made.graph.output("y", made.y);
      if (rows * columns > 1) {
        EXPECT_EQ(kernels(made.graph), 1U) << text(rows, columns);
      }
      check(machines, made.graph, text(rows, columns));
    }
  }
}

/// The sum of each row is broadcast to all elements of the row.
TEST(BlockReduction, SumsOfRowsAreBroadcastToTheRows) {
  const Machines machines;
  for (std::int64_t rows : kRows) {
    for (std::int64_t columns : kColumns) {
      Layer made = layer(DType::f32, rows, columns, 17);
      const Value sum = made.y.sum(-1, true);
      made.graph.output("repeated", sum.broadcast_to({rows, columns}));
      made.graph.output("sum", sum * 2);
      if (rows * columns > 1) {
        EXPECT_EQ(kernels(made.graph), 1U) << text(rows, columns);
      }
      check(machines, made.graph, text(rows, columns));
    }
  }
}

TEST(BlockReduction, ColumnsOfAProductAreInItsKernel) {
  const Machines machines;
  for (std::int64_t rows : kRows) {
    for (std::int64_t columns : kColumns) {
      Layer made = layer(DType::f32, rows, columns, 17);
      made.graph.output("y", made.y);
      made.graph.output("sum", made.y.sum(0) * 0.5 + made.column);
      made.graph.output("high", (made.y * 2).amax(0, true));
      if (columns > 1) {
        EXPECT_EQ(kernels(made.graph), 1U) << text(rows, columns);
      }
      check(machines, made.graph, text(rows, columns));
    }
  }
}

TEST(BlockReduction, AllOfAProductIsInItsKernel) {
  const Machines machines;
  for (std::int64_t rows : kRows) {
    for (std::int64_t columns : kColumns) {
      Layer made = layer(DType::f32, rows, columns, 17);
      made.graph.output("y", made.y + 1);
      made.graph.output("mean", made.y.mean() + made.all);
      made.graph.output("low", made.y.amin());
      if (rows * columns > 1) {
        EXPECT_EQ(kernels(made.graph), 1U) << text(rows, columns);
      }
      check(machines, made.graph, text(rows, columns));
    }
  }
}

/// Gradients of a bias, a scale of rows and a slope have this form: one value reduced in three
/// ways.
TEST(BlockReduction, OfEveryKindTogether) {
  const Machines machines;
  for (DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    for (std::int64_t rows : {3, 64, 168}) {
      for (std::int64_t columns : {2, 10, 100, 128}) {
        Layer made = layer(dtype, rows, columns, 9);
        made.graph.output("down", made.column - made.y.sum(0) * 0.1);
        made.graph.output("across", made.row - (made.y * 3).sum(1) * 0.1);
        made.graph.output("total", made.all - made.y.relu().sum() * 0.1);
        made.graph.output("y", made.y * 2);
        made.graph.output("normal", made.y - made.y.mean(1, true));
        EXPECT_EQ(kernels(made.graph), 1U) << text(rows, columns);
        check(machines, made.graph, text(rows, columns));
      }
    }
  }
}

TEST(BlockReduction, MoreThanABlockHoldsIsForAnotherKernel) {
  const Machines machines;
  struct Case {
    std::int64_t rows, columns;
    int axis;
    std::size_t kernels;
  };
  for (const Case& each : {Case{169, 20, 0, 2}, Case{168, 20, 0, 1}, Case{4, 257, 1, 2},
                           Case{4, 256, 1, 1}, Case{4, 257, 0, 2}}) {
    Layer made = layer(DType::f32, each.rows, each.columns, 9);
    made.graph.output("sum", made.y.sum(each.axis));
    EXPECT_EQ(kernels(made.graph), each.kernels) << text(each.rows, each.columns);
    check(machines, made.graph, text(each.rows, each.columns));
  }
  Layer made = layer(DType::f32, 8, 8, 9);
  made.graph.output("sum", made.y.sum(0));
  PlanLimits none = kLimits;
  none.product_rows = none.product_row_bytes = 0;
  EXPECT_EQ(kernels(made.graph, none), 2U);
}

/// With a single column, the row axis is the last axis longer than 1. So the column is summed in
/// the order of a row.
TEST(BlockReduction, ASingleColumnIsSummedInTheOrderOfRows) {
  const Machines machines;
  for (const std::int64_t rows : {2, 65, 168}) {
    Layer made = layer(DType::f32, rows, 1, 9);
    Attributes attributes;
    attributes.lists = {Dims{0}, Dims{1}};
    made.graph.output("sum", Value::apply(Op::reduce_sum, std::span(&made.y, 1), attributes));
    check(machines, made.graph, text(rows, 1));
  }
}

/// A value that depends on a reduction over one axis is not reduced over another axis in the same
/// kernel.
TEST(BlockReduction, ReductionsOfReductionsWait) {
  const Machines machines;
  Layer made = layer(DType::f32, 20, 20, 9);
  const Value share = made.y.softmax(-1);
  made.graph.output("down", share.sum(0));
  made.graph.output("total", made.y.sum(-1).sum());
  EXPECT_EQ(kernels(made.graph), 3U);
  check(machines, made.graph, "a square");
}

/// The bias of the columns and the sums of the rows have the same shape, but the sums may not be
/// written over the bias: every row reads all of it.
TEST(BlockReduction, RowsAreNotWrittenOverColumns) {
  for (const bool multiplies : {true, false}) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {64, 64});
    const Value bias = graph.input("bias", DType::f32, {64});
    const Value w = graph.input("w", DType::f32, {64, 64});
    graph.output("sum", ((multiplies ? x.mm(w) : x * w) + bias).relu().sum(-1));
    const Engine engine(EngineOptions{.threads = 1});
    const Executable program = engine.compile(graph);
    std::vector<float> xs(4096, 1);
    std::vector<float> ws(4096, 1);
    std::vector<float> there(64, 1);
    expect_error(ErrorCode::invalid_buffer, "in an order other than that of memory", [&] {
      program.run({view(xs, {64, 64}), view(there, {64}), view(ws, {64, 64})}, {view(there, {64})});
    });
  }
}

/// Sums of columns may be written over the bias of the columns, although all rows read it: they are
/// stored after the last row.
TEST(BlockReduction, ColumnsAreWrittenOverWhatTheyWereAddedTo) {
  Layer made = layer(DType::f32, 64, 40, 9);
  made.graph.output("y", made.y * 2);
  made.graph.output("bias", made.column - made.y.sum(0) * 0.01);
  made.graph.output("total", made.all - made.y.sum() * 0.01);
  const std::vector<TensorData> inputs = usual_inputs(made.graph, 5, false);
  const std::vector<TensorData> expected = interpret(made.graph, inputs);
  const auto numbers = [](const TensorData& data) {
    const auto span = data.as<float>();
    return std::vector<float>(span.begin(), span.end());
  };
  std::vector<std::vector<float>> in;
  for (const TensorData& data : inputs) in.push_back(numbers(data));
  std::vector<float> y(64 * 40);
  const Engine engine(EngineOptions{.threads = 1});
  const Executable program = engine.compile(made.graph);
  EXPECT_EQ(program.kernels(), 1);
  std::vector<ConstTensorView> from;
  for (std::size_t i = 0; i < in.size(); ++i) from.push_back(view(in[i], inputs[i].shape));
  const std::vector<TensorView> to{view(y, {64, 40}), view(in[3], {40}), view(in[4], Shape{})};
  program.run(from, to);
  const auto expect_same = [&](std::size_t output, const std::vector<float>& got) {
    TensorData data = expected[output];
    std::memcpy(data.bytes.data(), got.data(), data.bytes.size());
    EXPECT_EQ(difference({&expected[output], 1}, {&data, 1}), "") << output;
  };
  expect_same(0, y);
  expect_same(1, in[3]);
  expect_same(2, in[4]);
}

}  // namespace
}  // namespace sinter::test
