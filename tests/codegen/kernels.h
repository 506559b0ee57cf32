// Kernel bodies for the tests of codegen: one for each case that the scheduler distinguishes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/passes.h>

#include "support/fuzz.h"

namespace sinter::test {

/// A kernel body with a name. `make(n)` returns the body whose innermost axis has length n.
struct NamedKernel {
  std::string name;
  std::function<Graph(std::int64_t n)> make;
};

inline Graph leaky_relu_kernel(std::int64_t n, DType dtype = DType::f32) {
  Graph graph;
  Value x = graph.input("x", dtype, {n});
  graph.output("y", x.leaky_relu(0.01));
  return graph;
}

/// y = leaky_relu(x * 1.5 + b, 0.01) * s + r
inline Graph chain_kernel(std::int64_t n, DType dtype = DType::f32) {
  Graph graph;
  Value x = graph.input("x", dtype, {n});
  Value b = graph.input("b", dtype, {n});
  Value s = graph.input("s", dtype, {n});
  Value r = graph.input("r", dtype, {n});
  graph.output("y", (x * 1.5 + b).leaky_relu(0.01) * s + r);
  return graph;
}

/// Rows of length n, standardised, scaled and shifted by vectors of the same length.
inline Graph rows_kernel(std::int64_t n, std::int64_t rows) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {rows, n});
  Value mean = graph.input("mean", DType::f32, {n});
  Value inv_std = graph.input("inv_std", DType::f32, {n});
  Value gain = graph.input("gain", DType::f32, {n});
  Value bias = graph.input("bias", DType::f32, {n});
  Value residual = graph.input("residual", DType::f32, {rows, n});
  Value z = ((x - mean) * inv_std * gain + bias).leaky_relu(0.1);
  graph.output("y", z * 0.5 + residual);
  return graph;
}

/// One scalar per row, one scalar for all rows, and arithmetic on them that is done once per row.
inline Graph row_scalars_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {5, n});
  Value scale = graph.input("scale", DType::f32, {5, 1});
  Value shift = graph.input("shift", DType::f32, {1, 1});
  // A statement of its own, because compilers evaluate operands in different orders.
  Value unshift = shift.neg();
  Value factor = scale * 2 + shift;
  graph.output("y", x * factor + unshift);
  return graph;
}

/// Three axes that cannot be merged: no two inputs broadcast along the same axes.
inline Graph rank3_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {3, 4, n});
  Value channel = graph.input("channel", DType::f32, {4, 1});
  Value last = graph.input("last", DType::f32, {3, 1, n});
  graph.output("y", (x + channel).leaky_relu(0.3) * last);
  return graph;
}

/// A mask as input and as output, beside f32.
inline Graph mask_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {n});
  Value keep = graph.input("keep", DType::boolean, {n});
  Value positive = x.greater(0).logical_and(keep);
  graph.output("positive", positive);
  graph.output("y", positive.select(x, 0));
  return graph;
}

inline Graph only_masks_kernel(std::int64_t n) {
  Graph graph;
  Value a = graph.input("a", DType::boolean, {n});
  Value b = graph.input("b", DType::boolean, {n});
  graph.output("y", a.logical_xor(b).logical_not());
  return graph;
}

inline Graph mixed_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {n});
  Value y = graph.input("y", DType::f64, {n});
  graph.output("sum", x.convert(DType::f64) + y);
  graph.output("rounded", y.convert(DType::f32) * x);
  return graph;
}

/// leaky_relu on 16-bit floats as codegen gets it: between a conversion to f32 and one back.
inline Graph widened_kernel(std::int64_t n, DType dtype) {
  return widen(leaky_relu_kernel(n, dtype), Rounding::at_store);
}

/// A dense output, and an output with stride -3.
inline Graph scattered_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {n});
  graph.output("dense", x + 1);
  graph.output("scattered", x * 2, {-3});
  return graph;
}

/// An input with stride 2, and an input in column-major order.
inline Graph strided_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {4, n}, {2 * n + 1, 2});
  Value column = graph.input("column", DType::f32, {4, n}, {1, 4});
  graph.output("y", x.max(column));
  return graph;
}

/// Inputs and an output with stride -1, and an input and an output with stride 1.
inline Graph reversed_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {3, n}, {n, -1});
  Value wide = graph.input("wide", DType::f64, {n}, {-1});
  Value row = graph.input("row", DType::f32, {n});
  Value sum = x + row;
  graph.output("sum", sum);
  graph.output("product", sum * wide.convert(DType::f32), {n, -1});
  return graph;
}

/// Table lookups by i32 and by i64 indices for each element, and by an i32 index for each row.
inline Graph lookup_kernel(std::int64_t n) {
  constexpr LookupTable kTable{0.5, -1, 2, 3, 4, -5, 6, 7, 8, 9, -10, 11, 12, 13, 0.1, 15};
  Graph graph;
  Value i = graph.input("i", DType::i32, {3, n});
  Value row = graph.input("row", DType::i32, {3, 1});
  Value wide = graph.input("wide", DType::i64, {3, n});
  Value sum = i.lut16(kTable) + row.lut16(kTable);
  graph.output("sum", sum.convert(DType::f64) + wide.lut16(kTable));
  return graph;
}

/// Two transposed inputs, an input that broadcasts along the rows, and a dense input.
inline Graph transposed_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {3, 40, n}, {40 * n, 1, 40});
  Value wide = graph.input("wide", DType::f64, {40, n}, {1, 41});
  Value column = graph.input("column", DType::f32, {40, 1});
  Value row = graph.input("row", DType::f32, {3, 40, n});
  graph.output("y", (x + wide.convert(DType::f32)).max(column) * row);
  return graph;
}

/// A dense layer with M = 20, N = n and K = 33, and transposed weights.
inline Graph layer_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {20, 1, 33});
  const Value weight = graph.input("weight", DType::f32, {1, n, 33});
  Value bias = graph.input("bias", DType::f32, {n, 1});
  Value sums = graph.value(graph.dot(x.id(), weight.id())) + bias;
  graph.output("y", sums.leaky_relu(0.01));
  return graph;
}

/// A product as in layer_kernel, with reductions in its epilogue: y minus the maximum of its row,
/// sums of columns, and the sum of all elements.
inline Graph reduced_layer_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {20, 1, 33});
  const Value weight = graph.input("weight", DType::f32, {1, n, 33});
  Value bias = graph.input("bias", DType::f32, {n, 1});
  Value y = graph.value(graph.dot(x.id(), weight.id())) + bias;
  graph.output("y", y - y.amax(1, true));
  graph.output("columns", y.relu().sum(0, true));
  graph.output("all", y.sum({0, 1}, true));
  return graph;
}

/// Outputs that no op computes: an input, a parameter, and an input that broadcasts.
inline Graph copies_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {3, n});
  Value row = graph.input("row", DType::f32, {n});
  graph.output("copy", x);
  graph.output("fill", graph.parameter(0.25, DType::f32).broadcast_to({3, n}));
  graph.output("rows", row.broadcast_to({3, n}));
  return graph;
}

inline Graph several_outputs_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {n});
  Value y = graph.input("y", DType::f32, {n});
  Value sum = x + y;
  graph.output("sum", sum);
  graph.output("mask", sum.less(x));
  graph.output("root", sum.abs().sqrt());
  return graph;
}

/// So many ops that several vectors in flight are not worthwhile.
inline Graph long_kernel(std::int64_t n) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {n});
  Value y = x;
  for (int i = 0; i < 70; ++i) y = y * 0.75 + x;
  graph.output("y", y);
  return graph;
}

inline const std::vector<NamedKernel>& all_kernels() {
  static const std::vector<NamedKernel> kernels = {
      {"leaky_relu", [](std::int64_t n) { return leaky_relu_kernel(n); }},
      {"leaky_relu_f64", [](std::int64_t n) { return leaky_relu_kernel(n, DType::f64); }},
      {"chain", [](std::int64_t n) { return chain_kernel(n); }},
      {"rows", [](std::int64_t n) { return rows_kernel(n, 3); }},
      {"row_scalars", row_scalars_kernel},
      {"rank3", rank3_kernel},
      {"mask", mask_kernel},
      {"only_masks", only_masks_kernel},
      {"mixed", mixed_kernel},
      {"bf16", [](std::int64_t n) { return widened_kernel(n, DType::bf16); }},
      {"scattered", scattered_kernel},
      {"strided", strided_kernel},
      {"reversed", reversed_kernel},
      {"lookup", lookup_kernel},
      {"transposed", transposed_kernel},
      {"copies", copies_kernel},
      {"several_outputs", several_outputs_kernel},
      {"long", long_kernel},
  };
  return kernels;
}

struct SeededGraph {
  std::uint64_t seed;
  Graph graph;
};

/// Random elementwise graphs whose outputs have one shape, so that each is one kernel. About half
/// of the seeds 1 to `seeds` give one.
inline std::vector<SeededGraph> random_kernels(std::uint64_t seeds, bool strides) {
  std::vector<SeededGraph> kernels;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    RandomGraphOptions options;
    options.max_ops = 12;
    options.structural = false;
    options.random_strides = strides;
    Graph graph = random_graph(seed, options);
    const Shape& shape = graph.shape(graph.outputs()[0].node);
    const bool alike = std::ranges::all_of(graph.outputs(), [&](const GraphOutput& output) {
      return graph.shape(output.node) == shape;
    });
    if (alike) kernels.push_back({seed, std::move(graph)});
  }
  return kernels;
}

}  // namespace sinter::test
