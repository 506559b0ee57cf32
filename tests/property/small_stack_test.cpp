// All kinds of kernels on threads whose stacks have only the bytes that executor.h promises,
// followed by a guard page.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include <sinter/fuzz/case.h>
#include <sinter/fuzz/run.h>
#include <sinter/fuzz/small_stack_executor.h>

#include "codegen/kernels.h"
#include "support/fuzz.h"

namespace sinter::test {
namespace {

class SmallStack : public testing::Test {
 protected:
  SmallStack() {
    for (const Target& target : targets_here()) {
      engines_.emplace_back(
          EngineOptions{.target = target, .executor = executor_, .parallel_nanoseconds = 1});
    }
  }
  void check(const Graph& graph, const std::string& what) const {
    check({graph.clone(), random_inputs(graph, 11), Rounding::at_store}, what);
  }
  void check(const fuzz::Case& given, const std::string& what) const {
    const std::vector<TensorData> expected = interpret(given.graph, given.inputs, given.rounding);
    for (const Engine& engine : engines_) {
      const Executable program = engine.compile(given.graph, {.rounding = given.rounding});
      const auto got = run_guarded(program, given.graph, given.inputs);
      ASSERT_EQ(difference(expected, got), "") << what << " on " << engine.target().name;
    }
    EXPECT_LE(executor_->most_bytes(), kTaskStackBytes) << what;
  }

  std::shared_ptr<fuzz::SmallStackExecutor> executor_ =
      std::make_shared<fuzz::SmallStackExecutor>(2);
  std::vector<Engine> engines_;
};

TEST_F(SmallStack, IsEnoughForElementwiseKernels) {
  for (const NamedKernel& kernel : all_kernels()) {
    check(kernel.make(1000), kernel.name);
    if (HasFailure()) return;
  }
}

TEST_F(SmallStack, IsEnoughForReductions) {
  for (const std::int64_t n : {100, 5000}) {
    Graph rows;
    const Value x = rows.input("x", DType::f32, {8, n});
    rows.output("softmax", x.softmax());
    rows.output("norm", x.layer_norm());
    rows.output("sum", x.sum(-1));
    check(rows, "rows of " + std::to_string(n));
    Graph columns;
    const Value y = columns.input("y", DType::f64, {n, 40});
    columns.output("mean", y.mean(0));
    columns.output("most", y.amax(0));
    check(columns, "columns of " + std::to_string(n));
  }
}

/// The packed blocks of these products take up to 512 KiB, too much for such a stack.
TEST_F(SmallStack, IsEnoughForProducts) {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    Graph graph;
    const Value a = graph.input("a", dtype, {200, 90});
    const Value b = graph.input("b", dtype, {300, 90}).transpose();
    const Value y = (a.mm(b) + 1).leaky_relu(0.1);
    graph.output("y", y);
    graph.output("sum", y.sum(-1));
    check(graph, "a product of " + std::string(to_string(dtype)));
  }
  EXPECT_GT(executor_->tasks(), 0) << "no task ran on a small stack";
}

TEST_F(SmallStack, IsEnoughForRandomGraphs) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    check(fuzz::random_case(seed), "seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace sinter::test
