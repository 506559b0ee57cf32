// Each allocation of a scenario fails once. The scenario may throw only Error(limit_exceeded), the
// next run must give the usual result, and no memory may leak.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <typeinfo>
#include <vector>

#include <sinter/codegen/cuda.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/gradients.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>
#include <sinter/ir/verify.h>

#include "allocation/countdown.h"
#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

/// Work during which allocations fail. No allocation fails in `result` and `before`.
struct Scenario {
  std::function<void()> run;
  std::function<std::string()> result;   ///< returns the result of the last run, as text
  std::function<void()> before = [] {};  ///< prepares each run
};

struct Outcome {
  bool reached = false;  ///< true if the run made n allocations, so that the n-th failed
  bool refused = false;  ///< true if the run threw an Error
};

Outcome run_with_failure(const Scenario& scenario, std::int64_t n, Failing failing) {
  scenario.before();
  Outcome outcome;
  std::optional<ErrorCode> code;
  std::string other;
  {
    FailingAllocations allocations(n, failing);
    try {
      scenario.run();
      outcome.reached = allocations.stop();
    } catch (const Error& error) {
      outcome.reached = allocations.stop();
      code = error.code();
    } catch (const std::exception& error) {
      outcome.reached = allocations.stop();
      other = typeid(error).name();
    }
  }
  outcome.refused = code.has_value();
  EXPECT_EQ(other, "") << "thrown instead of an Error at allocation " << n;
  if (code.has_value()) {
    EXPECT_EQ(*code, ErrorCode::limit_exceeded) << "at allocation " << n;
  }
  return outcome;
}

/// Runs the scenario without failures and returns its result.
std::string plain_result(const Scenario& scenario) {
  scenario.before();
  scenario.run();
  return scenario.result();
}

/// Checks that only Errors are thrown and that results stay right. Fails every `stride`-th
/// allocation, each in a run of its own.
void expect_only_errors(const Scenario& scenario, std::int64_t stride = 1) {
  const std::string expected = plain_result(scenario);
  for (Failing failing : {Failing::one, Failing::all_after}) {
    int refused = 0;
    for (std::int64_t n = 1;; n += stride) {
      const Outcome outcome = run_with_failure(scenario, n, failing);
      if (!outcome.refused) {
        ASSERT_EQ(scenario.result(), expected) << "with allocation " << n << " failing";
      }
      ASSERT_EQ(plain_result(scenario), expected) << "after allocation " << n << " has failed";
      if (testing::Test::HasFailure() || !outcome.reached) break;
      ++refused;
    }
    EXPECT_GT(refused, 0);
  }
}

/// Returns the smallest number of live allocations after `runs` runs, each followed by `forget`.
/// A single run is not enough: tensors sweep the records of their consumers only now and then.
std::int64_t fewest_live(const Scenario& scenario, const std::function<void()>& forget, int runs) {
  std::int64_t fewest = INT64_MAX;
  for (int i = 0; i < runs; ++i) {
    static_cast<void>(plain_result(scenario));
    forget();
    fewest = std::min(fewest, live_allocations());
  }
  return fewest;
}

/// Checks the same as expect_only_errors, and that no memory leaks. `forget` frees memory that the
/// scenario may keep.
void expect_only_errors_and_no_leak(const Scenario& scenario, const std::function<void()>& forget,
                                    int runs = 1) {
  static_cast<void>(plain_result(scenario));
  static_cast<void>(run_with_failure(scenario, 1, Failing::one));
  const std::int64_t before = fewest_live(scenario, forget, runs);
  expect_only_errors(scenario);
  EXPECT_EQ(fewest_live(scenario, forget, runs), before);
}

/// Records composites, structural ops, reductions, a product and scalars in one graph.
void build(Graph& graph) {
  const Value x = graph.input("x", DType::f32, {4, 6});
  const Value w = graph.input("a name that no small string holds in place", DType::f32, {6, 3});
  const Value h = (x.mm(w) * 0.5 + 1.0).leaky_relu(0.1).softmax(-1);
  graph.output("y", h);
  graph.output("z", Value::concat({h.transpose(), h.transpose().tanh()}, 0), {4, 1});
  graph.output("loss of the second kind", x.sum({0, 1}) + h.mean(-1).sum());
  graph.donate(x);
}

// --- Graphs --------------------------------------------------------------------------------------

TEST(FailingMemory, BuildingAGraph) {
  std::optional<Graph> graph;
  expect_only_errors_and_no_leak({.run =
                                      [&] {
                                        graph.reset();
                                        build(graph.emplace());
                                      },
                                  .result = [&] { return print(*graph); }},
                                 [&] { graph.reset(); });
}

/// Repeats a step until it throws no limit_exceeded.
void insist(const std::function<void()>& step) {
  while (true) {
    try {
      return step();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::limit_exceeded) throw;
    }
  }
}

/// Records the same nodes in the same order in a new graph, without failures.
Graph rebuilt(const Graph& graph) {
  Graph other;
  std::vector<NodeId> copies;
  for (std::uint32_t i = 0; i < graph.nodes().size(); ++i) {
    std::vector<NodeId> operands;
    for (NodeId operand : graph.nodes()[i].inputs()) operands.push_back(copies[operand.index]);
    copies.push_back(other.copy_node(graph, {i}, operands));
  }
  for (const GraphOutput& output : graph.outputs()) {
    other.output(output.name, other.value(copies[output.node.index]), output.strides);
  }
  return other;
}

TEST(FailingMemory, AGraphIsWholeAfterEveryFailure) {
  // The n-th allocation of a step fails, and the step is repeated on the same graph.
  for (std::int64_t n = 1; n < 40; ++n) {
    Graph graph;
    std::optional<Value> x, w, h;
    const auto step = [&](const auto& work) {
      FailingAllocations allocations(n, Failing::one);
      insist([&] { work(); });
    };
    step([&] { x = graph.input("x", DType::f32, {4, 6}); });
    step(
        [&] { w = graph.input("a name that no small string holds in place", DType::f32, {6, 3}); });
    step([&] { graph.donate(*w); });
    step([&] { h = x->mm(*w) * 0.5; });
    for (int i = 0; i < 40; ++i) {
      step([&] { h = (*h + i).leaky_relu(0.1 * i + 0.05); });
      step([&] { h = h->softmax(-1); });
      step([&] { h = h->reshape({1, 4, 3}).transpose({1, 2, 0}).reshape({4, 3}); });
    }
    std::optional<Value> sum;
    step([&] { sum = h->sum(); });
    step([&] { graph.output("a name that no small string holds either", *h); });
    step([&] { graph.output("loss", *sum); });
    verify(graph);
    ASSERT_EQ(graph.inputs().size(), 2U);
    ASSERT_EQ(graph.outputs().size(), 2U);
    // The key is built incrementally. It must equal the key of a graph recorded without failures.
    const Graph other = rebuilt(graph);
    ASSERT_EQ(print(other), print(graph)) << n;
    ASSERT_TRUE(std::ranges::equal(other.key().bytes, graph.key().bytes)) << n;
    ASSERT_EQ(other.key().hash, graph.key().hash) << n;
  }
}

TEST(FailingMemory, Gradients) {
  std::optional<Graph> graph;
  expect_only_errors_and_no_leak({.run =
                                      [&] {
                                        graph.reset();
                                        graph.emplace();
                                        const Value x = graph->input("x", DType::f32, {4, 6});
                                        const Value w = graph->input("w", DType::f32, {6, 3});
                                        const Value loss =
                                            x.mm(w).leaky_relu(0.1).log_softmax(-1).mean();
                                        const std::vector<Value> d = gradients(loss, {x, w});
                                        graph->output("dx", d[0]);
                                        graph->output("dw", d[1]);
                                      },
                                  .result = [&] { return print(*graph); }},
                                 [&] { graph.reset(); });
}

TEST(FailingMemory, PlanAndInterpret) {
  Graph graph;
  build(graph);
  const std::vector<TensorData> inputs = make_inputs(graph);
  const PlanLimits limits = host_target().plan_limits();
  std::optional<Plan> plan;
  std::vector<TensorData> results;
  std::string text;
  expect_only_errors_and_no_leak({.run =
                                      [&] {
                                        plan.reset();
                                        plan.emplace(plan_graph(graph, limits, Fuse::all));
                                        text = print(*plan);
                                        results = interpret(graph, inputs);
                                      },
                                  .result =
                                      [&] {
                                        std::string all = text;
                                        for (const TensorData& one : results) {
                                          for (std::byte byte : one.bytes) {
                                            all += static_cast<char>(byte);
                                          }
                                        }
                                        return all;
                                      }},
                                 [&] {
                                   plan.reset();
                                   text = std::string();
                                   results = {};
                                 });
}

TEST(FailingMemory, ReadingAGraphFromText) {
  Graph graph;
  build(graph);
  const std::string text = print(graph);
  std::optional<Graph> read;
  expect_only_errors_and_no_leak({.run =
                                      [&] {
                                        read.reset();
                                        read.emplace(parse(text));
                                      },
                                  .result = [&] { return print(*read); }},
                                 [&] { read.reset(); });
}

TEST(FailingMemory, SchedulingAndShowingLoops) {
  Graph rows;
  const Value x = rows.input("x", DType::f32, {4, 6});
  rows.output("y", (x - x.mean(-1, true)).softmax());
  Graph product;
  const Value a = product.input("a", DType::f32, {40, 9});
  product.output("y", a.mm(product.input("b", DType::f32, {9, 30})).leaky_relu(0.1));
  struct Made {
    std::string loops, cuda;
    std::vector<std::byte> key;
    std::int64_t scratch = 0;
    bool streams = false;
  };
  for (const Graph* graph : {&rows, &product}) {
    const Target target = Target::parse("x86-64-v3");
    const GpuTarget gpu;
    const Plan cpu_plan = plan_graph(*graph, target.plan_limits(), Fuse::all);
    const Plan gpu_plan = plan_graph(*graph, gpu.plan_limits(), Fuse::all);
    const auto expanded = [](const Graph& body) {
      return simplify(expand(body, body.parameters()));
    };
    const Graph cpu_body = expanded(cpu_plan.kernels[0].body);
    const Graph gpu_body = expanded(gpu_plan.kernels[0].body);
    std::optional<Made> made;
    const auto run = [&] {
      made.emplace();
      const LoopSpace space = collapse(cpu_body);
      const LoopNest nest = specialize_shape(schedule_cpu(cpu_body, space, target), space);
      verify(nest);
      made->loops = print(nest);
      made->key = key_bytes(nest);
      made->scratch = scratch_bytes(nest);
      made->streams = should_stream(cpu_body, target);
      made->cuda = emit_cuda(schedule_cuda(gpu_body, collapse(gpu_body), gpu)).source;
    };
    const auto result = [&] {
      return made->loops + made->cuda + std::to_string(made->key.size()) +
             std::to_string(made->scratch) + std::to_string(made->streams);
    };
    expect_only_errors_and_no_leak({.run = run, .result = result}, [&] { made.reset(); });
  }
}

// --- Programs ------------------------------------------------------------------------------------

std::string outputs_of(const std::optional<Executable>& program, const Graph& graph) {
  std::string text;
  for (const TensorData& output : run(*program, graph, make_inputs(graph))) {
    for (std::byte byte : output.bytes) text += static_cast<char>(byte);
  }
  return text;
}

TEST(FailingMemory, CompilingWithTheCodeAtHand) {
  // Another name gives another plan with the same loops: all but LLVM's compilation runs again.
  const Engine engine({.threads = 1});
  std::optional<Graph> graph;
  std::optional<Executable> program;
  int number = 0;
  expect_only_errors({.run = [&] { program = engine.compile(*graph); },
                      .result = [&] { return outputs_of(program, *graph); },
                      .before =
                          [&] {
                            program.reset();
                            graph.emplace();
                            const Value x =
                                graph->input("x" + std::to_string(number++), DType::f32, {8, 16});
                            graph->output("y", (x - x.mean(-1, true)).leaky_relu(0.1));
                            graph->output("z", x.sum(0).exp());
                          }});
  EXPECT_EQ(engine.stats().code.misses, engine.stats().code.entries)
      << "each kernel is compiled once";
}

TEST(FailingMemory, CompilingAnew) {
  const Engine engine({.threads = 1});
  const Graph graph = make_leaky(100);
  std::optional<Executable> program;
  expect_only_errors({.run = [&] { program = engine.compile(graph); },
                      .result = [&] { return outputs_of(program, graph); },
                      .before =
                          [&] {
                            program.reset();
                            engine.clear_caches();
                          }},
                     7);
}

TEST(FailingMemory, RunningAndBinding) {
  constexpr std::int64_t kLength = 50;
  constexpr int kBuffers = 80;  // too many to be kept on the stack or compared pairwise
  const Engine engine({.threads = 1});
  Graph graph;
  for (int i = 0; i < kBuffers; ++i) {
    const Value x = graph.input("x" + std::to_string(i), DType::f32, {kLength});
    graph.output("y" + std::to_string(i), (x * 2.0).square());
  }
  const Executable program = engine.compile(graph, {.fuse = Fuse::none});
  ASSERT_GT(program.kernels(), 1);
  std::vector<TensorData> inputs = make_inputs(graph);
  std::vector<TensorData> outputs = make_outputs(graph);
  const std::vector<ConstTensorView> in = input_views(inputs);
  const std::vector<TensorView> out = output_views(outputs);
  const auto text = [&] {
    std::string all;
    for (const TensorData& one : outputs) {
      for (std::byte byte : one.bytes) all += static_cast<char>(byte);
    }
    return all;
  };
  expect_only_errors_and_no_leak({.run = [&] { program.run(in, out); }, .result = text},
                                 [&] { engine.clear_caches(); });
  expect_only_errors_and_no_leak({.run = [&] { program.bind(in, out)(); }, .result = text},
                                 [&] { engine.clear_caches(); });
  std::string shown;
  for (Stage stage : {Stage::graph, Stage::plan}) {
    expect_only_errors_and_no_leak(
        {.run = [&] { shown = program.text(stage); }, .result = [&] { return shown; }},
        [&] { shown = std::string(); });
  }
}

TEST(FailingMemory, LoopsAsText) {
  const Executable program = Engine().compile(make_chain(4, 8));
  std::string shown;
  for (Stage stage : {Stage::loops, Stage::cuda, Stage::llvm}) {
    expect_only_errors_and_no_leak(
        {.run = [&] { shown = program.text(stage); }, .result = [&] { return shown; }},
        [&] { shown = std::string(); });
  }
}

/// Destructors of an engine and its objects allocate nothing: they could not report an error.
TEST(FailingMemory, EnginesGoWithoutMemory) {
  std::optional<Engine> engine;
  std::optional<Executable> program;
  std::optional<Tensor> tensor;
  const Scenario scenario{.run =
                              [&] {
                                program.reset();
                                tensor.reset();
                                engine.reset();
                              },
                          .result = [] { return std::string(); },
                          .before =
                              [&] {
                                engine.emplace(EngineOptions{.threads = 1});
                                program = engine->compile(make_leaky(100));
                                tensor = engine->full({4}, 1) + 1;
                              }};
  EXPECT_FALSE(run_with_failure(scenario, 1, Failing::all_after).reached);
}

TEST(FailingMemory, StartingThreads) {
  std::optional<Engine> engine;
  const Graph graph = make_leaky(10'000);
  const Target target = host_target();
  std::optional<Executable> program;
  std::vector<TensorData> inputs = make_inputs(graph);
  std::vector<TensorData> outputs = make_outputs(graph);
  const std::vector<ConstTensorView> in = input_views(inputs);
  const std::vector<TensorView> out = output_views(outputs);
  expect_only_errors({.run = [&] { program->run(in, out); },
                      .result =
                          [&] {
                            std::string all;
                            for (std::byte byte : outputs[0].bytes) all += static_cast<char>(byte);
                            return all;
                          },
                      .before =
                          [&] {
                            program.reset();
                            engine.emplace(EngineOptions{
                                .target = target, .threads = 3, .parallel_nanoseconds = 1});
                            program = engine->compile(graph);
                          }});
}

TEST(FailingMemory, TracingAFunction) {
  const Engine engine({.threads = 1});
  const auto f = engine.function([](Value x, Value b) { return (x + b).leaky_relu(0.2) * 0.5; });
  std::vector<float> x(24, 3);
  std::vector<float> b(6, 1);
  std::vector<float> y(24);
  expect_only_errors({.run = [&] { f({view(x, {4, 6}), view(b, {6})}, {view(y, {4, 6})}); },
                      .result = [&] { return std::to_string(y[23]); }});
}

// --- Tensors -------------------------------------------------------------------------------------

TEST(FailingMemory, Tensors) {
  const Engine engine({.threads = 1});
  const Tensor w = engine.tensor({{1, 2}, {3, 4}});
  std::string shown;
  float number = 0;
  std::vector<float> elements;
  expect_only_errors_and_no_leak(
      {.run =
           [&] {
             const Tensor x = engine.full({2, 2}, 0.5) + 1;
             const Tensor loss = (x * w).leaky_relu(0.1).square().mean();
             const Tensor step = w - gradients(loss, {w})[0] * 0.25;
             engine.evaluate({loss, step});
             number = loss.item<float>();
             elements = (step * 2).to_vector<float>();
             shown = to_string(step - engine.tensor({1, 1}));
           },
       .result = [&] { return shown + std::to_string(number) + std::to_string(elements[3]); }},
      [&] {
        shown = std::string();
        elements = {};
        engine.clear_caches();
      },
      32);
}

TEST(FailingMemory, WhatIsPendingStaysSo) {
  const Engine engine({.threads = 1});
  for (Failing failing : {Failing::one, Failing::all_after}) {
    for (std::int64_t n = 1, refused = 1; refused > 0; ++n) {
      Tensor x = engine.full({100}, 1);
      const Tensor kept = engine.tensor({5});
      for (int i = 0; i < 3; ++i) x = x * 2 + kept;  // each may be written in place
      const Tensor other = x.sum();
      refused = 0;
      try {
        FailingAllocations allocations(n, failing);
        x = x + 1;
        engine.evaluate({x});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::limit_exceeded);
        ++refused;
      }
      ASSERT_EQ(other.item<float>(), 4300) << n;
    }
  }
}

TEST(HugeTensors, AreRefusedByName) {
  const Engine engine({.threads = 1});
  const std::string refusal =
      "limit_exceeded: no memory for a tensor f32[1099511627776] of 4398046511104 bytes: the "
      "allocator returned null";
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.zeros({1LL << 40})); }), refusal);
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.full({1LL << 40}, 2.5)); }), refusal);
  EXPECT_EQ(error_of([&] { static_cast<void>(engine.ones({1LL << 40})); }), refusal);
  {
    const Tensor huge = engine.tensor({1}).broadcast_to({1LL << 40});
    for (const auto& read : std::vector<std::function<void()>>{
             [&] { static_cast<void>(huge.to_vector<float>()); },
             [&] { static_cast<void>(to_string(huge)); },
         }) {
      const std::string message = error_of(read);
      EXPECT_NE(
          message.find(": a tensor f32[1099511627776] has 4398046511104 bytes, and the machine "
                       "has "),
          std::string::npos)
          << message;
      EXPECT_TRUE(message.starts_with("limit_exceeded: ")) << message;
    }
  }
  EXPECT_EQ(to_string(engine.tensor({1, 2}) + 1), "[2, 3]");
}

}  // namespace
}  // namespace sinter::test
