// run_contest: registers the contestants with Google Benchmark and runs them.
#include "contest.h"

#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "onednn.h"

namespace sinter::bench {
namespace {

// Sizes in elements: from kSmallest to kLargest, each kFactor times the one before.
constexpr std::int64_t kSmallest = 256;
constexpr std::int64_t kLargest = std::int64_t{64} << 20;
constexpr std::int64_t kFactor = 4;

/// Times calls in batches that move about 256 KiB: one query of the benchmark's state for each
/// batch does not distort the time of short calls. `bytes` is what one call moves.
void time(benchmark::State& state, const Contestant& contestant, std::int64_t bytes) {
  constexpr std::int64_t kBatchBytes = std::int64_t{1} << 18;
  const std::int64_t batch = std::max<std::int64_t>(1, kBatchBytes / bytes);
  while (state.KeepRunningBatch(batch)) contestant.repeat(batch);
  state.SetBytesProcessed(state.iterations() * bytes);
}

void register_contestant(const Workload& workload, std::int64_t n, Contestant contestant) {
  const std::int64_t bytes = (workload.inputs + 1) * n * std::int64_t{sizeof(float)};
  const std::string name = fmt::format("{}/{}/{}", workload.name, n, contestant.name);
  benchmark::RegisterBenchmark(
      name.c_str(), [contestant = std::move(contestant), bytes](benchmark::State& state) {
        time(state, contestant, bytes);
      });
}

void register_size(const Workload& workload, const Engine& engine, const Field& field,
                   std::int64_t n) {
  const Race race(workload, field, n);
  register_contestant(workload, n, race.bound(engine));
  register_contestant(workload, n, race.run(engine));
  register_contestant(workload, n, race.copy(Stores::plain));
  register_contestant(workload, n, race.copy(Stores::streaming));
  for (OneDnnCall call : {OneDnnCall::cpp, OneDnnCall::c}) {
    if (auto peer = race.onednn(call)) register_contestant(workload, n, std::move(*peer));
  }
}

/// Our default flags, then those of the command line. Of two equal flags the last one counts.
std::vector<std::string> with_defaults(int argc, char** argv) {
  std::vector<std::string> flags{argv[0], "--benchmark_enable_random_interleaving=true",
                                 "--benchmark_repetitions=9", "--benchmark_min_time=0.05",
                                 "--benchmark_report_aggregates_only=true"};
  flags.insert(flags.end(), argv + 1, argv + argc);
  return flags;
}

}  // namespace

int run_contest(const Workload& workload, int argc, char** argv) {
  std::vector<std::string> flags = with_defaults(argc, argv);
  std::vector<char*> pointers;
  for (std::string& flag : flags) pointers.push_back(flag.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 1;

  const Engine engine({.threads = 1});
  const Field field(kLargest);
  benchmark::AddCustomContext("target", engine.target().name);
  benchmark::AddCustomContext("peer", onednn_version());
  for (std::int64_t n = kSmallest; n <= kLargest; n *= kFactor) {
    register_size(workload, engine, field, n);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace sinter::bench
