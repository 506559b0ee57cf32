// The size of machine code. Every op on every dtype in every layout stays below a limit of
// instructions on every target, and programs on bytes take only a few times the instructions of the
// same programs on f32. LLVM scalarises vector ops that a target lacks, and compile time grows
// faster than the code.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/fuzz/code_size.h>
#include <sinter/ir/op_cost.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

#include "support/fuzz.h"
#include "support/op_uses.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

struct Layout {
  std::string name;
  Shape shape;
  Strides first;           ///< of the first input
  Strides others = first;  ///< of the other inputs
  Strides output = first;
  std::optional<Shape> second = {};  ///< shape of the second input
};

std::vector<Layout> layouts() {
  return {
      {"dense", {1000}, {}},
      {"strided", {1000}, {2}},
      {"strided over", {1000}, {2}, {}, {}},
      {"reversed", {1000}, {-1}},
      {"repeated in rows", {5, 200}, {}, {}, {}, Shape{5, 1}},
      {"repeated over rows", {5, 200}, {400, 2}, {}, {}, Shape{1, 200}},
      {"transposed", {40, 40}, {1, 40}, {}, {}},
  };
}

Graph graph_of(const OpUse& use, const Layout& layout) {
  Graph graph;
  std::vector<Value> operands;
  for (std::size_t i = 0; i < use.operands.size(); ++i) {
    const OperandInfo& operand = info(use.op).operands[i];
    if (operand.attribute) {
      operands.push_back(graph.parameter(operand.default_value.value_or(1), use.operands[i]));
      continue;
    }
    const bool other = i == 1 && layout.second.has_value();
    operands.push_back(graph.input("x" + std::to_string(i), use.operands[i],
                                   other ? *layout.second : layout.shape,
                                   other    ? Strides()
                                   : i == 0 ? layout.first
                                            : layout.others));
  }
  graph.output("y", Value::apply(use.op, operands, use.attributes()), layout.output);
  return graph;
}

LoopNest nest_of(const Graph& graph, const Target& target) {
  const Graph wide = widen(graph, Rounding::at_store);
  const Graph body = expand(wide, wide.parameters());
  return schedule_cpu(body, collapse(body), target);
}

class CodeSize : public testing::TestWithParam<const char*> {
 protected:
  const Target target_ = Target::parse(GetParam());

  void expect_small(const Graph& graph, const std::string& what) const {
    const LoopNest nest = nest_of(graph, target_);
    const fuzz::CodeSize size = fuzz::code_size(nest, target_);
    EXPECT_LE(size.instructions, size.allowed) << what << "\n" << print(nest);
  }

  /// Returns the number of instructions of all kernels of a program.
  [[nodiscard]] int instructions(const Graph& graph) const {
    const Graph wide = widen(graph, Rounding::at_store);
    const Plan plan = plan_graph(wide, target_.plan_limits(), Fuse::all);
    int sum = 0;
    for (const PlanKernel& kernel : plan.kernels) {
      sum += fuzz::code_size(nest_of(kernel.body, target_), target_).instructions;
    }
    return sum;
  }
};

/// Tries all uses in the first two layouts and one use in four in each other layout; in a long run,
/// all uses in all layouts.
TEST_P(CodeSize, OfEveryPrimitiveOnEveryDTypeInEveryLayout) {
  constexpr std::size_t kAlways = 2;
  const std::vector<Layout> all = layouts();
  const std::vector<OpUse> uses = uses_of(OpKind::primitive);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < uses.size(); ++k) {
      if (i >= kAlways && (i + k) % 4 != 0 && !is_long()) continue;
      expect_small(graph_of(uses[k], all[i]), text(uses[k]) + ", " + all[i].name);
    }
  }
}

TEST_P(CodeSize, OfEveryCompositeOnEveryDType) {
  for (const OpUse& use : uses_of(OpKind::composite)) {
    expect_small(graph_of(use, layouts()[0]), text(use));
  }
}

/// Over both axes of dense, strided and transposed tensors.
TEST_P(CodeSize, OfEveryReductionOnEveryDType) {
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::reduction) continue;
    for (const DTypeInfo& type : all_dtypes()) {
      if ((row.rule == DTypeRule::logical) != (type.dtype == DType::boolean)) continue;
      for (const Strides& strides : {Strides(), Strides{600, 2}, Strides{1, 40}}) {
        for (const std::int64_t axis : {0, 1}) {
          Graph graph;
          const Value x = graph.input("x", type.dtype, {40, 300}, strides);
          Attributes attributes;
          attributes.lists = {Dims{axis}, Dims{1}};
          graph.output("y", Value::apply(row.op, std::span(&x, 1), attributes));
          expect_small(graph, text({row.op, {type.dtype}, type.dtype}));
        }
      }
    }
  }
}

/// Returns a graph of repeated pads and concats, which are stored with strides and offsets.
Graph padded(DType dtype) {
  Graph graph;
  Value x = graph.input("x", dtype, {5, 5});
  for (int i = 0; i < 3; ++i) {
    const Value y = x.pad({1, 1}, {1, 1});
    x = Value::concat({y, y}, 1);
  }
  graph.output("y", x);
  return graph;
}

Graph strided_outputs(DType dtype) {
  Graph graph;
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    graph.output("y" + number, graph.input("x" + number, dtype, {100}).neg(), {2});
  }
  return graph;
}

Graph divisions(DType dtype, int count) {
  Graph graph;
  const Value x = graph.input("x", dtype, {1000});
  Value y = graph.input("y", dtype, {1000});
  for (int i = 0; i < count; ++i) y = x / y;
  graph.output("z", y);
  return graph;
}

/// A vector of bytes has four times the lanes of a vector of f32, and some ops are scalarised. A
/// division of bytes takes ten instructions, a division of f32 one.
TEST_P(CodeSize, OfProgramsOnBytesIsInProportion) {
  constexpr int kFactor = 4;
  for (const DType dtype : {DType::u8, DType::i8, DType::boolean, DType::i16, DType::bf16}) {
    SCOPED_TRACE(to_string(dtype));
    EXPECT_LE(instructions(padded(dtype)), kFactor * instructions(padded(DType::f32)));
  }
  for (const DType dtype : {DType::u8, DType::i8, DType::i16}) {
    SCOPED_TRACE(to_string(dtype));
    EXPECT_LE(instructions(strided_outputs(dtype)),
              kFactor * instructions(strided_outputs(DType::f32)));
  }
}

/// The instructions of a division do not depend on the number of divisions: loops with a long body
/// are not unrolled, and the planner counts a division by its instructions when it cuts kernels.
TEST_P(CodeSize, OfManyDivisionsGrowsWithTheirNumber) {
  constexpr int kPartsOfARange = 4;  // number of loops, each with one copy of the body
  constexpr int kAround = 300;
  for (const DType dtype : {DType::u8, DType::i8, DType::i16, DType::i32, DType::i64}) {
    const int each = count_operations(Op::div, dtype, dtype);
    for (const int count : {24, 190}) {
      SCOPED_TRACE(std::string(to_string(dtype)) + ", " + std::to_string(count));
      EXPECT_LE(instructions(divisions(dtype, count)), kPartsOfARange * count * each + kAround);
    }
    const PlanLimits limits = target_.plan_limits();
    for (const PlanKernel& kernel : plan_graph(divisions(dtype, 190), limits, Fuse::all).kernels) {
      const auto ops = std::ranges::count(kernel.body.nodes(), Op::div, &Node::op);
      EXPECT_LE(ops * each, limits.instructions);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, CodeSize, testing::Values("x86-64-v3", "x86-64-v4", "aarch64"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace sinter::test
