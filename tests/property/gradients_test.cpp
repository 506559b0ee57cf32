// Gradients in machine code: the bits of the interpreter on every target, fused and op by op, for
// every op, for random graphs, and for leaky_relu at the table of special values.
#include <gtest/gtest.h>

#include "machines.h"
#include "support/op_uses.h"
#include "support/special_values.h"

namespace sinter::test {
namespace {

/// Adds the gradients of the sum of output 0 by all floating inputs as outputs.
void add_gradients(Graph& graph) {
  const Value loss = graph.value(graph.outputs()[0].node).sum();
  for (const GraphInput& input : std::vector(graph.inputs().begin(), graph.inputs().end())) {
    const Value of = graph.value(input.node);
    if (is_floating(of.dtype())) graph.output("d" + input.name, gradients(loss, {of})[0]);
  }
}

TEST(Gradients, OfEveryOpAreTheSameBitsOnEveryTarget) {
  const Machines machines;
  for (OpKind kind : {OpKind::primitive, OpKind::composite}) {
    for (const OpUse& use : uses_of(kind)) {
      const bool bits = use.op == Op::bitcast || use.op == Op::raw_bitcast;
      const bool floats = is_floating(use.operands.back()) && is_floating(use.to);
      const bool compares = info(use.op).rule == DTypeRule::comparison;
      if (bits || !floats || compares) continue;
      const std::vector<TensorData> grid = operand_grid(use);
      Graph graph = graph_of(use, grid[0].shape);
      add_gradients(graph);
      std::vector<TensorData> inputs;
      for (std::size_t i = 0; i < grid.size(); ++i) {
        if (!info(use.op).operands[i].attribute) inputs.push_back(grid[i]);
      }
      machines.check(graph, text(use), inputs);
    }
  }
}

/// Gradients of products are trees of products. Gradients of extremes are shared among ties.
TEST(Gradients, OfReductionsAreTheSameBitsOnEveryTarget) {
  const Machines machines;
  for (const Op op : {Op::reduce_prod, Op::reduce_min, Op::reduce_max}) {
    for (const Shape& shape : {Shape{3, 8}, Shape{4, 5, 3}, Shape{2, 37}, Shape{9, 2, 2}}) {
      for (std::int64_t axis = 0; axis < shape.rank(); ++axis) {
        Graph graph;
        const Value x = graph.input("x", DType::f32, shape);
        Attributes attributes;
        attributes.lists = {Dims{axis}, Dims{0}};
        const Value y = Value::apply(op, std::span(&x, 1), attributes);
        const Value first = gradients(y.square().sum(), {x})[0];
        graph.output("first", first);
        graph.output("second", gradients(first.square().sum(), {x})[0]);
        const std::string what(to_string(op));
        machines.check(graph, what + " of " + to_string(shape) + ", " + std::to_string(axis));
      }
    }
  }
}

/// Returns the loss and gradients of two layers: products written as sums, a bias, a slope for each
/// unit, softmax and cross entropy.
Graph network(DType dtype) {
  Graph graph;
  const Value x = graph.input("x", dtype, {5, 1, 7});
  const Value labels = graph.input("labels", dtype, {5, 3});
  const Value w = graph.input("w", dtype, {6, 7});
  const Value b = graph.input("b", dtype, {6});
  const Value slopes = graph.input("slopes", dtype, {6});
  const Value v = graph.input("v", dtype, {3, 6});
  const Value hidden = ((x * w).sum(-1) + b).prelu(slopes);
  const Value logits = (hidden.reshape({5, 1, 6}) * v).sum(-1).leaky_relu(0.1);
  const Value loss = -(labels * logits.log_softmax()).sum(-1).mean();
  const std::vector<Value> of{w, b, slopes, v, x};
  const std::vector<Value> d = gradients(loss, of);
  graph.output("loss", loss);
  for (std::size_t i = 0; i < d.size(); ++i) graph.output("d" + std::to_string(i), d[i]);
  return graph;
}

TEST(Gradients, OfANetworkAreTheSameBitsOnEveryTarget) {
  const Machines machines;
  for (DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    const Graph graph = network(dtype);
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      machines.check(graph, "a network of " + std::string(to_string(dtype)), seed);
    }
  }
}

template <std::floating_point T>
void expect_table(const Engine& engine) {
  constexpr std::int64_t kLength = 147;
  for (const LeakyReluCase<T>& row : leaky_relu_special_cases<T>()) {
    const std::vector<T> x(kLength, row.x);
    std::vector<T> d(kLength);
    std::vector<T> computed(kLength);
    Graph graph;
    const Value input = graph.input("x", *dtype_of<T>, {kLength});
    graph.output("d", gradients(input.leaky_relu(row.slope).sum(), {input})[0]);
    const Value hidden = input * 1;
    graph.output("computed", gradients(hidden.leaky_relu(row.slope).sum(), {hidden})[0]);
    engine.compile(graph).run({view(x, {kLength})},
                              {view(d, {kLength}), view(computed, {kLength})});
    d.insert(d.end(), computed.begin(), computed.end());
    for (const T value : d) {
      ASSERT_TRUE(same_value(value, row.gradient))
          << engine.target().name << ": at " << row.x << " with slope " << row.slope
          << " the gradient is " << value << ", the table says " << row.gradient;
    }
  }
}

TEST(Gradients, OfLeakyReluFollowTheTableOfSpecialValues) {
  for (const Target& target : targets_here()) {
    const Engine engine(EngineOptions{.target = target});
    expect_table<float>(engine);
    expect_table<double>(engine);
  }
}

}  // namespace
}  // namespace sinter::test
