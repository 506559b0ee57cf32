// Rows of dtypes and layouts: speed relative to the same kernel on f32 or on dense operands.
#include <fmt/format.h>

#include <sinter/bench/measure.h>
#include <sinter/runtime/engine.h>

#include "rows.h"

namespace sinter::bench {
namespace {

constexpr std::int64_t k32K = std::int64_t{32} << 10;

/// A row: speed of `graph` over that of `other`, a graph of as many elements.
Row against(std::string what, double target, const Engine& engine, const Graph& graph,
            const Graph& other, const Timing& timing) {
  Row row{.what = std::move(what), .bound = Bound::at_least, .target = target, .unit = "x"};
  const std::vector<Contestant> contestants{bound_call("ours", engine, graph),
                                            bound_call("other", engine, other)};
  const std::vector<Samples> samples = interleave(contestants, timing);
  row.reached = paired_ratio(samples[1], samples[0]);
  row.note = fmt::format("{:.4g} ns; the other {:.4g} ns", spread_of(samples[0]).median,
                         spread_of(samples[1]).median);
  return row;
}

Graph leaky(DType dtype, const Shape& shape) {
  Graph graph;
  graph.output("y", graph.input("x", dtype, shape).leaky_relu(0.01));
  return graph;
}

Graph biased(const Shape& shape, const Shape& bias) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, shape);
  graph.output("y", (x + graph.input("b", DType::f32, bias)).leaky_relu(0.01));
  return graph;
}

/// A chain of two operands, with the operands and the output in these layouts.
Graph chain(const Shape& shape, const Strides& x_strides, const Strides& b_strides,
            const Strides& out) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, shape, x_strides);
  const Value b = graph.input("b", DType::f32, shape, b_strides);
  graph.output("y", (x * 1.5 + b).leaky_relu(0.01), out);
  return graph;
}

void add_16_bit_rows(std::vector<Row>& rows, std::string_view target, double f16, double bf16,
                     const Timing& timing) {
  const Target parsed = Target::parse(target);
  if (!runs_here(parsed)) return;
  const Engine engine(EngineOptions{.target = parsed, .threads = 1});
  for (const auto& [dtype, least] : {std::pair{DType::f16, f16}, {DType::bf16, bf16}}) {
    rows.push_back(against(fmt::format("leaky_relu, 32K, {} / f32, {}", to_string(dtype), target),
                           least, engine, leaky(dtype, {k32K}), leaky(DType::f32, {k32K}), timing));
  }
}

}  // namespace

void add_layout_rows(std::vector<Row>& rows, const RatioOptions& options) {
  const Timing timing = options.small();
  add_16_bit_rows(rows, "x86-64-v4", 0.9, 1.0, timing);
  add_16_bit_rows(rows, "x86-64-v3", 0.9, 0.55, timing);
  const Engine engine({.threads = 1});
  // A row of 33 takes three vectors of 16 lanes, so at most 33 of 48 lanes are used.
  struct Rows {
    std::int64_t height, width;
    double least;
  };
  for (const auto& [height, width, least] :
       {Rows{16384, 16, 0.9}, {7944, 33, 0.65}, {4096, 64, 0.9}}) {
    rows.push_back(against(
        fmt::format("bias, [{0}, {1}] + [{1}], leaky_relu / dense", height, width), least, engine,
        biased({height, width}, {width}), leaky(DType::f32, {height, width}), timing));
  }
  rows.push_back(against("[64, 32, 28, 28] + channel bias, leaky_relu / dense", 0.95, engine,
                         biased({64, 32, 28, 28}, {32, 1, 1}), leaky(DType::f32, {64, 32, 28, 28}),
                         timing));
  const Shape two_rows{2, k32K / 2};
  const Strides backwards{k32K / 2, -1};
  const Graph forwards = chain(two_rows, {}, {}, {});
  rows.push_back(against("chain, 32K, one operand reversed / dense", 0.9, engine,
                         chain(two_rows, backwards, {}, {}), forwards, timing));
  rows.push_back(against("chain, 32K, the result reversed / dense", 0.9, engine,
                         chain(two_rows, {}, {}, backwards), forwards, timing));
  const Shape image{8, 16, 28, 28};
  const Strides channels_last{28 * 28 * 16, 1, 28 * 16, 16};
  rows.push_back(against("chain, channels last throughout / dense", 0.95, engine,
                         chain(image, channels_last, channels_last, channels_last),
                         chain(image, {}, {}, {}), timing));
  const Shape square{4096, 4096};
  const Strides across{1, 4096};
  const Graph dense = chain(square, {}, {}, {});
  rows.push_back(against("chain, 4096 x 4096, one operand transposed / dense", 0.5, engine,
                         chain(square, across, {}, {}), dense, options.large()));
  rows.push_back(against("chain, 4096 x 4096, both operands transposed / dense", 0.5, engine,
                         chain(square, across, across, {}), dense, options.large()));
}

}  // namespace sinter::bench
