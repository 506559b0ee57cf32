// Engine: looks a graph up in the three caches, and compiles what they lack.
#include <sinter/runtime/engine.h>

#include <algorithm>
#include <bit>
#include <cstdio>

#include <fmt/format.h>

#include <sinter/ir/enum.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/parameter_class.h>
#include <sinter/ir/rethrow.h>

#include "backends.h"
#include "cpus.h"
#include "engine_core.h"
#include "passes.h"
#include "stopwatch.h"

namespace sinter {
namespace detail {
namespace {

void log_to_stderr(std::string_view message) {
  std::string line(message);
  if (!line.ends_with('\n')) line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int thread_count(int asked) {
  if (asked < 0) {
    fail(ErrorCode::invalid_argument,
         fmt::format("EngineOptions::threads is {}: give 1 or more, or 0 for one per CPU that "
                     "this process may use",
                     asked));
  }
  return asked > 0 ? asked : usable_cpus();
}

int concurrency_of(const Executor& executor) {
  const int threads = executor.concurrency();
  if (threads >= 1) return threads;
  fail(ErrorCode::invalid_argument,
       fmt::format("EngineOptions::executor has a concurrency of {}: it must be 1 or more, for the "
                   "calling thread counts",
                   threads));
}

double parallel_ns_of(std::int64_t asked, const CpuModel& model) {
  if (asked < 0) {
    fail(ErrorCode::invalid_argument,
         fmt::format("EngineOptions::parallel_nanoseconds is {}: give a number of nanoseconds, or "
                     "0 for the time from which threads were measured to pay",
                     asked));
  }
  return asked > 0 ? static_cast<double>(asked) : model.parallel_ns;
}

std::shared_ptr<const Services> make_services(EngineOptions& options,
                                              EngineCore::OpenBackend& open) {
  const std::int64_t memory = options.allocator != nullptr ? INT64_MAX : machine_memory();
  std::shared_ptr<Allocator> allocator =
      options.allocator != nullptr ? std::move(options.allocator) : default_allocator();
  std::shared_ptr<const Backend> backend = open(options, allocator);
  std::shared_ptr<Executor> executor =
      options.executor != nullptr
          ? std::move(options.executor)
          : make_thread_pool(thread_count(backend->threads(options.threads)));
  const int threads = concurrency_of(*executor);
  const double parallel_ns = parallel_ns_of(options.parallel_nanoseconds, backend->target().model);
  return std::shared_ptr<const Services>(new Services{std::move(backend), std::move(executor),
                                                      threads, parallel_ns,
                                                      WorkspacePool(std::move(allocator), memory)});
}

/// The text of a stage, or the reason why this program has none: a dump must not fail a compile.
std::string text_or_reason(const Program& program, Stage stage) {
  try {
    return stage_text(program, stage);
  } catch (const Error& error) {
    return error.what();
  }
}

/// Options that traces of tensors compile with. Results must not depend on the op after which a
/// trace runs, so every op rounds to the dtype of its result.
CompileOptions trace_options() { return {.rounding = Rounding::each_op}; }

/// How a key identifies the parameters: by their bits or by their classes.
enum class KeyedBy : std::uint8_t { values, classes };

/// The fixed part of a key. It holds the sizes of the other parts, so keys that differ in any part
/// differ in their joined bytes, too.
struct KeyHeader {
  std::uint64_t structure_bytes;
  std::uint32_t parameters;
  Fuse fuse;
  Specialize specialize;
  Rounding rounding;
  KeyedBy keyed_by = KeyedBy::values;
};
static_assert(std::has_unique_object_representations_v<KeyHeader>);

KeyHeader make_header(const Graph& graph, const CompileOptions& options, std::size_t parameters) {
  return {graph.key().bytes.size(), static_cast<std::uint32_t>(parameters), options.fuse,
          options.specialize, options.rounding};
}

/// The key of `graph` under the options in `header`. Borrows all three arguments.
KeyView make_key(const KeyHeader& header, const Graph& graph,
                 std::span<const std::byte> parameters) {
  const GraphKey structure = graph.key();
  const auto [low, high] = std::bit_cast<std::array<std::uint64_t, 2>>(header);
  const std::uint64_t hash = mix(mix(structure.hash, low), high);
  return {{std::as_bytes(std::span(&header, 1)), structure.bytes, parameters},
          parameters.empty() ? hash : hash_bytes(parameters, hash)};
}

}  // namespace

EngineCore::EngineCore(EngineOptions options, OpenBackend& open)
    : log_(options.log ? std::move(options.log) : log_to_stderr),
      dump_stages_(dump_stages_from_environment(log_)),
      services_(make_services(options, open)),
      kernels_(options.kernels.entries),
      plans_(options.plans.entries),
      code_(options.code.entries),
      recorder_(options.trace) {}

std::shared_ptr<const Program> EngineCore::compile(const Graph& graph,
                                                   const CompileOptions& options) {
  const std::span<const double> parameters = graph.parameters();
  const KeyHeader header = make_header(graph, options, parameters.size());
  const KeyView key = make_key(header, graph, std::as_bytes(parameters));
  auto found = kernels_.get(key, [&] { return make_program(graph, options, key.size()); });
  if (found.made) dump(*found.value);
  return std::move(found.value);
}

std::shared_ptr<const Program> EngineCore::compile_for_any_parameters(const Graph& graph) {
  const std::span<const double> parameters = graph.parameters();
  std::vector<std::uint8_t> classes(parameters.size());
  std::ranges::transform(parameters, classes.begin(),
                         [](double value) { return ParameterClass(value).bits(); });
  const CompileOptions options = trace_options();
  KeyHeader header = make_header(graph, options, parameters.size());
  header.keyed_by = KeyedBy::classes;
  const KeyView key = make_key(header, graph, std::as_bytes(std::span(classes)));
  auto found = kernels_.get(key, [&] { return make_program(graph, options, key.size()); });
  if (found.made) dump(*found.value);
  return with_parameters(std::move(found.value), parameters);
}

std::shared_ptr<const Program> EngineCore::make_program(const Graph& graph,
                                                        const CompileOptions& options,
                                                        std::size_t key_bytes) {
  const FloatEnvironment environment;  // the passes fold constants
  check_enum("Fuse", options.fuse, Fuse::none);
  check_enum("Specialize", options.specialize, Specialize::scalars | Specialize::shape);
  check_enum("Rounding", options.rounding, Rounding::each_op);
  ProgramParts parts;
  parts.services = services_;
  parts.options = options;
  parts.parameters.assign(graph.parameters().begin(), graph.parameters().end());
  run_passes(
      graph, parts.parameters, options, services_->backend->generator(), parts.times,
      {.plan = [&](const std::function<Plan()>& make) -> const Plan& {
         parts.planned = planned(graph, options, make);
         parts.kernels.reserve(parts.planned->plan.kernels.size());
         return parts.planned->plan;
       },
       .kernel =
           [&](Lowered lowered, const std::vector<double>& parameters) {
             parts.kernels.push_back(make_kernel(std::move(lowered), parameters, parts.times));
           }});
  std::shared_ptr<const Program> program = detail::make_program(std::move(parts), key_bytes);
  *times_.lock() += program->times;
  return program;
}

/// The entry of the plan cache for the graph, made by `make` if there is none.
std::shared_ptr<const Planned> EngineCore::planned(const Graph& graph,
                                                   const CompileOptions& options,
                                                   const std::function<Plan()>& make) {
  const bool baked = contains(options.specialize, Specialize::scalars);
  const std::span<const double> parameters = baked ? graph.parameters() : std::span<const double>();
  const KeyHeader header = make_header(graph, options, parameters.size());
  return plans_
      .get(make_key(header, graph, std::as_bytes(parameters)),
           [&] {
             Plan plan = make();
             Signature signature(graph, plan);
             return std::make_shared<const Planned>(graph.clone(), std::move(plan),
                                                    std::move(signature));
           })
      .value;
}

/// The kernel of these loops, with code from the code store.
Kernel EngineCore::make_kernel(Lowered lowered, std::span<const double> parameters,
                               CompileTimes& times) {
  Stopwatch watch;
  const std::vector<std::byte> bytes = key_bytes(lowered.nest);
  const KeyView key{{bytes}, hash_bytes(bytes)};
  watch.lap(times.schedule);
  Kernel kernel;
  kernel.code =
      code_.get(key, [&] { return services_->backend->compile(lowered.nest, times); }).value;
  kernel.entry = kernel.code->entry();
  kernel.space = std::move(lowered.space);
  kernel.nanoseconds = lowered.nanoseconds;
  kernel.scratch_bytes = scratch_bytes(lowered.nest);
  kernel.parameter_dtypes = std::move(lowered.nest.parameter_dtypes);
  kernel.set_parameters(parameters);
  return kernel;
}

void EngineCore::dump(const Program& program) const {
  for (Stage stage : dump_stages_) {
    log_(fmt::format("sinter: {}\n{}", to_string(stage), text_or_reason(program, stage)));
  }
}

Stats EngineCore::stats() const {
  return {kernels_.stats(), plans_.stats(), code_.stats(), *times_.lock()};
}

void EngineCore::clear_caches() {
  kernels_.clear();
  plans_.clear();
  code_.clear();
  services_->workspaces.trim();
}

}  // namespace detail

Engine::Engine() : Engine(EngineOptions{}) {}
Engine::Engine(EngineOptions options) try
    : core_(std::make_shared<detail::EngineCore>(std::move(options))) {
} catch (...) {
  detail::rethrow_as_error();
}

Executable Engine::compile(const Graph& graph, const CompileOptions& options) const try {
  return Executable(core_->compile(graph, options));
} catch (...) {
  detail::rethrow_as_error();
}

Stats Engine::stats() const { return core_->stats(); }
const Target& Engine::target() const { return core_->services().backend->target(); }
Device Engine::device() const { return core_->services().backend->device(); }
DeviceBuffer Engine::allocate(std::size_t bytes) const try {
  return DeviceBuffer(core_->services().backend->allocate_on_device(bytes));
} catch (...) {
  detail::rethrow_as_error();
}
int Engine::threads() const { return core_->services().threads; }
void Engine::clear_caches() const { core_->clear_caches(); }

}  // namespace sinter
