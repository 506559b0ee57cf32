// Rows of elementwise kernels: compared with the copy, with oneDNN, and with other lengths and
// offsets.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include <sinter/bench/data.h>
#include <sinter/codegen/target.h>

#include "against.h"

namespace sinter::bench {
namespace {

constexpr std::int64_t k1K = std::int64_t{1} << 10;
constexpr std::int64_t k32K = std::int64_t{32} << 10;
constexpr std::int64_t k4M = std::int64_t{4} << 20;
constexpr std::int64_t k64M = std::int64_t{64} << 20;

/// Fills in `row`: speed per element of `race` over that of `other`.
Row against_itself(Row row, const Engine& engine, const Race& race, std::int64_t n,
                   const Race& other, std::int64_t other_n, const Timing& timing) {
  const std::vector<Contestant> contestants{race.bound(engine), other.bound(engine)};
  const std::vector<Samples> samples = interleave(contestants, timing);
  row.reached = paired_ratio(samples[1], samples[0]);
  const double scale = static_cast<double>(n) / static_cast<double>(other_n);
  for (double* value : {&row.reached.median, &row.reached.low, &row.reached.high}) *value *= scale;
  row.note = times(samples[0], samples[1], "the other");
  return row;
}

/// Adds rows for odd lengths, for buffers that all begin one element late, and for buffers with
/// different offsets, which no peel can align together.
void add_shape_rows(std::vector<Row>& rows, const Engine& engine, const Field& field,
                    const Timing& timing) {
  for (const Workload* workload : {&kLeakyRelu, &kChain}) {
    for (const auto& [n, least_apart] : {std::pair{k1K, 0.65}, {k32K, 0.7}}) {
      const Race even(*workload, field, n);
      const auto add = [&](std::string_view what, double least, const Race& race,
                           std::int64_t length) {
        Row row = at_least(fmt::format("{}, {}, {}", workload->name, n, what), least);
        rows.push_back(against_itself(std::move(row), engine, race, length, even, n, timing));
      };
      add("one element less / all", 0.9, Race(*workload, field, n - 1), n - 1);
      add("off by one element / aligned", 0.9, Race(*workload, field, n, {1, 0}), n);
      add("off by 1, 3, 5, ... / aligned", least_apart, Race(*workload, field, n, {1, 2}), n);
    }
  }
}

/// The chain over 64 M elements. The kernel and the copy run on the same threads.
Row chain_at_64m(const Field& field, int threads, const Timing& timing) {
  const std::shared_ptr<Executor> executor = make_thread_pool(threads);
  const Engine engine({.executor = executor});
  const Race race(kChain, field, k64M);
  return against_copies(at_least(fmt::format("chain, 64M, {} thread(s) / copy", threads), 0.95),
                        race, race.bound(engine), timing, threads > 1 ? executor : nullptr);
}

/// leaky_relu over 4 M ones, on one thread. Kernels stream outputs of more than `streaming_bytes`.
Contestant leaky_at_4m(std::int64_t streaming_bytes, bool in_place) {
  Target target = host_target();
  target.model.streaming_bytes = streaming_bytes;
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {k4M}).leaky_relu(0.1));
  const Executable program = Engine({.target = target, .threads = 1}).compile(graph);
  const auto x = std::make_shared<AlignedBuffer>(k4M * 4);
  const auto y = in_place ? x : std::make_shared<AlignedBuffer>(k4M * 4);
  std::fill_n(reinterpret_cast<float*>(x->data()), k4M, 1.0F);
  const ConstTensorView input = TensorView{x->data(), DType::f32, {k4M}, {}};
  const TensorView output{y->data(), DType::f32, {k4M}, {}};
  const auto call = std::make_shared<Call>(program.bind({&input, 1}, {&output, 1}));
  return contestant("leaky_relu", [call, x, y] { (*call)(); });
}

/// Non-temporal stores, with the threshold set low, compared with ordinary ones.
Row stores(std::string what, double least, bool in_place, const Timing& timing) {
  const std::vector<Contestant> contestants{leaky_at_4m(0, in_place),
                                            leaky_at_4m(std::int64_t{1} << 40, in_place)};
  const std::vector<Samples> samples = interleave(contestants, timing);
  Row row = at_least(std::move(what), least);
  row.reached = paired_ratio(samples[1], samples[0]);
  row.note = times(samples[0], samples[1], "ordinary stores");
  return row;
}

}  // namespace

void add_kernel_rows(std::vector<Row>& rows, const RatioOptions& options) {
  const Timing timing = options.small();
  const Engine engine({.threads = 1});
  const Field small(k32K);
  const Race leaky(kLeakyRelu, small, k1K);
  const Race chain(kChain, small, k32K);
  rows.push_back(against_copies(at_least("leaky_relu, 1K, bound call / copy", 0.85), leaky,
                                leaky.bound(engine), timing));
  rows.push_back(against_onednn(at_least("leaky_relu, 1K, run() / oneDNN", 4), leaky, engine,
                                leaky.run(engine), OneDnnCall::cpp, timing));
  rows.push_back(against_onednn(at_least("leaky_relu, 1K, bound call / oneDNN's C call", 4), leaky,
                                engine, leaky.bound(engine), OneDnnCall::c, timing));
  rows.push_back(against_onednn(at_least("chain, 32K / oneDNN", 1.6), chain, engine,
                                chain.bound(engine), OneDnnCall::cpp, timing));
  const Field large(k64M);
  for (int threads : {1, 2}) rows.push_back(chain_at_64m(large, threads, options.large()));
  rows.push_back(stores("leaky_relu, 4M, streaming / ordinary stores", 1, false, options.large()));
  rows.push_back(
      stores("leaky_relu in place, 4M, streaming / ordinary stores", 0.95, true, options.large()));
  add_shape_rows(rows, engine, small, timing);
}

}  // namespace sinter::bench
