// Dispatch overhead of calls: paired differences of interleaved calls on the same buffers of 256
// elements. The kernel is so short that the differences stand out.
#include <fmt/format.h>

#include "../workloads.h"
#include "rows.h"

namespace sinter::bench {
namespace {

constexpr std::int64_t kElements = 256;

/// A graph of three inputs and an output. The overhead of run() is promised for up to four views.
Graph three_inputs(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {n});
  const Value b = graph.input("b", DType::f32, {n});
  const Value s = graph.input("s", DType::f32, {n});
  graph.output("y", (x + b).leaky_relu(0.01) * s);
  return graph;
}

const Workload kThreeInputs{"three inputs", 3, three_inputs, nullptr};

Row under(std::string what, double target) {
  return {.what = std::move(what), .bound = Bound::under, .target = target, .unit = "ns"};
}

/// Fills in `row`: the time of `call` minus that of the direct call.
Row over_direct(Row row, const Samples& call, const Samples& direct) {
  row.reached = paired_difference(call, direct);
  row.note = fmt::format("the kernel alone {:.3g} ns", spread_of(direct).median);
  return row;
}

}  // namespace

void add_call_rows(std::vector<Row>& rows, const RatioOptions& options) {
  const Engine engine({.threads = 1});
  const Field field(kElements);
  for (const Workload* workload : {&kLeakyRelu, &kThreeInputs}) {
    const Race race(*workload, field, kElements);
    const int views = workload->inputs + 1;
    const std::vector<Contestant> contestants{race.direct(engine), race.bound(engine),
                                              race.run(engine), race.run_with_views(engine)};
    const std::vector<Samples> samples = interleave(contestants, options.small());
    const std::string over = fmt::format("over a direct call, {} views", views);
    rows.push_back(over_direct(under("bound call " + over, 8), samples[1], samples[0]));
    rows.push_back(over_direct(under("run() " + over, 60), samples[2], samples[0]));
    rows.push_back(
        over_direct(under("run() " + over + ", made in the call", 60), samples[3], samples[0]));
  }
}

}  // namespace sinter::bench
