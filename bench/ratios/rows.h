// The rows of sinter_ratios: a promised figure and the measured one, with its spread.
// docs/figures.md defines how the figures are measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sinter/bench/timing.h>

namespace sinter::bench {

/// How the median of a row should compare with its target.
enum class Bound : std::uint8_t { at_least, under, exactly };

struct Row {
  std::string what;  ///< name of the figure
  Bound bound{};
  double target = 0;
  std::string unit;     ///< "x" for a ratio of speeds, else "ns", "ms", "bytes", ...
  Spread reached = {};  ///< measured figure; all zero if the row was not run
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
  bool quick = false;  ///< fewer rounds, for a rough look: not for docs/figures.md
  /// Timing of calls that take microseconds.
  [[nodiscard]] Timing small() const { return {.rounds = quick ? 21 : 201}; }
  /// Timing of calls that take milliseconds.
  [[nodiscard]] Timing large() const { return {.rounds = quick ? 3 : 15}; }
};

/// Marks a row as not run, and says why.
[[nodiscard]] inline Row not_run(Row row, std::string why) {
  row.ran = false;
  row.note = std::move(why);
  return row;
}

// Each function measures the rows of one group and appends them.

/// Kernels compared with the copy, oneDNN, and themselves at other lengths and offsets.
void add_kernel_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Mathematical functions compared with oneDNN's and with the copy.
void add_function_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Products compared with OpenBLAS's.
void add_product_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Reductions compared with a plain vector sum, with reading the same bytes, and with oneDNN.
void add_reduction_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Two threads compared with one, and many callers of one engine.
void add_thread_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Dtypes and layouts compared with f32 and dense ones.
void add_layout_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Compiles: of new and known graphs, and their number in a sweep; bytes of a cache entry.
void add_compile_rows(std::vector<Row>& rows, const RatioOptions& options);
/// The time from a graph to its plan, and how it grows with the graph.
void add_planning_rows(std::vector<Row>& rows, const RatioOptions& options);
/// A training step: the time to compile it, and the number of its kernels.
void add_training_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Dispatch overhead: calls minus the direct call of the same kernel.
void add_call_rows(std::vector<Row>& rows, const RatioOptions& options);
/// Overhead of tensors: steps that are recorded, looked up and run.
void add_tensor_rows(std::vector<Row>& rows, const RatioOptions& options);

}  // namespace sinter::bench
