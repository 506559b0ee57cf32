// Helpers for tests of the runtime: small graphs, their inputs, and a run from tensors to tensors.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/sinter.h>

#include "support/expect_error.h"

namespace sinter::test {

/// A typical chain in f32: ((x - mean) * 1.25 + bias).leaky_relu(slope) * 0.5 + residual.
inline Graph make_chain(std::int64_t rows, std::int64_t columns, double slope = 0.1) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {rows, columns});
  const Value mean = graph.input("mean", DType::f32, {columns});
  const Value bias = graph.input("bias", DType::f32, {columns});
  const Value residual = graph.input("residual", DType::f32, {rows, columns});
  graph.output("y", ((x - mean) * 1.25 + bias).leaky_relu(slope) * 0.5 + residual);
  return graph;
}

/// y = leaky_relu(x, slope) over one axis.
inline Graph make_leaky(std::int64_t length, double slope = 0.1, DType dtype = DType::f32) {
  Graph graph;
  graph.output("y", graph.input("x", dtype, {length}).leaky_relu(slope));
  return graph;
}

/// Dense inputs for a graph: small numbers of both signs, a different sequence for each input.
inline std::vector<TensorData> make_inputs(const Graph& graph) {
  std::vector<TensorData> inputs;
  for (const GraphInput& input : graph.inputs()) {
    TensorData data = TensorData::zeros(graph.node(input.node).dtype, graph.shape(input.node));
    const auto salt = static_cast<std::int64_t>(inputs.size()) * 37;
    const auto number = [&](std::size_t i) {
      return static_cast<double>((static_cast<std::int64_t>(i) * 53 + salt) % 401 - 200) / 64.0;
    };
    if (data.dtype == DType::f32) {
      for (std::size_t i = 0; float& value : data.as<float>()) {
        value = static_cast<float>(number(i++));
      }
    } else if (data.dtype == DType::f64) {
      for (std::size_t i = 0; double& value : data.as<double>()) value = number(i++);
    } else {
      for (std::size_t i = 0; std::byte & value : data.bytes) value = std::byte(i++ % 3 == 0);
    }
    inputs.push_back(std::move(data));
  }
  return inputs;
}

inline std::vector<ConstTensorView> input_views(const std::vector<TensorData>& inputs) {
  std::vector<ConstTensorView> views;
  for (const TensorData& input : inputs) {
    views.push_back({input.bytes.data(), input.dtype, input.shape, {}});
  }
  return views;
}

inline std::vector<TensorData> make_outputs(const Graph& graph) {
  std::vector<TensorData> outputs;
  for (const GraphOutput& output : graph.outputs()) {
    outputs.push_back(TensorData::zeros(graph.node(output.node).dtype, graph.shape(output.node)));
  }
  return outputs;
}

inline std::vector<TensorView> output_views(std::vector<TensorData>& outputs) {
  std::vector<TensorView> views;
  for (TensorData& output : outputs) {
    views.push_back({output.bytes.data(), output.dtype, output.shape, {}});
  }
  return views;
}

/// Runs `program`, which was compiled from `graph`, and returns its outputs in new tensors.
inline std::vector<TensorData> run(const Executable& program, const Graph& graph,
                                   const std::vector<TensorData>& inputs) {
  std::vector<TensorData> outputs = make_outputs(graph);
  program.run(input_views(inputs), output_views(outputs));
  return outputs;
}

inline void expect_equal(const std::vector<TensorData>& got,
                         const std::vector<TensorData>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(first_difference(got[i], expected[i]), -1) << "output " << i;
  }
}

/// Expects that the results of `program` have the bits of the interpreter's.
inline void expect_as_interpreted(const Executable& program, const Graph& graph) {
  const std::vector<TensorData> inputs = make_inputs(graph);
  expect_equal(run(program, graph, inputs), interpret(graph, inputs));
}

}  // namespace sinter::test
