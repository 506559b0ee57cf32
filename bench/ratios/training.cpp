// Rows of the training step of examples/train_digits with leaky_relu 0.01: the time from graph to
// program, and the number of kernels.
#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <sinter/sinter.h>

#include "network.h"
#include "rows.h"

namespace sinter::bench {
void add_training_rows(std::vector<Row>& rows, const RatioOptions& options) {
  constexpr int kBatch = 64;
  const Graph step = training_step(Network(activations()[1]), kBatch, {});
  std::vector<double> milliseconds;
  int kernels = 0;
  for (int i = 0; i < (options.quick ? 5 : 25); ++i) {
    const Engine engine({.threads = 2});
    const auto begin = std::chrono::steady_clock::now();
    kernels = engine.compile(step).kernels();
    const auto took = std::chrono::steady_clock::now() - begin;
    milliseconds.push_back(std::chrono::duration<double, std::milli>(took).count());
  }
  const auto first = milliseconds.front();
  rows.push_back({.what = "a training step from graph to program, empty caches",
                  .bound = Bound::under,
                  .target = 300,
                  .unit = "ms",
                  .reached = spread_of(std::move(milliseconds)),
                  .note = fmt::format("the first of them {:.4g} ms", first)});
  const auto count = static_cast<double>(kernels);
  rows.push_back({.what = "kernels of a training step",
                  .bound = Bound::under,
                  .target = 9,
                  .unit = "kernels",
                  .reached = {count, count, count}});
}

}  // namespace sinter::bench
