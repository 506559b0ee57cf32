// widen: where 16-bit floats are rounded, what counts as one op, and which numbers are rounded
// because they are tensors of their own.
#include <gtest/gtest.h>

#include <cstring>

#include <sinter/ir/element.h>
#include <sinter/ir/gradients.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/text.h>

#include "support/fuzz.h"
#include "support/op_uses.h"

namespace sinter {
namespace {

using test::tensor_of;

constexpr DType kStorage[] = {DType::f16, DType::bf16};
constexpr Rounding kBoth[] = {Rounding::at_store, Rounding::each_op};

double round_to(double value, DType dtype) {
  return element_value(element_bits(value, dtype), dtype);
}

std::vector<double> numbers(const TensorData& data) {
  std::vector<double> values;
  const std::size_t width = info(data.dtype).bytes;
  for (std::size_t at = 0; at < data.bytes.size(); at += width) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, data.bytes.data() + at, width);
    values.push_back(element_value(bits, data.dtype));
  }
  return values;
}

/// Returns the first element of the first output of a graph with one input.
double result(const Graph& graph, const TensorData& input, Rounding rounding) {
  return numbers(interpret(graph, std::span(&input, 1), rounding)[0])[0];
}

// --- Numbers -------------------------------------------------------------------------------------

TEST(Widen, RoundsANumberThatIsATensorOfItsOwn) {
  for (DType dtype : kStorage) {
    const double rounded = round_to(0.1, dtype);
    ASSERT_NE(rounded, static_cast<double>(0.1F));
    for (const bool structural : {true, false}) {
      Graph graph;
      const Value number = structural ? graph.constant(0.1, dtype) : graph.parameter(0.1, dtype);
      graph.output("converted", number.convert(DType::f32));
      graph.output("to its own dtype", number.convert(dtype).recast(DType::f32));
      graph.output("moved", number.reshape({1}).recast(DType::f32));
      graph.output("broadcast", number.broadcast_to({1}).recast(DType::f32));
      graph.output("stored", number);
      graph.output("bits", number.bitcast(DType::i16).bitcast(dtype));
      for (Rounding rounding : kBoth) {
        const std::vector<TensorData> results = interpret(graph, {}, rounding);
        for (std::size_t i = 0; i < results.size(); ++i) {
          EXPECT_EQ(numbers(results[i])[0], rounded) << graph.outputs()[i].name;
        }
      }
    }
  }
}

TEST(Widen, KeepsANumberBesideAnOpInF32) {
  std::vector<double> values;
  for (int i = 1; i < 256; ++i) values.push_back(i);  // exact in both dtypes
  for (DType dtype : kStorage) {
    Graph graph;
    graph.output("y", graph.input("x", dtype, {values.size()}) * 0.1);
    const TensorData input = tensor_of(dtype, values);
    int tells_apart = 0;
    for (Rounding rounding : kBoth) {
      const std::vector<double> y = numbers(interpret(graph, std::span(&input, 1), rounding)[0]);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double once = round_to(static_cast<float>(values[i]) * 0.1F, dtype);
        EXPECT_EQ(y[i], once) << values[i];
        tells_apart += once != round_to(round_to(0.1, dtype) * values[i], dtype);
      }
    }
    EXPECT_GT(tells_apart, 10);
  }
}

TEST(Widen, RoundsAConversionAndABoundThatItsDTypeDoesNotHold) {
  for (DType dtype : kStorage) {
    const double rounded = round_to(0.1, dtype);
    Graph converts;
    const Value wide = converts.input("x", DType::f32, {1});
    converts.output("y", wide.convert(dtype).recast(DType::f32));
    Graph clamps;
    clamps.output("y", clamps.input("x", dtype, {1}).clamp(0.1, 0.2).recast(DType::f32));
    for (Rounding rounding : kBoth) {
      EXPECT_EQ(result(converts, tensor_of(DType::f32, {0.1F}), rounding), rounded);
      const bool each = rounding == Rounding::each_op;
      EXPECT_EQ(result(clamps, tensor_of(dtype, {0}), rounding), each ? rounded : 0.1F);
    }
  }
}

// --- What counts as one op -----------------------------------------------------------------------

TEST(Widen, ARecastIsWhereAnOpEnds) {
  // In f32, 2048 + 1 - 2048 is 1; f16 has no 2049.
  Graph graph;
  const Value x = graph.input("x", DType::f16, {1});
  const Value wide = (x.recast(DType::f32) + 1).recast(DType::f16);
  graph.output("y", wide.recast(DType::f32) - 2048);
  EXPECT_EQ(result(graph, tensor_of(DType::f16, {2048}), Rounding::at_store), 1);
  EXPECT_EQ(result(graph, tensor_of(DType::f16, {2048}), Rounding::each_op), 0);
}

TEST(Widen, AReductionOverAxesThatLieApartRoundsOnce) {
  Graph graph;
  const Value x = graph.input("x", DType::f16, {2, 1, 2, 2});
  graph.output("y", x.sum({0, 3}));
  // The partial sum 120,000 is out of f16's range; the result 0 is not.
  const TensorData input = [] {
    TensorData data = tensor_of(DType::f16, {6e4, 6e4, 1, 2, -6e4, -6e4, 3, 4});
    data.shape = {2, 1, 2, 2};
    return data;
  }();
  for (Rounding rounding : kBoth) {
    const std::vector<TensorData> results = interpret(graph, std::span(&input, 1), rounding);
    EXPECT_EQ(numbers(results[0]), (std::vector<double>{0, 10}));
  }
}

TEST(Widen, TiesOfAnExtremeAreCountedInF32) {
  constexpr std::int64_t kCount = 70'000;  // out of f16's range
  for (DType dtype : kStorage) {
    for (Op op : {Op::reduce_max, Op::reduce_min}) {
      Graph graph;
      const Value x = graph.input("x", dtype, {kCount});
      const Value extreme = op == Op::reduce_max ? x.amax() : x.amin();
      graph.output("d", gradients(extreme, {x})[0]);
      const TensorData input = tensor_of(dtype, std::vector<double>(kCount, 1.5));
      for (Rounding rounding : kBoth) {
        EXPECT_EQ(result(graph, input, rounding), round_to(1.0F / kCount, dtype));
      }
    }
  }
}

/// Returns true if a node from `from` on, which was recorded for the gradient, reads `y`.
bool is_read(const Graph& graph, NodeId y, NodeId from) {
  for (std::uint32_t id = from.index; id < graph.nodes().size(); ++id) {
    for (NodeId operand : graph.node({id}).inputs()) {
      if (operand == y) return true;
    }
  }
  return false;
}

/// Adds the gradient of the sum of op(x, ...) by x as output. Returns true if the gradient does not
/// read the result of the op.
bool add_gradient(Graph& graph, const OpInfo& row, DType dtype, std::int64_t length) {
  std::vector<Value> operands;
  for (const OperandInfo& operand : row.operands) {
    if (operand.name.empty()) continue;
    const std::string name = "x" + std::to_string(operands.size());
    operands.push_back(operand.attribute ? graph.parameter(0.3, dtype)
                                         : graph.input(name, dtype, {length}));
  }
  const Value y = Value::apply(row.op, operands, {.dtype = dtype, .shape = {}});
  const Value loss = y.sum();
  graph.output("d", gradients(loss, {operands[0]})[0]);
  return !is_read(graph, y.id(), {loss.id().index + 1});
}

/// A gradient rule on 16-bit floats computes in f32 and rounds its result once. So the result
/// equals that of the rule on f32 with the same operands, rounded.
TEST(Widen, ARuleOfAGradientRoundsOnce) {
  for (DType dtype : kStorage) {
    std::vector<double> x, other;
    for (int i = 0; i < 500; ++i) {
      x.push_back(round_to(0.013 * (i + 1), dtype));
      other.push_back(round_to(3.1 - 0.007 * i, dtype));
    }
    int compared = 0;
    for (const OpInfo& row : all_ops()) {
      const bool floats = row.rule == DTypeRule::floating || row.rule == DTypeRule::numeric;
      const bool elementwise = row.kind == OpKind::primitive || row.kind == OpKind::composite;
      if (!floats || !elementwise) continue;
      Graph wide, narrow;
      const auto length = static_cast<std::int64_t>(x.size());
      if (!add_gradient(wide, row, DType::f32, length)) continue;
      static_cast<void>(add_gradient(narrow, row, dtype, length));
      const auto inputs = [&](DType of) {
        std::vector<TensorData> tensors;
        for (std::size_t i = 0; i < wide.inputs().size(); ++i) {
          tensors.push_back(tensor_of(of, i == 0 ? x : other));
        }
        return tensors;
      };
      const std::vector<double> exact = numbers(interpret(wide, inputs(DType::f32))[0]);
      const std::vector<double> rounded =
          numbers(interpret(narrow, inputs(dtype), Rounding::each_op)[0]);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(rounded[i], round_to(exact[i], dtype)) << row.name << " at " << x[i];
      }
      ++compared;
    }
    EXPECT_GE(compared, 20);
  }
}

// --- Rounding that changes nothing ---------------------------------------------------------------

std::size_t conversions(const Graph& graph) {
  std::size_t count = 0;
  for (const Node& node : graph.nodes()) {
    if (node.op == Op::convert && is_storage_float(node.dtype)) ++count;
  }
  return count;
}

TEST(Widen, RoundsOnlyWhatItsDTypeMayNotHold) {
  Graph graph;
  const Value x = graph.input("x", DType::bf16, {4, 4});
  const Value moved = x.transpose().slice(0, 1).neg().relu().max(x.slice(0, 1).abs());
  graph.output("y", Value::concat({moved, moved.floor()}, 0).amax(0));
  EXPECT_EQ(conversions(simplify(widen(graph, Rounding::each_op))), 1)
      << "only the output is rounded";
  graph.output("z", moved + moved);
  graph.output("w", moved.clamp(0.1, 0.2));
  EXPECT_EQ(conversions(simplify(widen(graph, Rounding::each_op))), 3);
}

TEST(Widen, LeavesNo16BitOps) {
  fuzz::RandomGraphOptions options;
  for (DType dtype : kStorage) {
    options.floating = dtype;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      const Graph graph = fuzz::random_graph(seed, options);
      for (Rounding rounding : kBoth) {
        const Graph wide = widen(graph, rounding);
        for (const Node& node : wide.nodes()) {
          const bool stored = node.op == Op::input || node.op == Op::convert ||
                              node.op == Op::bitcast || node.op == Op::raw_bitcast;
          ASSERT_TRUE(stored || !is_storage_float(node.dtype)) << print(wide);
          ASSERT_NE(node.op, Op::recast) << print(wide);
        }
      }
    }
  }
}

}  // namespace
}  // namespace sinter
