// Kernel bodies with reductions: one for each case that a scheduler distinguishes. As in the
// kernels of a plan, a reduced axis stays as an axis of length 1.
#pragma once

#include <vector>

#include "kernels.h"

namespace sinter::test {

inline Graph row_sum_kernel(std::int64_t n, DType dtype = DType::f32, std::int64_t rows = 3) {
  Graph graph;
  graph.output("y", graph.input("x", dtype, {rows, n}).sum(-1, true));
  return graph;
}

inline Graph total_kernel(std::int64_t n, DType dtype = DType::f32) {
  Graph graph;
  graph.output("y", graph.input("x", dtype, {n}).sum({}, true));
  return graph;
}

inline Graph softmax_kernel(std::int64_t n, DType dtype = DType::f32, std::int64_t rows = 5) {
  Graph graph;
  graph.output("y", graph.input("x", dtype, {rows, n}).softmax());
  return graph;
}

inline Graph layer_norm_kernel(std::int64_t n, std::int64_t rows = 3) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {rows, n});
  const Value gain = graph.input("gain", DType::f32, {n});
  const Value bias = graph.input("bias", DType::f32, {n});
  const Value normed = x.layer_norm();
  graph.output("y", normed * gain + bias);
  return graph;
}

/// Means of columns of length n, with ops before and after the reduction and an input that is
/// uniform along each column.
inline Graph column_mean_kernel(std::int64_t n, std::int64_t columns = 17) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, n, columns});
  const Value bias = graph.input("bias", DType::f32, {columns});
  const Value scale = graph.input("scale", DType::f32, {2, 1, 1});
  const Value mean = (x + bias).mean(1, true);
  graph.output("y", mean * scale);
  return graph;
}

namespace detail {

/// Several reductions of each row, in several dtypes.
inline Graph row_statistics_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4, n});
  const Value mask = graph.input("mask", DType::boolean, {4, n});
  const Value small = graph.input("small", DType::i8, {4, n});
  const Value wide = graph.input("wide", DType::f64, {4, n});
  graph.output("sum", x.sum(-1, true));
  graph.output("product", wide.prod(-1, true));
  graph.output("any", mask.any(-1, true));
  graph.output("all", x.less(1e30).all(-1, true));
  graph.output("small", small.sum(-1, true));
  return graph;
}

/// A reduction over three axes that no buffer can merge.
inline Graph parted_group_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3, 4, n}, {12 * n, n, 3 * n, 1});
  const Value bias = graph.input("bias", DType::f32, {4, 1});
  const Value last = graph.input("last", DType::f32, {3, 1, n});
  graph.output("y", (x * last + bias).sum({1, 2, 3}, true));
  return graph;
}

/// A row mean with two consumers, one with the length of the row and one with a single element, and
/// an iota.
inline Graph centred_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3, n}, {3 * n, n, 1});
  const Value place = graph.iota(DType::i32, {n}, 0).convert(DType::f32);
  const Value mean = (x + place).mean(-1, true);
  graph.output("mean", mean * 2);
  graph.output("y", x - mean);
  return graph;
}

inline Graph scattered_rows_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {3, n}, {1, 5});
  const Value turned = graph.input("turned", DType::f32, {3, n}, {-n, -1});
  graph.output("y", (x * turned).sum(-1, true));
  return graph;
}

inline Graph columns_of_groups_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3, n, 5}, {15 * n, 5, 15, 1});
  graph.output("sum", x.sum({1, 2}, true));
  graph.output("product", (x * 0.5).prod({1, 2}, true));
  return graph;
}

inline Graph masked_columns_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::i16, {n, 70});
  graph.output("any", x.greater(32000).any(0, true));
  graph.output("sum", x.sum(0, true));
  return graph;
}

inline Value to_chunks(Op op, const Value& x, const Dims& axes, std::int64_t chunk) {
  Attributes attributes;
  attributes.lists = {axes, Dims{1, chunk}};
  return Value::apply(op, std::span(&x, 1), attributes);
}

/// One result for every 2048 elements of two reduced axes, with an op before the reduction.
inline Graph chunks_of_rows_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 3, n}, {3 * n + 1, n, 1});
  const Value bias = graph.input("bias", DType::f32, {n});
  graph.output("sum", to_chunks(Op::reduce_sum, x + bias, {1, 2}, 2048));
  return graph;
}

/// Chunks of 37 elements: reductions whose order is free may have chunks of any length.
inline Graph chunks_of_any_length_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, n + 1});
  graph.output("most", to_chunks(Op::reduce_max, x, {1}, 37));
  graph.output("any", to_chunks(Op::reduce_any, x.greater(2.9), {1}, 37));
  return graph;
}

inline Graph chunks_of_columns_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, n, 5});
  graph.output("sum", to_chunks(Op::reduce_sum, x * 0.5, {1}, 32));
  graph.output("product", to_chunks(Op::reduce_prod, x, {1}, 32));
  return graph;
}

inline Graph extremes_kernel(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::i64, {2, n + 1});
  const Value y = graph.input("y", DType::f32, {2, n + 1});
  graph.output("least", x.amin(-1, true));
  graph.output("most", x.amax(-1, true));
  graph.output("highest", y.amax(-1, true));
  return graph;
}

}  // namespace detail

inline std::vector<NamedKernel> reduction_kernels() {
  return {{"row_sum", [](std::int64_t n) { return row_sum_kernel(n); }},
          {"row_sum_f64", [](std::int64_t n) { return row_sum_kernel(n, DType::f64); }},
          {"row_sum_f16", [](std::int64_t n) { return row_sum_kernel(n, DType::f16); }},
          {"row_sum_u8", [](std::int64_t n) { return row_sum_kernel(n, DType::u8); }},
          {"total", [](std::int64_t n) { return total_kernel(n); }},
          {"total_bf16", [](std::int64_t n) { return total_kernel(n, DType::bf16); }},
          {"softmax", [](std::int64_t n) { return softmax_kernel(n + 1); }},
          {"softmax_f16", [](std::int64_t n) { return softmax_kernel(n + 1, DType::f16); }},
          {"layer_norm", [](std::int64_t n) { return layer_norm_kernel(n); }},
          {"column_mean", [](std::int64_t n) { return column_mean_kernel(n); }},
          {"row_statistics", detail::row_statistics_kernel},
          {"parted_group", detail::parted_group_kernel},
          {"centred", detail::centred_kernel},
          {"scattered_rows", detail::scattered_rows_kernel},
          {"columns_of_groups", detail::columns_of_groups_kernel},
          {"masked_columns", detail::masked_columns_kernel},
          {"extremes", detail::extremes_kernel},
          {"chunks_of_rows", detail::chunks_of_rows_kernel},
          {"chunks_of_any_length", detail::chunks_of_any_length_kernel},
          {"chunks_of_columns", detail::chunks_of_columns_kernel}};
}

}  // namespace sinter::test
