// measure: times a graph. A report has the time of the fused program, of the program op by op, and
// of the copy that bounds both; the compile time by stage; and the dispatch overhead of a call.
//
//   std::cout << sinter::bench::measure(engine, graph);
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include <sinter/bench/copy.h>
#include <sinter/bench/timing.h>
#include <sinter/runtime/engine.h>

namespace sinter::bench {

struct Options {
  Timing timing = {};
  CompileOptions compile = {};  ///< of the fused program; op by op differs in `fuse` only
  std::uint64_t seed = 1;       ///< seed of the input data, see fill_uniform
  int compile_rounds = 7;       ///< number of fresh engines that compile the graph
  /// The executor that the engine was given, so that the copy runs on the same threads. If it is
  /// null, the copy has a pool of its own with as many threads as the engine.
  std::shared_ptr<Executor> executor = {};
};

/// Times of one compile in nanoseconds, over fresh engines in a warm process.
struct CompileReport {
  CompileTimes stages;  ///< median of each stage
  Spread total;         ///< Engine::compile of a new graph
  Spread known;         ///< Engine::compile of a graph that the engine has compiled
};

/// Dispatch overhead in nanoseconds per call: paired differences of interleaved calls. `direct` is
/// the time of the kernel alone, called through its pointer on its whole range (DirectCall).
struct OverheadReport {
  Spread direct;
  Spread bound;  ///< Call::operator(), minus direct
  Spread run;    ///< Executable::run with views made beforehand, minus direct
};

/// Times are nanoseconds per call. Ratios are of speeds: above 1, fused is faster than the other.
struct Report {
  std::string target;
  int threads = 0;
  int kernels = 0;                 ///< kernels of the fused program
  int kernels_op_by_op = 0;        ///< kernels of the unfused program
  std::int64_t bytes_read = 0;     ///< bytes of all used inputs, each byte once
  std::int64_t bytes_written = 0;  ///< bytes of all outputs
  Spread fused;
  Spread op_by_op;
  Spread copy;              ///< time of the fastest copy
  Stores copy_stores{};     ///< stores of the fastest copy
  int copy_threads = 0;     ///< threads of the fastest copy
  Spread against_op_by_op;  ///< speed of fused over that of op by op
  Spread against_copy;      ///< speed of fused over that of the fastest copy
  CompileReport compile;
  std::optional<OverheadReport> overhead;  ///< only of a single kernel on one thread

  /// Bandwidth of the fused program: bytes read and written per nanosecond, which is GB/s.
  [[nodiscard]] double bandwidth() const {
    return fused.median > 0 ? static_cast<double>(bytes_read + bytes_written) / fused.median : 0;
  }
};

/// Measures `graph` on buffers that it allocates. The copy reads every input that the graph uses
/// and writes every output, once; the fastest of plain and streaming stores, on one thread and on
/// all, counts. Throws what Engine::compile and Executable::run throw.
[[nodiscard]] Report measure(const Engine& engine, const Graph& graph, const Options& options = {});

/// A contestant that runs `graph` by a Call bound to buffers that the contestant owns.
[[nodiscard]] Contestant bound_call(std::string name, const Engine& engine, const Graph& graph);

/// A readable table.
[[nodiscard]] std::string to_text(const Report& report);
/// One JSON object, on one line. Spreads are {"median": m, "p10": l, "p90": h}.
[[nodiscard]] std::string to_json(const Report& report);
[[nodiscard]] std::string to_json(const Spread& spread);
std::ostream& operator<<(std::ostream& stream, const Report& report);

}  // namespace sinter::bench
