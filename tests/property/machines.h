// Engines for every target that runs here, to compare a graph's results with the interpreter.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <sinter/fuzz/run.h>
#include "support/fuzz.h"
#include "support/usual_inputs.h"

namespace sinter::test {

class Machines {
 public:
  Machines() {
    for (const Target& target : targets_here()) {
      engines_.emplace_back(
          EngineOptions{.target = target, .threads = 2, .parallel_nanoseconds = 1});
    }
  }
  /// Compares the results of all engines, fused and unfused, with the interpreter.
  void check(const Graph& graph, const std::string& what, std::uint64_t seed = 7) const {
    check(graph, what, random_inputs(graph, seed));
  }
  void check(const Graph& graph, const std::string& what,
             const std::vector<TensorData>& inputs) const {
    const std::vector<TensorData> expected = interpret(graph, inputs);
    for (const Engine& engine : engines_) {
      for (Fuse fuse : {Fuse::all, Fuse::none}) {
        const Executable program = engine.compile(graph, {.fuse = fuse});
        const auto got = run_guarded(program, graph, inputs, {Guard::after, 0});
        ASSERT_EQ(difference(expected, got), "") << engine.target().name << " " << what << "\n"
                                                 << program.text(Stage::plan);
      }
    }
  }

 private:
  std::vector<Engine> engines_;
};

}  // namespace sinter::test
