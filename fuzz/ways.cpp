// The ways of computing a case, and the comparison with the interpreter.
#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>

#include <interpreter/engine.h>

#include <sinter/fuzz/arbitrary_graph.h>
#include <sinter/fuzz/case.h>
#include <sinter/fuzz/portable_target.h>
#include <sinter/fuzz/random.h>
#include <sinter/fuzz/random_graph.h>
#include <sinter/fuzz/run.h>
#include <sinter/fuzz/small_stack_executor.h>
#include <sinter/fuzz/strided.h>
#include <sinter/fuzz/tensors.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/text.h>

namespace sinter::fuzz {
namespace {

void add_loops(std::vector<Way>& ways, const std::string& name, const Scheduler& scheduler) {
  ways.push_back({"loop interpreter, " + name, [=](const Case& given) {
                    return run_nests(widen(given.graph, given.rounding), given.inputs, scheduler);
                  }});
}

/// A way that plans the graph under several limits and compiles nothing: the fastest way to check
/// many graphs. `plan_graph` verifies its plans. The results are those of the interpreter.
Way planner() {
  return {"planner", [](const Case& given) {
            const Graph wide = widen(given.graph, given.rounding);
            Graph donated = wide.clone();
            for (const GraphInput& input : wide.inputs()) donated.donate(donated.value(input.node));
            for (const PlanLimits& limits :
                 {PlanLimits(), PlanLimits{.product_rows = 168, .product_row_bytes = 1024},
                  PlanLimits{.arguments = 6, .operations = 7},
                  PlanLimits{.row_bytes = 0, .units = 4, .chunked_bytes = 64}}) {
              static_cast<void>(plan_graph(wide, limits, Fuse::all));
              static_cast<void>(plan_graph(donated, limits, Fuse::all));
            }
            static_cast<void>(plan_graph(donated, {}, Fuse::none));
            return interpret(given.graph, given.inputs, given.rounding);
          }};
}

/// The placement of buffers is derived from the case, so that a difference is reproducible.
Placement placement_of(const Case& given) {
  const std::uint64_t hash = given.graph.key().hash;
  Placement placement{hash % 2 == 0 ? Guard::before : Guard::after, hash / 2 % 7};
  placement.bound = hash / 14 % 2 == 0;
  return placement;
}

void add_code(std::vector<Way>& ways, std::string name, const Engine& engine, Fuse fuse,
              Specialize specialize) {
  ways.push_back({std::move(name), [=](const Case& given) {
                    const CompileOptions options{
                        .fuse = fuse, .specialize = specialize, .rounding = given.rounding};
                    return run_guarded(engine.compile(given.graph, options), given.graph,
                                       given.inputs, placement_of(given));
                  }});
}

void add_interleaved(std::vector<Way>& ways, const std::string& name, const Engine& engine) {
  ways.push_back({name + ", outputs interleaved", [=](const Case& given) {
                    const Graph graph = interleave_outputs(given.graph);
                    Placement placement = placement_of(given);
                    placement.interleaved = true;
                    return run_guarded(engine.compile(graph, {.rounding = given.rounding}), graph,
                                       given.inputs, placement);
                  }});
}

/// A way that returns the interpreter's results, but fails if code is too large.
void add_code_size(std::vector<Way>& ways, const Target& target) {
  ways.push_back({"size of code, " + target.name, [=](const Case& given) {
                    check_code_size(widen(given.graph, given.rounding), target);
                    return interpret(given.graph, given.inputs, given.rounding);
                  }});
}

void add_tensors(std::vector<Way>& ways, std::string name, const TraceLimits& limits,
                 std::size_t one_in) {
  const Engine engine(EngineOptions{.threads = 1, .trace = limits});
  ways.push_back({std::move(name),
                  [=](const Case& given) {
                    const Cuts cuts{one_in, given.graph.key().hash};
                    return run_tensors(engine, given.graph, given.inputs, cuts);
                  },
                  Rounding::each_op});
}

/// Checks that the text of Stage::graph reads back to the same graph, strides and donations
/// included.
void add_text(std::vector<Way>& ways, const Engine& engine) {
  ways.push_back(
      {"text of the graph", [=](const Case& given) {
         const std::string text =
             engine.compile(given.graph, {.rounding = given.rounding}).text(Stage::graph);
         const Graph read = parse(text);
         const bool same_strides = std::ranges::equal(read.outputs(), given.graph.outputs(), {},
                                                      &GraphOutput::strides, &GraphOutput::strides);
         if (!same_strides || print(read) != print(given.graph)) {
           throw std::runtime_error("the text reads back to another graph:\n" + text);
         }
         return interpret(read, given.inputs, given.rounding);
       }});
}

/// A model with caches of so few bytes that small graphs reach every decision on sizes.
CpuModel small_caches() {
  constexpr std::int64_t kKiB = 1024;
  CpuModel model = CpuModel::of("small caches", {kKiB, 4 * kKiB, 16 * kKiB});
  model.long_row_bytes = 64;
  model.large_plane = 1024;
  model.chunked_bytes = kKiB;
  return model;
}

}  // namespace

std::vector<Way> all_ways() {
  std::vector<Way> ways;
  add_text(ways, Engine(EngineOptions{.threads = 1}));
  ways.push_back(planner());
  for (const char* name : {"x86-64-v3", "x86-64-v4"}) {
    const Target target = Target::parse(name);
    add_loops(ways, name, scheduler_for(target, false));
    add_loops(ways, std::string(name) + ", streaming", scheduler_for(target, true));
  }
  // Caches so small that a few hundred elements exceed them.
  Target small = Target::parse("x86-64-v3");
  small.model = small_caches();
  add_loops(ways, "small caches", scheduler_for(small, true));
  // A device so small that a few hundred elements give several vectors per thread.
  add_loops(ways, "cuda",
            scheduler_for(
                GpuTarget{.model = {.multiprocessors = 1, .threads = 16, .cache_bytes = 1 << 10}}));
  for (const char* name : {"x86-64-v3", "x86-64-v4", "aarch64"}) {
    add_code_size(ways, Target::parse(name));
  }
  small = host_target();
  small.model = small_caches();
  add_code(ways, "host, small caches", Engine(EngineOptions{.target = small, .threads = 1}),
           Fuse::all, Specialize::none);
  for (const Target& target : targets_here()) {
    const Engine serial(EngineOptions{.target = target, .threads = 1});
    const Engine threaded(EngineOptions{.target = target, .threads = 3, .parallel_nanoseconds = 1});
    const Engine small_stacks(EngineOptions{.target = target,
                                            .executor = std::make_shared<SmallStackExecutor>(3),
                                            .parallel_nanoseconds = 1});
    add_code(ways, target.name, serial, Fuse::all, Specialize::none);
    add_code(ways, target.name + ", op by op", serial, Fuse::none, Specialize::none);
    add_code(ways, target.name + ", three threads", threaded, Fuse::all, Specialize::none);
    add_interleaved(ways, target.name + ", three threads", threaded);
    add_code(ways, target.name + ", small stacks", small_stacks, Fuse::all, Specialize::none);
    add_code(ways, target.name + ", specialized", serial, Fuse::all,
             Specialize::shape | Specialize::scalars);
  }
  const Target plain = portable(Target::parse("x86-64-v3"));
  add_code(ways, plain.name, Engine(EngineOptions{.target = plain, .threads = 1}), Fuse::all,
           Specialize::none);
  add_code(ways, "interpreted program", interpreting_engine({.threads = 1}), Fuse::all,
           Specialize::none);
  add_tensors(ways, "tensors", {}, 0);
  add_tensors(ways, "tensors, cut at random", {}, 4);
  add_tensors(ways, "tensors, full traces", {.nodes = 6}, 0);
  return ways;
}

Case random_case(std::uint64_t seed) {
  // Mostly small graphs: they are cheap, and most bugs need no more.
  Random random(seed * 0x9e3779b97f4a7c15);
  RandomGraphOptions options;
  options.max_ops = random.one_in(8) ? 40 : 10;
  options.max_elements = random.one_in(4) ? 2048 : 300;
  options.random_strides = random.one_in(3);
  options.products = seed % 4 == 0;
  options.repeats = true;
  // One graph in eight comes from arbitrary API calls: a graph that the argument checks accept must
  // compute correctly, too.
  const bool arbitrary = random.one_in(8);
  Case made{
      arbitrary ? arbitrary_graph(seed) : random_graph(seed, options), {}, Rounding::at_store};
  if (random.one_in(5)) made.rounding = Rounding::each_op;
  for (const GraphInput& input : made.graph.inputs()) {
    if (random.one_in(4)) made.graph.donate(made.graph.value(input.node));
  }
  made.inputs = random_inputs(made.graph, seed);
  settle_on_strides(made.graph, made.inputs);
  return made;
}

std::string difference(const Case& given, const Way& way) {
  const std::vector<TensorData> expected =
      interpret(given.graph, given.inputs, way.rounding.value_or(given.rounding));
  try {
    return difference(expected, way.compute(given));
  } catch (const std::exception& error) {
    return std::string("it threw: ") + error.what();
  }
}

}  // namespace sinter::fuzz
