// Kernel bodies with products, as the planner makes them: one for each case that a scheduler
// distinguishes.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/graph.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

namespace sinter::test {

/// Returns the bodies of those kernels of a graph's plan that contain a product.
inline std::vector<Graph> product_bodies(const Graph& graph, const PlanLimits& limits = {}) {
  const Graph wide = widen(graph, Rounding::at_store);
  std::vector<Graph> bodies;
  for (const PlanKernel& kernel : plan_graph(wide, limits, Fuse::all).kernels) {
    if (collapse(kernel.body).product) bodies.push_back(kernel.body.clone());
  }
  return bodies;
}

inline Graph product_body(const Graph& graph) {
  std::vector<Graph> bodies = product_bodies(graph);
  if (bodies.size() != 1) std::abort();
  return std::move(bodies[0]);
}

/// Shape of a dense layer with M = m, N = n, K = k. An operand that is `turned` is stored in
/// column-major order.
struct LayerShape {
  std::int64_t m, n, k;
  bool a_turned = false;
  bool b_turned = false;
  [[nodiscard]] std::string text() const {
    return std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k) +
           (a_turned ? ", a in column-major order" : "") +
           (b_turned ? ", b in column-major order" : "");
  }
};

/// A dense layer with a bias for each column, a scale for each row, and two outputs.
inline Graph dense_layer(const LayerShape& shape, DType dtype = DType::f32) {
  const auto [m, n, k, a_turned, b_turned] = shape;
  Graph graph;
  const Value a =
      a_turned ? graph.input("a", dtype, {k, m}).transpose() : graph.input("a", dtype, {m, k});
  const Value b =
      b_turned ? graph.input("b", dtype, {n, k}).transpose() : graph.input("b", dtype, {k, n});
  const Value bias = graph.input("bias", dtype, {n});
  const Value scale = graph.input("scale", dtype, {m, 1});
  const Value sums = a.mm(b) * scale + bias;
  graph.output("y", sums.leaky_relu(0.2));
  graph.output("positive", sums.greater(0));
  return graph;
}

/// A batched product whose operands broadcast, with prologues of both operands and an iota in the
/// epilogue.
inline Graph many_matrices(std::int64_t m, std::int64_t n) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {2, 1, m, 9});
  const Value b = graph.input("b", DType::i8, {3, n, 9}).transpose({0, 2, 1});
  const Value count = graph.iota(DType::i32, {m, n}, 1);
  const Value sums = (a + 1).matmul(b.convert(DType::f32) * 0.125);
  graph.output("y", sums + count.convert(DType::f32));
  return graph;
}

/// A product plus a residual in column-major order. `strides` are those of the result.
inline Graph product_into(const Strides& strides) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {40, 33});
  const Value b = graph.input("b", DType::f32, {33, 36});
  const Value residual = graph.input("residual", DType::f32, {40, 36}, {1, 40});
  graph.output("y", a.mm(b) + residual, strides);
  return graph;
}

}  // namespace sinter::test
