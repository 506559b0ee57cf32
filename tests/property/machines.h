// Engines for every target that runs here, with which a graph is compared with the interpreter.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include <sinter/fuzz/run.h>
#include <sinter/ir/element.h>
#include "support/fuzz.h"

namespace sinter::test {

/// Usual numbers, so that a sum is one too, with one in a hundred special, or none.
inline std::vector<TensorData> usual_inputs(const Graph& graph, std::uint64_t seed,
                                            bool with_special = true) {
  std::vector<TensorData> special = random_inputs(graph, seed);
  Random random(seed);
  for (TensorData& data : special) {
    const std::size_t size = info(data.dtype).bytes;
    for (std::size_t at = 0; at < data.bytes.size(); at += size) {
      if (with_special && random.one_in(100)) continue;
      const double number = static_cast<double>(random.between(-3000, 3000)) / 1024;
      const std::uint64_t bits = element_bits(number, data.dtype);
      std::memcpy(data.bytes.data() + at, &bits, size);
    }
  }
  return special;
}

class Machines {
 public:
  Machines() {
    for (const Target& target : targets_here()) {
      engines_.emplace_back(EngineOptions{.target = target, .threads = 2, .parallel_bytes = 1});
    }
  }
  /// All engines, fused and not, against the interpreter.
  void check(const Graph& graph, const std::string& what, std::uint64_t seed = 7) const {
    check(graph, what, random_inputs(graph, seed));
  }
  void check(const Graph& graph, const std::string& what,
             const std::vector<TensorData>& inputs) const {
    const std::vector<TensorData> expected = interpret(graph, inputs);
    for (const Engine& engine : engines_) {
      for (Fuse fuse : {Fuse::all, Fuse::none}) {
        const Executable program = engine.compile(graph, {.fuse = fuse});
        const auto got = run_guarded(program, graph, inputs, {Guard::behind, 0});
        ASSERT_EQ(difference(expected, got), "") << engine.target().name << " " << what << "\n"
                                                 << program.text(Stage::plan);
      }
    }
  }

 private:
  std::vector<Engine> engines_;
};

}  // namespace sinter::test
