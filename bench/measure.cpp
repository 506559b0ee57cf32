// measure: makes the contestants for a graph, times them and fills in the report.
#include <sinter/bench/measure.h>

#include <algorithm>
#include <chrono>

#include <sinter/bench/data.h>
#include <sinter/ir/passes.h>

namespace sinter::bench {
namespace {

// --- The copy ------------------------------------------------------------------------------------

struct Streams {
  std::vector<ReadStream> reads;
  std::vector<WriteStream> writes;
};

/// By input: true if the simplified graph uses it.
std::vector<bool> used_inputs(const Graph& graph) {
  const Graph simplified = simplify(graph);
  std::vector<bool> used(simplified.nodes().size());
  for (const Node& node : simplified.nodes()) {
    for (NodeId operand : node.inputs()) used[operand.index] = true;
  }
  for (const GraphOutput& output : simplified.outputs()) used[output.node.index] = true;
  std::vector<bool> inputs;
  for (const GraphInput& input : simplified.inputs()) inputs.push_back(used[input.node.index]);
  return inputs;
}

/// Bytes of the distinct elements of a view: an axis of stride 0 repeats elements.
std::int64_t distinct_bytes(const ConstTensorView& view) {
  std::int64_t elements = 1;
  for (int axis = 0; axis < view.shape.rank(); ++axis) {
    const bool repeats = !view.strides.empty() && view.strides[axis] == 0 && view.shape[axis] > 0;
    elements *= repeats ? 1 : view.shape[axis];
  }
  return elements * info(view.dtype).bytes;
}

Streams streams_of(const Graph& graph, const GraphBuffers& buffers) {
  Streams streams;
  const std::vector<bool> used = used_inputs(graph);
  for (std::size_t i = 0; i < used.size(); ++i) {
    const ConstTensorView& view = buffers.inputs()[i];
    if (!used[i]) continue;
    streams.reads.push_back({static_cast<const std::byte*>(view.data), distinct_bytes(view)});
  }
  for (const TensorView& view : buffers.outputs()) {
    streams.writes.push_back({static_cast<std::byte*>(view.data), distinct_bytes(view)});
  }
  return streams;
}

struct CopyContestant {
  Stores stores;
  int threads;
  std::shared_ptr<Executor> executor;
};

std::vector<CopyContestant> copy_contestants(const Engine& engine, const Options& options) {
  std::vector<CopyContestant> copies{{Stores::plain, 1, nullptr}, {Stores::streaming, 1, nullptr}};
  if (engine.threads() == 1) return copies;
  const auto executor =
      options.executor != nullptr ? options.executor : make_thread_pool(engine.threads());
  copies.push_back({Stores::plain, engine.threads(), executor});
  copies.push_back({Stores::streaming, engine.threads(), executor});
  return copies;
}

// --- Runs ----------------------------------------------------------------------------------------

void measure_runs(Report& report, const Engine& engine, const Graph& graph, const Options& options,
                  const GraphBuffers& buffers) {
  CompileOptions unfused = options.compile;
  unfused.fuse = Fuse::none;
  const Executable fused = engine.compile(graph, options.compile);
  const Executable op_by_op = engine.compile(graph, unfused);
  report.kernels = fused.kernels();
  report.kernels_op_by_op = op_by_op.kernels();

  const Streams streams = streams_of(graph, buffers);
  for (const ReadStream& read : streams.reads) report.bytes_read += read.bytes;
  for (const WriteStream& write : streams.writes) report.bytes_written += write.bytes;

  std::vector<Contestant> contestants;
  contestants.push_back(contestant("fused", fused.bind(buffers.inputs(), buffers.outputs())));
  contestants.push_back(contestant("op by op", op_by_op.bind(buffers.inputs(), buffers.outputs())));
  const std::vector<CopyContestant> copies = copy_contestants(engine, options);
  for (const CopyContestant& each : copies) {
    contestants.push_back(
        contestant("copy", Copy(streams.reads, streams.writes, each.stores, each.executor)));
  }
  const std::vector<Samples> samples = interleave(contestants, options.timing);
  report.fused = spread_of(samples[0]);
  report.op_by_op = spread_of(samples[1]);
  report.against_op_by_op = paired_ratio(samples[1], samples[0]);
  const auto best = std::min_element(samples.begin() + 2, samples.end(), [](auto& a, auto& b) {
    return spread_of(a).median < spread_of(b).median;
  });
  const CopyContestant& copy = copies[static_cast<std::size_t>(best - samples.begin() - 2)];
  report.copy = spread_of(*best);
  report.copy_stores = copy.stores;
  report.copy_threads = copy.threads;
  report.against_copy = paired_ratio(*best, samples[0]);
}

// --- Compiles ------------------------------------------------------------------------------------

double nanoseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

std::int64_t median_stage(const std::vector<CompileTimes>& times,
                          std::int64_t CompileTimes::* stage) {
  std::vector<double> samples;
  for (const CompileTimes& each : times) samples.push_back(static_cast<double>(each.*stage));
  return static_cast<std::int64_t>(spread_of(std::move(samples)).median);
}

CompileReport measure_compile(const Engine& engine, const Graph& graph, const Options& options) {
  CompileReport report;
  std::vector<CompileTimes> times;
  std::vector<double> totals;
  for (int round = 0; round < options.compile_rounds; ++round) {
    const Engine fresh({.target = engine.target(), .threads = 1});
    const auto begin = std::chrono::steady_clock::now();
    const Executable program = fresh.compile(graph, options.compile);
    totals.push_back(nanoseconds_since(begin));
    times.push_back(program.compile_times());
  }
  report.total = spread_of(std::move(totals));
  for (auto stage : {&CompileTimes::plan, &CompileTimes::schedule, &CompileTimes::emit,
                     &CompileTimes::codegen, &CompileTimes::link}) {
    report.stages.*stage = median_stage(times, stage);
  }
  const Contestant known =
      contestant("known", [&] { static_cast<void>(engine.compile(graph, options.compile)); });
  report.known = spread_of(interleave({&known, 1}, options.timing)[0]);
  return report;
}

// --- Calls ---------------------------------------------------------------------------------------

OverheadReport measure_overhead(const Executable& program, const Options& options,
                                const GraphBuffers& buffers) {
  Call call = program.bind(buffers.inputs(), buffers.outputs());
  const std::vector<Contestant> contestants{
      contestant("direct", call.direct()), contestant("bound", [&] { call(); }),
      contestant("run", [&] { program.run(buffers.inputs(), buffers.outputs()); })};
  const std::vector<Samples> samples = interleave(contestants, options.timing);
  return {spread_of(samples[0]), paired_difference(samples[1], samples[0]),
          paired_difference(samples[2], samples[0])};
}

}  // namespace

Contestant bound_call(std::string name, const Engine& engine, const Graph& graph) {
  const auto buffers = std::make_shared<GraphBuffers>(graph, 1);
  const auto call =
      std::make_shared<Call>(engine.compile(graph).bind(buffers->inputs(), buffers->outputs()));
  return contestant(std::move(name), [buffers, call] { (*call)(); });
}

Report measure(const Engine& engine, const Graph& graph, const Options& options) {
  const GraphBuffers buffers(graph, options.seed);
  Report report;
  report.target = engine.target().name;
  report.threads = engine.threads();
  measure_runs(report, engine, graph, options, buffers);
  report.compile = measure_compile(engine, graph, options);
  const Executable program = engine.compile(graph, options.compile);
  if (program.kernels() == 1 && engine.threads() == 1) {
    report.overhead = measure_overhead(program, options, buffers);
  }
  return report;
}

}  // namespace sinter::bench
