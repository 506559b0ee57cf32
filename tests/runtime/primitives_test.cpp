// Every primitive in machine code, on special values of all operands, compared with the
// interpreter.
#include "runtime/compiled_kernel.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/ir/interpret.h>

#include "support/op_uses.h"

namespace sinter::detail {
namespace {

using test::OpUse;

class Primitives : public testing::TestWithParam<Target> {};

TEST_P(Primitives, EqualTheInterpreterInVectors) {
  for (const OpUse& use : test::uses_of(OpKind::primitive)) {
    const std::vector<TensorData> grid = test::operand_grid(use);
    const Graph graph = test::graph_of(use, grid[0].shape);
    EXPECT_EQ(difference(graph, GetParam(), CompiledKernel(graph, GetParam()), grid), "")
        << text(use);
  }
}

TEST_P(Primitives, EqualTheInterpreterInScalars) {
  for (const OpUse& use : test::uses_of(OpKind::primitive)) {
    const std::vector<TensorData> grid = test::operand_grid(use);
    Graph graph;
    std::vector<Value> operands;
    for (std::size_t i = 0; i < grid.size(); ++i) {
      operands.push_back(graph.input("x" + std::to_string(i), use.operands[i], {}));
    }
    graph.output("y", Value::apply(use.op, operands, use.attributes()).broadcast_to({5}));
    const CompiledKernel kernel(graph, GetParam());
    for (std::size_t at = 0; at < grid[0].bytes.size() / info(use.operands[0]).bytes; ++at) {
      std::vector<TensorData> inputs;
      for (const TensorData& column : grid) {
        inputs.push_back(TensorData::zeros(column.dtype, {}));
        const std::size_t bytes = info(column.dtype).bytes;
        std::copy_n(column.bytes.data() + at * bytes, bytes, inputs.back().bytes.data());
      }
      ASSERT_EQ(difference(graph, GetParam(), kernel, inputs), "") << text(use) << " case " << at;
    }
  }
}

// LLVM rewrites arithmetic with constants (x / 4, x + 0, x * -1, ...). Each rewrite must be exact.
TEST_P(Primitives, EqualTheInterpreterBesideConstants) {
  for (const OpUse& use : test::uses_of(OpKind::primitive)) {
    if (use.operands.size() < 2 || use.operands.back() == DType::boolean) continue;
    const std::vector<TensorData> grid = test::operand_grid(use);
    Graph graph;
    std::vector<Value> inputs;
    for (std::size_t i = 0; i < grid.size(); ++i) {
      inputs.push_back(graph.input("x" + std::to_string(i), use.operands[i], grid[i].shape));
    }
    for (std::size_t i = 0; i < grid.size(); ++i) {
      if (use.operands[i] == DType::boolean) continue;
      for (double value : test::operand_values(use.operands[i])) {
        std::vector<Value> operands = inputs;
        operands[i] = graph.constant(value, use.operands[i]);
        graph.output("x" + std::to_string(i) + " = " + std::to_string(value) +
                         (std::signbit(value) ? " negative " : " ") +
                         std::to_string(graph.outputs().size()),
                     Value::apply(use.op, operands, use.attributes()));
      }
    }
    EXPECT_EQ(difference(graph, GetParam(), CompiledKernel(graph, GetParam()), grid), "")
        << text(use);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Primitives, testing::ValuesIn(targets_here()),
                         [](const auto& test) {
                           std::string name = test.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Masks, AnyByteButZeroIsTrueAndTrueIsOne) {
  for (const Target& target : targets_here()) {
    Graph graph;
    const Value mask = graph.input("m", DType::boolean, {256});
    graph.output("same", mask.logical_or(mask));
    graph.output("not", mask.logical_not());
    std::vector<std::uint8_t> bytes(256), same(256), inverse(256);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
    CompiledKernel(graph, target)
        .run(std::vector<void*>{bytes.data(), same.data(), inverse.data()});
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      ASSERT_EQ(same[i], i != 0) << target.name;
      ASSERT_EQ(inverse[i], i == 0) << target.name;
    }
  }
}

}  // namespace
}  // namespace sinter::detail
