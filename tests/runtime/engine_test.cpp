// Engine and Executable: results, what compiles share through the caches, and lifetimes.
#include <sinter/runtime/engine.h>

#include <malloc.h>
#include <xmmintrin.h>

#include <atomic>
#include <limits>
#include <optional>
#include <thread>

#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

TEST(Engine, GivesTheBitsOfTheInterpreter) {
  const Engine engine;
  for (std::int64_t rows : {1, 2, 7, 1797}) {
    for (double slope : {0.001, 0.01, 0.1, 0.3, -0.5, 2.0}) {
      const Graph graph = make_chain(rows, 64, slope);
      expect_as_interpreted(engine.compile(graph), graph);
    }
  }
}

TEST(Engine, ServesScalarsOfRankZero) {
  const Engine engine;
  Graph graph;
  graph.output("y", graph.input("x", DType::f64, {}).leaky_relu(0.25) + 1.0);
  expect_as_interpreted(engine.compile(graph), graph);
}

TEST(Engine, ServesTensorsWithoutElements) {
  const Engine engine;
  Graph graph;
  const Value x = graph.input("x", DType::f32, {0, 4});
  graph.output("y", (x + graph.input("row", DType::f32, {4})).relu());
  const Executable program = engine.compile(graph);
  std::vector<float> row(4);
  const ConstTensorView nothing{nullptr, DType::f32, {0, 4}, {}};
  program.run({nothing, view(row, {4})}, {TensorView{nullptr, DType::f32, {0, 4}, {}}});
  program.bind({nothing, view(row, {4})}, {TensorView{nullptr, DType::f32, {0, 4}, {}}})();
}

TEST(Engine, ServesSeveralOutputsOfSeveralShapes) {
  const Engine engine;
  Graph graph;
  const Value x = graph.input("x", DType::f32, {5, 8});
  const Value row = graph.input("row", DType::f32, {8});
  const Value scaled = row * 3.0;
  graph.output("scaled", scaled);
  graph.output("sum", x + scaled);
  graph.output("positive", x.greater(row));
  graph.output("again", x + scaled);
  graph.output("copy", x);
  expect_as_interpreted(engine.compile(graph), graph);
}

TEST(Engine, ServesDeclaredStrides) {
  const Engine engine;
  Graph graph;
  const Value x = graph.input("x", DType::f32, {3, 4}, {1, 3});
  graph.output("y", x.leaky_relu());
  std::vector<float> columns(12);
  for (std::size_t i = 0; i < 12; ++i) columns[i] = static_cast<float>(i) - 6.0F;
  std::vector<float> y(12);
  engine.compile(graph).run({view(columns, {3, 4}, {1, 3})}, {view(y, {3, 4})});
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 4; ++column) {
      const float value = columns[row + 3 * column];
      EXPECT_EQ(y[row * 4 + column], value > 0 ? value : value * 0.01F);
    }
  }
}

TEST(Engine, EveryOptionGivesTheSameBits) {
  const Engine engine;
  const Graph graph = make_chain(33, 65);
  for (Fuse fuse : {Fuse::all, Fuse::none}) {
    for (Specialize specialize : {Specialize::none, Specialize::scalars, Specialize::shape,
                                  Specialize::scalars | Specialize::shape}) {
      const Executable program = engine.compile(graph, {.fuse = fuse, .specialize = specialize});
      expect_as_interpreted(program, graph);
      EXPECT_EQ(program.kernels() > 1, fuse == Fuse::none);
      EXPECT_EQ(program.workspace_bytes() > 0, fuse == Fuse::none);
    }
  }
  EXPECT_EQ(engine.stats().kernels.misses, 8);
}

TEST(Engine, AnyNumberOfThreadsGivesTheSameBits) {
  const Graph rows = make_chain(1000, 65);
  const Graph line = make_leaky(100001);
  for (int threads : {1, 2, 3, 5}) {
    const Engine engine({.threads = threads, .parallel_nanoseconds = 1});
    EXPECT_EQ(engine.threads(), threads);
    expect_as_interpreted(engine.compile(rows), rows);
    expect_as_interpreted(engine.compile(line), line);
    expect_as_interpreted(engine.compile(rows, {.fuse = Fuse::none}), rows);
  }
}

TEST(Engine, ABoundCallRunsOnWhatTheBuffersHoldThen) {
  const Engine engine;
  const Graph graph = make_leaky(3, 0.5);
  std::vector<float> x = {-2, 0, 2};
  std::vector<float> y(3);
  std::optional<Call> call = engine.compile(graph).bind({view(x, {3})}, {view(y, {3})});
  (*call)();
  EXPECT_EQ(y, (std::vector<float>{-1, 0, 2}));
  x = {4, -4, -8};
  Call moved = std::move(*call);
  moved();
  EXPECT_EQ(y, (std::vector<float>{4, -2, -4}));
}

TEST(Engine, ABoundCallOfSeveralKernelsHasItsWorkspace) {
  const Engine engine;
  const Graph graph = make_chain(9, 17);
  const std::vector<TensorData> inputs = make_inputs(graph);
  std::vector<TensorData> outputs = make_outputs(graph);
  Call call =
      engine.compile(graph, {.fuse = Fuse::none}).bind(input_views(inputs), output_views(outputs));
  call();
  expect_equal(outputs, interpret(graph, inputs));
}

// --- Caches --------------------------------------------------------------------------------------

TEST(Caches, AGraphSeenBeforeIsOneLookup) {
  const Engine engine;
  static_cast<void>(engine.compile(make_chain(8, 64)));
  const Executable again = engine.compile(make_chain(8, 64));
  const Stats stats = engine.stats();
  EXPECT_EQ(stats.kernels.misses, 1);
  EXPECT_EQ(stats.kernels.hits, 1);
  EXPECT_EQ(stats.kernels.entries, 1);
  EXPECT_EQ(stats.plans.misses + stats.plans.hits, 1);
  EXPECT_GT(again.compile_times().codegen, 0);
}

TEST(Caches, SlopesAndBatchSizesShareOneCompile) {
  const Engine engine;
  for (int slope = 1; slope <= 100; ++slope) {
    for (int batch = 1; batch <= 20; ++batch) {
      static_cast<void>(engine.compile(make_chain(batch * 37, 64, slope / 100.0)));
    }
  }
  const Stats stats = engine.stats();
  EXPECT_EQ(stats.kernels.misses, 2000);
  EXPECT_EQ(stats.plans.misses, 20);
  EXPECT_EQ(stats.code.misses, 1);
}

TEST(Caches, AnotherClassOfSlopeIsOneMoreCompile) {
  const Engine engine;
  for (double slope : {0.01, 0.2, 1.0, 2.0, -1.0, 0.0, 7.5}) {
    const Graph graph = make_leaky(100, slope);
    expect_as_interpreted(engine.compile(graph), graph);
  }
  EXPECT_EQ(engine.stats().plans.misses, 1);
  EXPECT_EQ(engine.stats().code.misses, 2);
}

TEST(Caches, SlopesAreToldApartByTheirBits) {
  const Engine engine;
  static_cast<void>(engine.compile(make_leaky(8, 0.0)));
  static_cast<void>(engine.compile(make_leaky(8, -0.0)));
  static_cast<void>(engine.compile(make_leaky(8, std::numeric_limits<double>::quiet_NaN())));
  static_cast<void>(engine.compile(make_leaky(8, std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(engine.stats().kernels.misses, 3);
  EXPECT_EQ(engine.stats().kernels.hits, 1);
}

TEST(Caches, SpecializedScalarsArePartOfThePlanAndTheCode) {
  const Engine engine;
  for (double slope : {0.1, 0.2, 0.3}) {
    const Graph graph = make_leaky(50, slope);
    const CompileOptions options{.specialize = Specialize::scalars};
    expect_as_interpreted(engine.compile(graph, options), graph);
  }
  EXPECT_EQ(engine.stats().plans.misses, 3);
  EXPECT_EQ(engine.stats().code.misses, 3);
}

TEST(Caches, SpecializedShapesArePartOfTheCode) {
  const Engine engine;
  for (std::int64_t columns : {50, 51, 52}) {
    const Graph graph = make_chain(3, columns);
    expect_as_interpreted(engine.compile(graph, {.specialize = Specialize::shape}), graph);
  }
  EXPECT_EQ(engine.stats().code.misses, 3);
}

TEST(Caches, RoundingIsPartOfTheKey) {
  Graph graph;
  const Value x = graph.input("x", DType::f16, {8});
  graph.output("y", (x * 1.001 + 0.3) * 3);
  const Engine engine;
  const Executable at_store = engine.compile(graph);
  const Executable each_op = engine.compile(graph, {.rounding = Rounding::each_op});
  EXPECT_EQ(engine.stats().kernels.misses, 2);
  EXPECT_NE(at_store.text(Stage::loops), each_op.text(Stage::loops));
}

TEST(Caches, AnEntryIsLight) {
  const Engine engine;
  EXPECT_LT(engine.compile(make_chain(1797, 64)).entry_bytes(), 4096);
  EXPECT_LT(engine.compile(make_chain(1797, 64), {.fuse = Fuse::none}).entry_bytes(), 4096);
}

TEST(Caches, SixtyFourThreadsThatCompileOneGraphMakeOneCompile) {
  const Engine engine;
  const Graph expected_of = make_chain(20, 64);
  const std::vector<TensorData> expected = interpret(expected_of, make_inputs(expected_of));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&] {
      const Graph graph = make_chain(20, 64);
      const auto got = run(engine.compile(graph), graph, make_inputs(graph));
      if (first_difference(got[0], expected[0]) != -1) ++wrong;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  const Stats stats = engine.stats();
  EXPECT_EQ(stats.kernels.misses, 1);
  EXPECT_EQ(stats.kernels.hits, 63);
  EXPECT_EQ(stats.plans.misses, 1);
  EXPECT_EQ(stats.code.misses, 1);
}

TEST(Caches, ManyThreadsOverManyGraphsGetTheRightPrograms) {
  const Engine engine(
      {.threads = 2, .parallel_nanoseconds = 1, .kernels = {4}, .plans = {2}, .code = {1}});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 12; ++i) {
        const Graph graph = make_chain(3 + (t + i) % 3, 70, i % 2 == 0 ? 0.1 : 3.0);
        const auto inputs = make_inputs(graph);
        const auto got = run(engine.compile(graph), graph, inputs);
        if (first_difference(got[0], interpret(graph, inputs)[0]) != -1) ++wrong;
        if (i == 6) engine.clear_caches();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(engine.stats().kernels.entries, 4);
}

TEST(Caches, ABadGraphLeavesNoEntry) {
  const Engine engine;
  Graph graph;
  static_cast<void>(graph.input("x", DType::f32, {4}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(error_of([&] { static_cast<void>(engine.compile(graph)); }), "no error");
  }
  EXPECT_EQ(engine.stats().kernels.entries, 0);
  EXPECT_EQ(engine.stats().kernels.misses, 0);
  EXPECT_EQ(engine.stats().plans.entries, 0);
}

// --- Lifetimes -----------------------------------------------------------------------------------

TEST(Lifetime, EvictedProgramsKeepRunning) {
  const Engine engine({.kernels = {1}, .plans = {1}, .code = {1}});
  std::vector<Graph> graphs;
  std::vector<Executable> programs;
  for (int ops = 1; ops <= 5; ++ops) {
    Graph graph;
    Value y = graph.input("x", DType::f32, {100});
    for (int i = 0; i < ops; ++i) y = (y * 1.5 + 0.25).leaky_relu(0.2);
    graph.output("y", y);
    programs.push_back(engine.compile(graph));
    graphs.push_back(std::move(graph));
  }
  EXPECT_EQ(engine.stats().code.entries, 1);
  EXPECT_EQ(engine.stats().code.evictions, 4);
  for (std::size_t i = 0; i < graphs.size(); ++i) expect_as_interpreted(programs[i], graphs[i]);
}

TEST(Lifetime, ClearingCachesLeavesProgramsInUseAlone) {
  const Engine engine;
  const Graph graph = make_chain(8, 64);
  const Executable program = engine.compile(graph);
  engine.clear_caches();
  EXPECT_EQ(engine.stats().kernels.entries, 0);
  EXPECT_EQ(engine.stats().code.entries, 0);
  expect_as_interpreted(program, graph);
}

TEST(Lifetime, AnExecutableOutlivesItsEngine) {
  const Graph graph = make_chain(100, 64);
  std::optional<Engine> engine(std::in_place,
                               EngineOptions{.threads = 2, .parallel_nanoseconds = 1});
  const Executable program = engine->compile(graph, {.fuse = Fuse::none});
  const std::vector<TensorData> inputs = make_inputs(graph);
  std::vector<TensorData> outputs = make_outputs(graph);
  std::optional<Executable> other(program);
  Call call = other->bind(input_views(inputs), output_views(outputs));
  engine.reset();
  expect_as_interpreted(program, graph);
  EXPECT_NE(program.text(Stage::llvm), "");
  other.reset();
  call();
  expect_equal(outputs, interpret(graph, inputs));
}

TEST(Lifetime, CopiesOfAnEngineShareItsCaches) {
  const Engine engine;
  const Engine copy = engine;
  static_cast<void>(engine.compile(make_leaky(10)));
  static_cast<void>(copy.compile(make_leaky(10)));
  EXPECT_EQ(engine.stats().kernels.hits, 1);
}

/// An engine that is destroyed after every static object whose construction called this function.
Engine& static_engine() {
  static Engine engine({.threads = 2, .parallel_nanoseconds = 1});
  return engine;
}

TEST(Lifetime, AStaticEngineIsSafeAtExit) {
  static const Executable program = static_engine().compile(make_leaky(10000));
  expect_as_interpreted(program, make_leaky(10000));
}

std::size_t heap_in_use() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

TEST(Lifetime, CompilingAndDroppingKeepsMemoryFlat) {
  const Engine engine({.kernels = {2}, .plans = {2}, .code = {2}});
  const auto compile_some = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      // The ops encode i in binary, so that every graph misses in all three caches.
      Graph graph;
      Value y = graph.input("x", DType::f32, {64});
      for (int bit = 0; bit < 8; ++bit) y = (i >> bit & 1) != 0 ? y.abs() + 1.0 : y.sqrt() * 2.0;
      graph.output("y", y);
      static_cast<void>(engine.compile(graph));
    }
  };
  compile_some(0, 40);
  const std::size_t before = heap_in_use();
  compile_some(40, 140);
  const std::size_t after = heap_in_use();
  EXPECT_EQ(engine.stats().code.misses, 140);
  EXPECT_LT(after, before + (std::size_t{100} << 10)) << "each kernel leaks 1 KiB or more";
}

// --- The floating-point environment of the host --------------------------------------------------

TEST(HostFloatEnvironment, DoesNotChangeResultsAndIsRestored) {
  constexpr unsigned kFlushAll = 0x8040;
  constexpr unsigned kStickyFlags = 0x3f;
  const Engine engine({.threads = 2, .parallel_nanoseconds = 1});
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1000});
  // The constant part is folded at compile time. Its subnormal result must not be flushed either.
  const Value tiny = graph.constant(1e-38, DType::f32) * graph.constant(0.25, DType::f32);
  graph.output("y", x.leaky_relu(0.125) + tiny);
  std::vector<TensorData> inputs = make_inputs(graph);
  for (float& value : inputs[0].as<float>()) value *= 1e-38F;
  const std::vector<TensorData> expected = interpret(graph, inputs);
  std::vector<TensorData> outputs = make_outputs(graph);
  std::vector<TensorData> bound_outputs = make_outputs(graph);

  const unsigned host = _mm_getcsr() | kFlushAll;
  _mm_setcsr(host);
  const Executable program = engine.compile(graph);
  program.run(input_views(inputs), output_views(outputs));
  Call call = program.bind(input_views(inputs), output_views(bound_outputs));
  call();
  const unsigned after = _mm_getcsr();
  _mm_setcsr(host & ~kFlushAll);

  EXPECT_EQ(after & ~kStickyFlags, host & ~kStickyFlags);
  expect_equal(outputs, expected);
  expect_equal(bound_outputs, expected);
}

}  // namespace
}  // namespace sinter::test
