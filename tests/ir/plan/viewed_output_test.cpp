// Outputs that are views of computed values: the kernel stores the value in the order of the view.
#include <gtest/gtest.h>

#include <vector>

#include <sinter/ir/interpret.h>
#include <sinter/ir/plan.h>

#include "support/fuzz.h"
#include "support/run_plan.h"

namespace sinter::test {
namespace {

/// Returns the number of kernels of the plan, and checks its outputs against the interpreter.
std::size_t kernels(const Graph& graph, Fuse fuse = Fuse::all) {
  const Plan plan = plan_graph(graph, {}, fuse);
  const std::vector<TensorData> inputs = random_inputs(graph, 1);
  const std::vector<TensorData> expected = interpret(graph, inputs);
  const std::vector<TensorData> got = run_plan(plan, inputs);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(first_difference(got[i], expected[i]), -1) << print(plan);
  }
  for (const PlanBuffer& buffer : plan.buffers) {
    const bool stored = buffer.kind == PlanBuffer::Kind::temporary;
    EXPECT_FALSE(stored && plan.kernels.size() == 1) << print(plan);
  }
  return plan.kernels.size();
}

struct Layer {
  Graph graph;
  Value y;
};

Layer layer() {
  Layer made;
  const Value x = made.graph.input("x", DType::f32, {6, 5});
  const Value w = made.graph.input("w", DType::f32, {5, 8});
  made.y = x.mm(w).relu();
  return made;
}

TEST(ViewedOutput, OfAProductIsStoredTransposed) {
  Layer made = layer();
  made.graph.output("y", made.y.transpose());
  EXPECT_EQ(kernels(made.graph), 1U);
}

TEST(ViewedOutput, MayHaveStridesOfItsOwn) {
  Layer made = layer();
  made.graph.output("y", made.y.transpose(), {1, 16});
  EXPECT_EQ(kernels(made.graph), 1U);
}

TEST(ViewedOutput, OfAnotherShapeIsStoredInOrder) {
  Layer made = layer();
  made.graph.output("y", made.y.reshape({3, 16}));
  EXPECT_EQ(kernels(made.graph), 1U);
}

TEST(ViewedOutput, OfAPartIsCopied) {
  Layer made = layer();
  made.graph.output("y", made.y.slice(0, 1, 4));
  EXPECT_EQ(kernels(made.graph), 2U);
}

TEST(ViewedOutput, OfWhatOthersReadIsCopied) {
  Layer made = layer();
  made.graph.output("y", made.y.transpose());
  made.graph.output("z", made.y);
  EXPECT_EQ(kernels(made.graph), 2U);
}

TEST(ViewedOutput, IsAKernelOfItsOwnWithoutFusion) {
  Layer made = layer();
  made.graph.output("y", made.y.transpose());
  EXPECT_EQ(kernels(made.graph, Fuse::none), 3U);
}

}  // namespace
}  // namespace sinter::test
