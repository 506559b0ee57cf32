// Rows of compiles: their times, their number in a sweep, and the memory of a cache entry.
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "rows.h"

#include <sinter/runtime/engine.h>

namespace sinter::bench {
namespace {

using Binary = Value (*)(const Value&, const Value&);
constexpr std::array<Binary, 6> kBinaries = {
    [](const Value& a, const Value& b) { return a + b; },
    [](const Value& a, const Value& b) { return a - b; },
    [](const Value& a, const Value& b) { return a * b; },
    [](const Value& a, const Value& b) { return a / b; },
    [](const Value& a, const Value& b) { return a.min(b); },
    [](const Value& a, const Value& b) { return a.max(b); },
};
constexpr std::int64_t kElements = 4096;

/// Applies the binary op that the last digit of `which` selects, in base 6, and removes the digit.
Value apply_one(std::size_t& which, const Value& a, const Value& b) {
  const Binary op = kBinaries[which % kBinaries.size()];
  which /= kBinaries.size();
  return op(a, b);
}

/// A graph of five ops over four inputs. Each `which` below 6^4 gives another structure.
Graph five_ops(std::size_t which) {
  Graph graph;
  std::array<Value, 4> inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i] = graph.input(fmt::format("x{}", i), DType::f32, {kElements});
  }
  const auto apply = [&](const Value& a, const Value& b) { return apply_one(which, a, b); };
  Value value = apply(inputs[0], inputs[1]);
  value = apply(value, inputs[2]).leaky_relu(0.01);
  value = apply(value, inputs[3]);
  graph.output("y", apply(value, inputs[0]));
  return graph;
}

/// A product, an op with a bias, leaky_relu, and two more ops. Each `which` below 6^3 gives another
/// structure.
Graph product_and_ops(std::size_t which) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {256, 256});
  const Value weight = graph.input("weight", DType::f32, {256, 256});
  const Value bias = graph.input("bias", DType::f32, {256});
  const Value hidden = apply_one(which, x.mm(weight), bias).leaky_relu(0.01);
  graph.output("y", apply_one(which, apply_one(which, hidden, bias), hidden));
  return graph;
}

Row under(std::string what, double target, std::string unit) {
  return {
      .what = std::move(what), .bound = Bound::under, .target = target, .unit = std::move(unit)};
}

/// Fills in `row`: the time to compile a graph of one kernel that the engine has not compiled yet.
Row new_kernels(Row row, Graph (*graph_of)(std::size_t which), const RatioOptions& options) {
  constexpr std::size_t kWarmUp = 5;
  const std::size_t count = options.quick ? 20 : 200;
  const Engine engine({.threads = 1});
  CompileTimes stages;
  std::vector<double> milliseconds;
  for (std::size_t i = 0; i < kWarmUp + count; ++i) {
    const Graph graph = graph_of(i);
    const auto begin = std::chrono::steady_clock::now();
    const Executable program = engine.compile(graph);
    const auto took = std::chrono::steady_clock::now() - begin;
    if (i < kWarmUp) continue;
    milliseconds.push_back(std::chrono::duration<double, std::milli>(took).count());
    stages += program.compile_times();
  }
  const auto made = engine.stats().code.misses;
  if (made != static_cast<std::int64_t>(kWarmUp + count)) {
    return not_run(std::move(row), fmt::format("{} graphs made {} kernels", kWarmUp + count, made));
  }
  const auto mean = [&](std::int64_t sum) {
    return static_cast<double>(sum) * 1e-6 / static_cast<double>(count);
  };
  row.reached = spread_of(std::move(milliseconds));
  row.note = fmt::format(
      "mean ms: plan {:.2f}, schedule {:.2f}, emit {:.2f}, codegen {:.2f}, "
      "link {:.2f}",
      mean(stages.plan), mean(stages.schedule), mean(stages.emit), mean(stages.codegen),
      mean(stages.link));
  return row;
}

/// Nanoseconds that `threads` threads take to compile the graphs between them, with empty caches.
double compile_all(const std::vector<Graph>& graphs, std::size_t threads) {
  const Engine engine({.threads = 1});
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < graphs.size(); i = next++) {
      static_cast<void>(engine.compile(graphs[i]));
    }
  };
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  others.clear();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

Row two_threads(const RatioOptions& options) {
  const std::size_t count = options.quick ? 100 : 1000;
  const int rounds = options.quick ? 3 : 5;
  Row row{.what = fmt::format("{} new kernels, two threads / one", count),
          .bound = Bound::at_least,
          .target = 1.7,
          .unit = "x"};
  std::vector<Graph> graphs;
  for (std::size_t i = 0; i < count; ++i) graphs.push_back(five_ops(i));
  std::vector<double> ratios;
  double one = 0;
  for (int round = 0; round < rounds; ++round) {
    one = compile_all(graphs, 1);
    ratios.push_back(one / compile_all(graphs, 2));
  }
  row.reached = spread_of(std::move(ratios));
  row.note = fmt::format("{:.3g} s on one thread", one * 1e-9);
  return row;
}

Row known_graph(const RatioOptions& options) {
  Row row = under("compile() of a known 5-op graph", 300, "ns");
  const Engine engine({.threads = 1});
  const Graph graph = five_ops(0);
  const Contestant known = contestant("known", [&] { static_cast<void>(engine.compile(graph)); });
  row.reached = spread_of(interleave({&known, 1}, options.small())[0]);
  return row;
}

Row sweep() {
  constexpr int kSlopes = 100;
  constexpr int kBatches = 20;
  Row row{.what = "compiles for 100 slopes x 20 batch sizes",
          .bound = Bound::exactly,
          .target = 1,
          .unit = "compiles"};
  const Engine engine({.threads = 1});
  for (int batch = 1; batch <= kBatches; ++batch) {
    for (int slope = 1; slope <= kSlopes; ++slope) {
      Graph graph;
      const Value x = graph.input("x", DType::f32, {32 * batch, 64});
      const Value bias = graph.input("bias", DType::f32, {64});
      graph.output("y", (x + bias).leaky_relu(0.01 * slope) * 0.5);
      static_cast<void>(engine.compile(graph));
    }
  }
  const Stats stats = engine.stats();
  const auto compiles = static_cast<double>(stats.code.misses);
  row.reached = {compiles, compiles, compiles};
  row.note = fmt::format("{} kernel entries, {} plans", stats.kernels.entries, stats.plans.entries);
  return row;
}

Row entry_bytes() {
  Row row = under("memory of a kernel-cache entry, 5 ops", 4096, "bytes");
  const auto bytes = static_cast<double>(Engine({.threads = 1}).compile(five_ops(0)).entry_bytes());
  row.reached = {bytes, bytes, bytes};
  return row;
}

}  // namespace

void add_compile_rows(std::vector<Row>& rows, const RatioOptions& options) {
  rows.push_back(new_kernels(under("compile() of a new 5-op kernel, warm process", 6, "ms"),
                             five_ops, options));
  rows.push_back(new_kernels(under("compile() of a new mm kernel, warm process", 50, "ms"),
                             product_and_ops, options));
  rows.push_back(two_threads(options));
  rows.push_back(known_graph(options));
  rows.push_back(sweep());
  rows.push_back(entry_bytes());
}

}  // namespace sinter::bench
