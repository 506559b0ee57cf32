// The rows of the table of ratios: what is promised, and what was reached. Every row is one figure
// with its spread; how each is taken stands beside its code and in bench/README.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sinter/bench/timing.h>

namespace sinter::bench {

enum class Bound : std::uint8_t { at_least, under, exactly };

struct Row {
  std::string what;
  Bound bound{};
  double target = 0;
  std::string unit;     ///< "x" for a ratio of speeds, else "ns", "ms", "bytes", ...
  Spread reached = {};  ///< all zero in a row that was not run
  std::string note = {};
  bool ran = true;

  [[nodiscard]] bool passed() const {
    switch (bound) {
      case Bound::at_least: return reached.median >= target;
      case Bound::under: return reached.median < target;
      case Bound::exactly: return reached.median == target;
    }
    return false;
  }
};

struct RatioOptions {
  bool quick = false;  ///< a tenth of the rounds: for a look, not for the README
  [[nodiscard]] Timing small() const { return {.rounds = quick ? 21 : 201}; }
  [[nodiscard]] Timing large() const { return {.rounds = quick ? 3 : 15}; }
};

/// A row whose peer is missing.
[[nodiscard]] inline Row not_run(Row row, std::string why) {
  row.ran = false;
  row.note = std::move(why);
  return row;
}

/// Kernels against the copy, oneDNN, and themselves at other lengths and offsets.
void add_kernel_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Mathematical functions against oneDNN's, and against the copy.
void add_function_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Products against OpenBLAS's.
void add_product_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Reductions against a plain vector sum, and against reading the same bytes.
void add_reduction_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Dtypes and layouts against f32 and dense.
void add_layout_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Compiles: new, known, and how many a sweep needs; bytes of an entry.
void add_compile_rows(std::vector<Row>& rows, const RatioOptions& options);
/// The time from a graph to its plan, and how it grows with the graph.
void add_planning_rows(std::vector<Row>& rows, const RatioOptions& options);
/// A training step: its compile, and its kernels.
void add_training_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Calls over the direct call of the same kernel.
void add_call_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Steps on tensors: recorded, looked up and run.
void add_tensor_rows(std::vector<Row>& rows, const RatioOptions& options);

}  // namespace sinter::bench
