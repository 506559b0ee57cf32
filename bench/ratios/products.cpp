// Rows of products: a dense layer compared with OpenBLAS's sgemm alone, on one thread.
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <sinter/bench/data.h>
#include <sinter/runtime/engine.h>

#include "../openblas.h"
#include "rows.h"

namespace sinter::bench {
namespace {

struct Size {
  std::int64_t m, n, k;
};

/// leaky_relu(a b + bias), all f32.
Graph layer(const Size& size) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {size.m, size.k});
  const Value b = graph.input("b", DType::f32, {size.k, size.n});
  const Value bias = graph.input("bias", DType::f32, {size.n});
  graph.output("y", (a.mm(b) + bias).leaky_relu(0.01));
  return graph;
}

/// A row: speed of the whole layer over that of sgemm.
Row product_row(const Engine& engine, const std::shared_ptr<const OpenBlas>& blas, const Size& size,
                double least, const Timing& timing) {
  const auto [m, n, k] = size;
  Row row{.what = fmt::format("mm + bias + leaky_relu, {} x {} x {} / sgemm, {}", m, n, k,
                              engine.target().name),
          .bound = Bound::at_least,
          .target = least,
          .unit = "x"};
  const auto buffers = std::make_shared<GraphBuffers>(layer(size), 1);
  const auto call = std::make_shared<Call>(
      engine.compile(layer(size)).bind(buffers->inputs(), buffers->outputs()));
  const auto product = std::make_shared<AlignedBuffer>(static_cast<std::size_t>(m * n * 4));
  const auto* a = static_cast<const float*>(buffers->inputs()[0].data);
  const auto* b = static_cast<const float*>(buffers->inputs()[1].data);
  auto* c = reinterpret_cast<float*>(product->data());
  const std::vector<Contestant> contestants{
      contestant("ours", [buffers, call] { (*call)(); }),
      contestant("sgemm", [=, &size] { blas->sgemm(size.m, size.n, size.k, a, b, c); })};
  const std::vector<Samples> samples = interleave(contestants, timing);
  row.reached = paired_ratio(samples[1], samples[0]);
  const double operations = 2.0 * static_cast<double>(m * n * k);
  row.note = fmt::format("{:.1f} and {:.1f} GFLOP/s, OpenBLAS as {}",
                         operations / spread_of(samples[0]).median,
                         operations / spread_of(samples[1]).median, blas->core());
  return row;
}

void add_rows(std::vector<Row>& rows, std::string_view target, const std::string& core,
              std::span<const std::pair<Size, double>> sizes, const RatioOptions& options) {
  const Target parsed = Target::parse(target);
  if (!runs_here(parsed)) return;
  std::string why;
  const auto blas = OpenBlas::open(core, why);
  if (blas == nullptr) {
    rows.push_back(not_run({.what = fmt::format("mm + bias + leaky_relu / sgemm, {}", target),
                            .bound = Bound::at_least,
                            .target = 0.9,
                            .unit = "x"},
                           why));
    return;
  }
  const Engine engine(EngineOptions{.target = parsed, .threads = 1});
  for (const auto& [size, least] : sizes) {
    rows.push_back(product_row(engine, blas, size, least, options.small()));
  }
}

}  // namespace

void add_product_rows(std::vector<Row>& rows, const RatioOptions& options) {
  constexpr std::pair<Size, double> kWide[] = {
      {{256, 256, 256}, 0.9}, {{512, 512, 512}, 0.9},   {{1024, 1024, 1024}, 0.9},
      {{64, 64, 64}, 0.85},   {{64, 128, 128}, 0.85},   {{64, 256, 256}, 0.85},
      {{64, 512, 512}, 0.85}, {{64, 1024, 1024}, 0.85}, {{64, 10, 128}, 0.7},
  };
  constexpr std::pair<Size, double> kNarrow[] = {
      {{256, 256, 256}, 0.75}, {{512, 512, 512}, 0.75},  {{1024, 1024, 1024}, 0.75},
      {{64, 256, 256}, 0.75},  {{64, 1024, 1024}, 0.75}, {{64, 10, 128}, 0.75}};
  add_rows(rows, "x86-64-v4", "SkylakeX", kWide, options);
  add_rows(rows, "x86-64-v3", "Haswell", kNarrow, options);
}

}  // namespace sinter::bench
