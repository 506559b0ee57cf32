// A training step of a small classifier: how long it takes from a graph to a program, and how many
// kernels it is. The network is that of examples/train_digits.
#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <sinter/sinter.h>

#include "rows.h"

namespace sinter::bench {
namespace {

/// Adam's three outputs for one weight.
void add_update(Graph& graph, const Value& weight, const Value& gradient, const Value& rate) {
  const std::string name = fmt::format("w{}", graph.outputs().size());
  const Value mean = graph.input(name + ".mean", DType::f32, weight.shape());
  const Value square = graph.input(name + ".square", DType::f32, weight.shape());
  const Value new_mean = mean * 0.9 + gradient * 0.1;
  const Value new_square = square * 0.999 + gradient.square() * 0.001;
  graph.output(name, weight - new_mean / (new_square.sqrt() + 1e-8) * rate);
  graph.output(name + ".mean", new_mean);
  graph.output(name + ".square", new_square);
}

Graph training_step() {
  constexpr std::int64_t kBatch = 64;
  Graph graph;
  const auto input = [&](const char* name, const Shape& shape) {
    return graph.input(name, DType::f32, shape);
  };
  const Value x = input("x", {kBatch, 64});
  const Value labels = graph.input("labels", DType::i32, {kBatch});
  const Value rate = input("rate", {});
  const std::vector<Value> weights = {input("w1", {64, 128}), input("b1", {128}),
                                      input("w2", {128, 10}), input("b2", {10})};
  const Value hidden = (x.mm(weights[0]) + weights[1]).leaky_relu(0.01);
  const Value logits = hidden.mm(weights[2]) + weights[3];
  const Value digits = graph.iota(DType::i32, {kBatch, 10}, 1);
  const Value target = digits.equal(labels.reshape({kBatch, 1})).convert(DType::f32);
  const Value loss = (logits.logsumexp(-1) - (logits * target).sum(-1)).mean();
  const std::vector<Value> gradient = gradients(loss, weights);
  graph.output("loss", loss);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    add_update(graph, weights[i], gradient[i], rate);
  }
  return graph;
}

}  // namespace

void add_training_rows(std::vector<Row>& rows, const RatioOptions& options) {
  const Graph step = training_step();
  std::vector<double> milliseconds;
  int kernels = 0;
  for (int i = 0; i < (options.quick ? 5 : 25); ++i) {
    const Engine engine({.threads = 2});
    const auto begin = std::chrono::steady_clock::now();
    kernels = engine.compile(step).kernels();
    const auto took = std::chrono::steady_clock::now() - begin;
    milliseconds.push_back(std::chrono::duration<double, std::milli>(took).count());
  }
  const auto first = milliseconds.front();
  rows.push_back({.what = "a training step from graph to program, empty caches",
                  .bound = Bound::under,
                  .target = 300,
                  .unit = "ms",
                  .reached = spread_of(std::move(milliseconds)),
                  .note = fmt::format("the first of them {:.4g} ms", first)});
  const auto count = static_cast<double>(kernels);
  rows.push_back({.what = "kernels of a training step",
                  .bound = Bound::under,
                  .target = 9,
                  .unit = "kernels",
                  .reached = {count, count, count}});
}

}  // namespace sinter::bench
