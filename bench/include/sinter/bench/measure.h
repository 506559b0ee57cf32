// measure: how fast a graph runs fused, op by op, and beside the copy that bounds it; what
// compiling it takes, by stage; and what a call costs besides its kernel.
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
  std::uint64_t seed = 1;       ///< of the input data: see fill_uniform
  int compile_rounds = 7;       ///< fresh engines that compile the graph
  /// The executor that the engine was given, so that the copy runs on the same threads. Left out,
  /// the copy has a pool of its own with as many.
  std::shared_ptr<Executor> executor = {};
};

/// What one compile takes, in nanoseconds: medians over fresh engines, in a process that has
/// compiled before.
struct CompileReport {
  CompileTimes stages;
  Spread total;  ///< Engine::compile from call to return
  Spread known;  ///< Engine::compile of a graph that the engine knows
};

/// What a call costs besides its kernel, in nanoseconds: paired differences of back-to-back calls.
/// `direct` is the kernel alone, called through its pointer on its whole range (DirectCall).
struct OverheadReport {
  Spread direct;
  Spread bound;  ///< Call::operator() - direct
  Spread run;    ///< Executable::run with views that were made before - direct
};

/// Times are nanoseconds a call. Ratios are of speeds: above 1 is faster than what it is held
/// against.
struct Report {
  std::string target;
  int threads = 0;
  int kernels = 0;
  int kernels_op_by_op = 0;
  std::int64_t bytes_read = 0;     ///< by one call, each byte of an input once
  std::int64_t bytes_written = 0;  ///< by one call, outputs only
  Spread fused;
  Spread op_by_op;
  Spread copy;
  Stores copy_stores{};  ///< of the faster copy
  int copy_threads = 0;  ///< of the faster copy
  Spread against_op_by_op;
  Spread against_copy;
  CompileReport compile;
  std::optional<OverheadReport> overhead;  ///< programs of one kernel on one thread only

  /// Bytes read and written per nanosecond when fused, which is GB/s.
  [[nodiscard]] double bandwidth() const {
    return fused.median > 0 ? static_cast<double>(bytes_read + bytes_written) / fused.median : 0;
  }
};

/// Measures `graph` on buffers of its own. The copy reads every input that the graph uses, and
/// writes every output, once; best of plain and streaming stores, one thread and all. Throws what
/// Engine::compile and Executable::run do.
[[nodiscard]] Report measure(const Engine& engine, const Graph& graph, const Options& options = {});

/// `graph` as a contestant: a call that is bound to buffers of its own.
[[nodiscard]] Contestant bound_call(std::string name, const Engine& engine, const Graph& graph);

/// A table for people.
[[nodiscard]] std::string to_text(const Report& report);
/// One JSON object, on one line. Spreads are {"median": m, "p10": l, "p90": h}.
[[nodiscard]] std::string to_json(const Report& report);
[[nodiscard]] std::string to_json(const Spread& spread);
std::ostream& operator<<(std::ostream& stream, const Report& report);

}  // namespace sinter::bench
