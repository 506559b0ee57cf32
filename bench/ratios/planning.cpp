// Rows of planning: the time from a recorded graph to its plan, for graphs of four forms of 1,000
// to 100,000 nodes. Growth is the slope of log(time) over log(size): 1 is linear.
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <fmt/format.h>

#include "rows.h"

#include <sinter/ir/plan.h>
#include <sinter/ir/verify.h>

namespace sinter::bench {
namespace {

constexpr std::array kSizes = {1'000, 10'000, 100'000};
const Shape kShape = {64, 64};

Value combine(std::size_t which, const Value& a, const Value& b) {
  switch (which % 4) {
    case 0: return a + b;
    case 1: return a * b;
    case 2: return a.max(b);
    default: return a - b;
  }
}

/// Each op uses the result of the one before.
Graph chain(int nodes) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, kShape);
  Value value = x;
  for (int i = 0; i < nodes; ++i) value = i % 2 == 0 ? value.relu() : value * x;
  graph.output("y", value);
  return graph;
}

/// Many ops use one value, and a tree of additions sums them.
Graph fan(int nodes) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, kShape);
  std::vector<Value> values;
  for (int i = 0; i < nodes / 2; ++i) values.push_back(x.max(graph.constant(i, DType::f32)));
  for (std::size_t i = 0; i + 1 < values.size(); i += 2)
    values.push_back(values[i] + values[i + 1]);
  graph.output("y", values.back());
  return graph;
}

/// A square of layers and ops: an op uses two neighbours of the layer before. The whole last layer
/// is output.
Graph grid(int nodes) {
  Graph graph;
  const auto side = static_cast<std::size_t>(std::sqrt(nodes));
  std::vector<Value> layer;
  for (std::size_t i = 0; i < side; ++i) {
    layer.push_back(graph.input(fmt::format("x{}", i), DType::f32, kShape));
  }
  for (std::size_t depth = 0; depth < side; ++depth) {
    std::vector<Value> next;
    for (std::size_t i = 0; i < side; ++i) {
      next.push_back(combine(i + depth, layer[i], layer[(i + 1) % side]));
    }
    layer = std::move(next);
  }
  for (std::size_t i = 0; i < side; ++i) graph.output(fmt::format("y{}", i), layer[i]);
  return graph;
}

/// Each op uses two random values before it. Values without a consumer are outputs.
Graph random(int nodes) {
  Graph graph;
  std::mt19937_64 generator(7);
  std::vector<Value> values;
  std::vector<bool> read;
  for (int i = 0; i < 8; ++i)
    values.push_back(graph.input(fmt::format("x{}", i), DType::f32, kShape));
  read.resize(values.size());
  for (int i = 0; i < nodes; ++i) {
    const std::size_t a = generator() % values.size();
    const std::size_t b = generator() % values.size();
    values.push_back(combine(generator(), values[a], values[b]));
    read[a] = read[b] = true;
    read.push_back(false);
  }
  for (std::size_t i = 8; i < values.size(); ++i) {
    if (!read[i]) graph.output(fmt::format("y{}", i), values[i]);
  }
  return graph;
}

struct Form {
  const char* name;
  Graph (*make)(int nodes);
};
constexpr std::array kForms = {Form{"chain", chain}, Form{"fan", fan}, Form{"grid", grid},
                               Form{"random", random}};

/// Seconds to verify and plan a graph, the passes that every engine runs for a new graph of f32.
double plan_seconds(const Graph& graph, Fuse fuse, std::size_t& kernels) {
  const auto begin = std::chrono::steady_clock::now();
  verify(graph);
  const Plan plan = plan_graph(graph, {}, fuse);
  const auto took = std::chrono::steady_clock::now() - begin;
  kernels = plan.kernels.size();
  return std::chrono::duration<double>(took).count();
}

/// The slope of log(time) over log(size), by least squares.
double growth(const std::array<double, kSizes.size()>& seconds) {
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    const double x = std::log(kSizes[i]);
    const double y = std::log(seconds[i]);
    sum_x += x, sum_y += y, sum_xx += x * x, sum_xy += x * y;
  }
  constexpr auto n = static_cast<double>(kSizes.size());
  return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
}

void add_form(std::vector<Row>& rows, const Form& form, Fuse fuse, int rounds) {
  std::vector<double> milliseconds;
  std::vector<double> slopes;
  std::array<std::size_t, kSizes.size()> kernels{};
  for (int round = 0; round < rounds; ++round) {
    std::array<double, kSizes.size()> seconds{};
    for (std::size_t i = 0; i < kSizes.size(); ++i) {
      seconds[i] = plan_seconds(form.make(kSizes[i]), fuse, kernels[i]);
    }
    milliseconds.push_back(seconds.back() * 1e3);
    slopes.push_back(growth(seconds));
  }
  const std::string what =
      fmt::format("planning a {}{}", form.name, fuse == Fuse::none ? ", unfused" : "");
  rows.push_back({.what = what + ", 100,000 nodes",
                  .bound = Bound::under,
                  .target = 1000,
                  .unit = "ms",
                  .reached = spread_of(std::move(milliseconds)),
                  .note = fmt::format("{} kernels", kernels.back())});
  rows.push_back({.what = what + ", growth from 1,000 to 100,000",
                  .bound = Bound::under,
                  .target = 1.15,
                  .unit = "",
                  .reached = spread_of(std::move(slopes))});
}

}  // namespace

void add_planning_rows(std::vector<Row>& rows, const RatioOptions& options) {
  for (const Fuse fuse : {Fuse::all, Fuse::none}) {
    for (const Form& form : kForms) add_form(rows, form, fuse, options.quick ? 3 : 9);
  }
}

}  // namespace sinter::bench
