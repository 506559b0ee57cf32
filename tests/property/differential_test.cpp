// Random graphs, computed in every way that sinter has, against the interpreter, bit for bit.
//
// SINTER_TEST_GRAPHS sets how many (2,000 by default), SINTER_TEST_SEED the first seed. A failure
// prints the seed, the graph and the target; `SINTER_TEST_SEED=<seed> SINTER_TEST_GRAPHS=1` runs it
// alone.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "property/run_graph.h"
#include "support/random_graph.h"
#include "support/strided.h"

namespace sinter::test {
namespace {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Configuration {
  std::string name;
  Engine engine;
  Fuse fuse;
};

/// One engine per target and thread count; the threaded ones split even the smallest kernel.
std::vector<Configuration> configurations() {
  std::vector<Configuration> all;
  for (const Target& target : targets_here()) {
    const Engine serial(EngineOptions{.target = target, .threads = 1});
    const Engine threaded(EngineOptions{.target = target, .threads = 3, .parallel_bytes = 1});
    all.push_back({target.name + ", fused, one thread", serial, Fuse::all});
    all.push_back({target.name + ", op by op, one thread", serial, Fuse::none});
    all.push_back({target.name + ", fused, three threads", threaded, Fuse::all});
  }
  return all;
}

class Differential : public ::testing::Test {
 protected:
  /// Returns what went wrong, or nothing.
  [[nodiscard]] std::string check(std::uint64_t seed) const {
    RandomGraphOptions options;
    options.random_strides = seed % 4 == 0;
    const Graph graph = random_graph(seed, options);
    std::vector<TensorData> inputs = random_inputs(graph, seed);
    settle_on_strides(graph, inputs);
    const Rounding rounding = seed % 5 == 0 ? Rounding::each_op : Rounding::at_store;
    const std::vector<TensorData> expected = interpret(graph, inputs, rounding);

    const Target& target = nest_targets_[seed % nest_targets_.size()];
    const bool streaming = seed % 3 == 0;
    std::string wrong =
        difference(expected, run_nests(widen(graph, rounding), inputs, target, streaming));
    if (!wrong.empty()) {
      return "loop interpreter, " + target.name + (streaming ? ", streaming: " : ": ") + wrong;
    }
    for (std::size_t i = 0; i < configurations_.size(); ++i) {
      // Machine code is what takes the time: each graph runs in a third of the configurations.
      if (i % 3 != seed % 3 && configurations_.size() > 3) continue;
      const Configuration& configuration = configurations_[i];
      const Executable program =
          configuration.engine.compile(graph, {.fuse = configuration.fuse, .rounding = rounding});
      const Placement placement{seed % 2 == 0 ? Guard::before : Guard::behind, seed % 7};
      wrong = difference(expected, run_guarded(program, graph, inputs, placement));
      if (!wrong.empty()) return configuration.name + ": " + wrong;
    }
    return "";
  }

  std::vector<Configuration> configurations_ = configurations();
  std::vector<Target> nest_targets_{Target::parse("x86-64-v3"), Target::parse("x86-64-v4")};
};

TEST_F(Differential, EveryWayOfComputingARandomGraphGivesTheInterpretersBits) {
  const std::uint64_t count = number_from_environment("SINTER_TEST_GRAPHS", 2000);
  const std::uint64_t first = number_from_environment("SINTER_TEST_SEED", 1);
  std::atomic<std::uint64_t> next{first};
  std::atomic<int> failures{0};
  std::mutex report;
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed < first + count && failures < 5; seed = next++) {
      std::string wrong;
      try {
        wrong = check(seed);
      } catch (const Error& error) {
        wrong = error.what();
      }
      if (wrong.empty()) continue;
      ++failures;
      const std::scoped_lock lock(report);
      RandomGraphOptions options;
      options.random_strides = seed % 4 == 0;
      ADD_FAILURE() << "seed " << seed << "; " << wrong << "\n"
                    << print(random_graph(seed, options));
    }
  };
  std::vector<std::thread> threads;
  const unsigned count_of_threads = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count_of_threads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sinter::test
