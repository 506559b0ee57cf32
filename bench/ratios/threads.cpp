// Rows of threads: two threads compared with one, at sizes from a first-level cache to memory, and
// many callers of one engine. Run them while at least two CPUs are idle.
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include <sinter/bench/measure.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>
#include <sinter/runtime/engine.h>

#include "against.h"

namespace sinter::bench {
namespace {

struct Method {
  std::string_view name;
  Value (*of)(const Value& x);
};

constexpr std::int64_t kRow = 1024;

constexpr Method kMethods[] = {
    {"gelu", [](const Value& x) { return x.gelu(); }},
    {"pow", [](const Value& x) { return x.abs().pow(2.5); }},
    {"softmax of 1024", [](const Value& x) { return x.reshape({-1, kRow}).softmax(1); }},
};

/// A number of elements, and the promised speed of two threads relative to one.
struct Size {
  std::string_view name;
  std::int64_t elements;
  double promised;
};

constexpr Size kSizes[] = {
    {"16K", 1 << 14, 1.6}, {"64K", 1 << 16, 1.8}, {"256K", 1 << 18, 1.9}, {"1M", 1 << 20, 1.9}};

Graph graph_of(const Method& method, std::int64_t n) {
  Graph graph;
  graph.output("y", method.of(graph.input("x", DType::f32, {n})));
  return graph;
}

/// The estimated time of a graph without 16-bit floats on one thread, in nanoseconds.
double estimate(const Graph& graph) {
  const Target target = host_target();
  double total = 0;
  for (const PlanKernel& kernel : plan_graph(graph, target.plan_limits(), Fuse::all).kernels) {
    std::vector<double> parameters;
    for (std::uint32_t i : kernel.parameters) parameters.push_back(graph.parameters()[i]);
    const Graph body = simplify(expand(kernel.body, parameters));
    total += estimate_nanoseconds(body, collapse(body, kernel.frame, target.model), target);
  }
  return total;
}

Row two_over_one(const Method& method, const Size& size, const RatioOptions& options) {
  const Graph graph = graph_of(method, size.elements);
  const std::vector<Contestant> contestants{bound_call("one", Engine({.threads = 1}), graph),
                                            bound_call("two", Engine({.threads = 2}), graph)};
  const std::vector<Samples> samples = interleave(contestants, options.small());
  Row row =
      at_least(fmt::format("{}, {}, two threads / one", method.name, size.name), size.promised);
  row.reached = paired_ratio(samples[0], samples[1]);
  row.note = fmt::format("one thread {:.3g} us, estimated {:.3g}",
                         spread_of(samples[0]).median / 1000, estimate(graph) / 1000);
  return row;
}

/// Eight threads at once, each of which calls kernels of its own.
Contestant callers(const Engine& engine) {
  constexpr int kCallers = 8;
  constexpr int kCalls = 32;
  const auto calls = std::make_shared<std::vector<Contestant>>();
  for (int i = 0; i < kCallers; ++i) {
    calls->push_back(bound_call("call", engine, graph_of(kMethods[i % 2], 1 << 14)));
  }
  return contestant("callers", [calls] {
    std::vector<std::thread> threads;
    for (const Contestant& call : *calls) {
      threads.emplace_back([&call] { call.repeat(kCalls); });
    }
    for (std::thread& thread : threads) thread.join();
  });
}

Row mixed(const RatioOptions& options) {
  const std::vector<Contestant> contestants{callers(Engine({.threads = 1})), callers(Engine())};
  const std::vector<Samples> samples = interleave(contestants, options.small());
  Row row = at_least("8 callers of 16K, shared pool / one thread each", 0.95);
  row.reached = paired_ratio(samples[0], samples[1]);
  return row;
}

}  // namespace

void add_thread_rows(std::vector<Row>& rows, const RatioOptions& options) {
  if (Engine().threads() == 1) return;  // this process may use one CPU only
  for (const Method& method : kMethods) {
    for (const Size& size : kSizes) rows.push_back(two_over_one(method, size, options));
  }
  rows.push_back(mixed(options));
}

}  // namespace sinter::bench
