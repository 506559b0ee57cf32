// The estimated time of a kernel: what it grows with.
#include <gtest/gtest.h>

#include <functional>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

namespace sinter {
namespace {

using Method = std::function<Value(const Value&)>;

/// Returns the estimate of the single kernel of y = method(x).
double estimate(DType dtype, const Shape& shape, const Method& method,
                const Target& target = Target::parse("x86-64-v3")) {
  Graph graph;
  graph.output("y", method(graph.input("x", dtype, shape)));
  const Plan plan = plan_graph(graph, target.plan_limits(), Fuse::all);
  EXPECT_EQ(plan.kernels.size(), 1U);
  const PlanKernel& kernel = plan.kernels[0];
  const Graph body = simplify(expand(kernel.body, graph.parameters()));
  return estimate_nanoseconds(body, collapse(body, kernel.frame, target.model), target);
}

Value leaky(const Value& x) { return x.leaky_relu(0.1); }
Value power(const Value& x) { return x.pow(2.5); }

TEST(Estimate, GrowsWithTheElements) {
  const double start = CpuModel().start_ns;
  const double one = estimate(DType::f32, {1 << 14}, power) - start;
  EXPECT_NEAR(estimate(DType::f32, {1 << 18}, power) - start, 16 * one, 1e-3 * one);
  EXPECT_NEAR(estimate(DType::f32, {0}, power), start, 1);  // ops on numbers alone
}

TEST(Estimate, GrowsWithTheBytesWhereMemoryLimits) {
  const double start = CpuModel().start_ns;
  const double single = estimate(DType::f32, {1 << 14}, leaky) - start;
  EXPECT_NEAR(estimate(DType::f64, {1 << 14}, leaky) - start, 2 * single, 1e-6 * single);
  // Beyond the second-level cache a byte takes longer.
  EXPECT_GT(estimate(DType::f32, {1 << 22}, leaky) - start, 257 * single);
}

TEST(Estimate, GrowsWithTheOperationsWhereTheseLimit) {
  EXPECT_GT(estimate(DType::f32, {1 << 14}, power), 5 * estimate(DType::f32, {1 << 14}, leaky));
  const double narrow = estimate(DType::f32, {1 << 14}, power);
  const double wide = estimate(DType::f32, {1 << 14}, power, Target::parse("x86-64-v4"));
  EXPECT_NEAR(wide, narrow / 2, narrow / 100);
}

TEST(Estimate, CountsOpsOnTheResultsOfRowsByTheirOwnElements) {
  const auto sum = [](const Value& x) { return x.sum(1, true); };
  const auto more = [](const Value& x) { return x.sum(1, true).pow(2.5); };
  const double plain = estimate(DType::f32, {64, 4096}, sum);
  EXPECT_LT(estimate(DType::f32, {64, 4096}, more), 1.05 * plain);
}

TEST(Estimate, CountsTheMultiplicationsOfAProduct) {
  const auto product = [](std::int64_t columns) {
    return [columns](const Value& rows) {
      return rows.mm(rows.constant(1).broadcast_to({512, columns}));
    };
  };
  const double start = CpuModel().start_ns;
  const double narrow = estimate(DType::f32, {256, 512}, product(256)) - start;
  EXPECT_NEAR(estimate(DType::f32, {256, 512}, product(512)) - start, 2 * narrow, narrow / 100);
}

}  // namespace
}  // namespace sinter
