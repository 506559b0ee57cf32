// The hooks of the host (executor, allocator and log), and the stages as text.
#include <atomic>
#include <cstdlib>
#include <mutex>

#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

/// Runs tasks on the calling thread, from last to first, and counts calls and tasks.
class Backwards final : public Executor {
 public:
  [[nodiscard]] int concurrency() const override { return 4; }
  void parallel_for(std::int64_t count, void (*task)(void*, std::int64_t), void* context,
                    double estimate) override {
    ++calls;
    nanoseconds = estimate;
    for (std::int64_t i = count - 1; i >= 0; --i) task(context, i);
    tasks += count;
  }
  double nanoseconds = 0;  // of the last call
  std::int64_t calls = 0;
  std::int64_t tasks = 0;
};

TEST(Host, AnExecutorIsGivenTheChunks) {
  const auto executor = std::make_shared<Backwards>();
  const Engine engine({.executor = executor, .parallel_nanoseconds = 1});
  EXPECT_EQ(engine.threads(), 4);
  const Graph graph = make_leaky(1000);
  expect_as_interpreted(engine.compile(graph), graph);
  EXPECT_EQ(executor->calls, 1);
  EXPECT_EQ(executor->tasks, 4);
}

TEST(Host, AnExecutorIsLeftAloneBelowTheThreshold) {
  const auto executor = std::make_shared<Backwards>();
  const Graph graph = make_leaky(1000);
  const Engine any({.executor = executor, .parallel_nanoseconds = 1});
  expect_as_interpreted(any.compile(graph), graph);
  const auto estimate = static_cast<std::int64_t>(executor->nanoseconds);
  EXPECT_GT(estimate, 1);
  *executor = {};
  const Engine below({.executor = executor, .parallel_nanoseconds = estimate + 1});
  expect_as_interpreted(below.compile(graph), graph);
  EXPECT_EQ(executor->calls, 0);
  const Engine at({.executor = executor, .parallel_nanoseconds = estimate});
  expect_as_interpreted(at.compile(graph), graph);
  EXPECT_EQ(executor->calls, 1);
  EXPECT_EQ(executor->tasks, 2);
}

TEST(Host, AThreadGetsSeveralChunksOnlyIfAllThreadsAreUsed) {
  const auto executor = std::make_shared<Backwards>();
  const Graph graph = make_leaky(1 << 20);
  const auto tasks_of = [&](std::int64_t parallel_nanoseconds) {
    *executor = {};
    const Engine engine({.executor = executor, .parallel_nanoseconds = parallel_nanoseconds});
    expect_as_interpreted(engine.compile(graph), graph);
    return executor->tasks;
  };
  EXPECT_EQ(tasks_of(1), 16);
  const auto estimate = static_cast<std::int64_t>(executor->nanoseconds);
  EXPECT_GT(estimate, 200'000);
  EXPECT_EQ(tasks_of(estimate), 2);
  EXPECT_EQ(tasks_of(estimate / 3 * 2), 3);
}

TEST(Host, AnExecutorIsAskedForWhatTakesTimeNotForBytes) {
  const auto tasks_of = [](std::int64_t n, auto method) {
    const auto executor = std::make_shared<Backwards>();
    Graph graph;
    graph.output("y", method(graph.input("x", DType::f32, {n})));
    const Executable program = Engine({.executor = executor}).compile(graph);
    static_cast<void>(run(program, graph, make_inputs(graph)));
    return executor->tasks;
  };
  const auto leaky = [](const Value& x) { return x.leaky_relu(0.1); };
  const auto gelu = [](const Value& x) { return x.gelu(); };
  EXPECT_EQ(tasks_of(4096, leaky), 0);
  EXPECT_EQ(tasks_of(16384, leaky), 0);
  EXPECT_GE(tasks_of(1 << 20, leaky), 4);
  EXPECT_EQ(tasks_of(1024, gelu), 0);
  EXPECT_GE(tasks_of(65536, gelu), 4);  // half a MiB: less than a second thread once asked for
}

TEST(Host, AnExecutorIsNotAskedForNothing) {
  const auto executor = std::make_shared<Backwards>();
  const Engine engine({.executor = executor, .parallel_nanoseconds = 1});
  const Graph empty = make_leaky(0);
  expect_as_interpreted(engine.compile(empty), empty);
  const Graph one = make_leaky(1);
  expect_as_interpreted(engine.compile(one), one);
  EXPECT_EQ(executor->calls, 0);
}

TEST(Host, RefusesANegativeNumberOfThreads) {
  EXPECT_EQ(error_of([] { static_cast<void>(Engine({.threads = -1})); }),
            "invalid_argument: EngineOptions::threads is -1: give 1 or more, or 0 for one per CPU "
            "that this process may use");
}

class CountingAllocator final : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    if (refuse) return nullptr;
    ++live;
    last_bytes = bytes;
    return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  }
  void release(void* memory, std::size_t /*bytes*/) override {
    --live;
    std::free(memory);
  }
  bool refuse = false;
  std::atomic<int> live = 0;
  std::size_t last_bytes = 0;
};

TEST(Host, AnAllocatorGivesWorkspacesAndGetsThemBack) {
  const auto allocator = std::make_shared<CountingAllocator>();
  const Graph graph = make_chain(40, 50);
  {
    const Engine engine({.allocator = allocator});
    expect_as_interpreted(engine.compile(graph), graph);
    EXPECT_EQ(allocator->live, 0) << "one kernel needs no workspace";
    const Executable program = engine.compile(graph, {.fuse = Fuse::none});
    expect_as_interpreted(program, graph);
    EXPECT_EQ(allocator->last_bytes, static_cast<std::size_t>(program.workspace_bytes()));
    EXPECT_EQ(allocator->live, 1) << "kept for the next run";
    engine.clear_caches();
    EXPECT_EQ(allocator->live, 0);
    expect_as_interpreted(program, graph);
  }
  EXPECT_EQ(allocator->live, 0);
}

TEST(Host, AnAllocatorWithoutMemoryIsAnErrorThatNamesTheBytes) {
  const auto allocator = std::make_shared<CountingAllocator>();
  allocator->refuse = true;
  const Engine engine({.allocator = allocator});
  const Graph graph = make_chain(40, 50);
  const Executable program = engine.compile(graph, {.fuse = Fuse::none});
  EXPECT_EQ(error_of([&] { static_cast<void>(run(program, graph, make_inputs(graph))); }),
            "limit_exceeded: no memory for a workspace of " +
                std::to_string(program.workspace_bytes()) + " bytes: the allocator returned null");
}

// --- Log and SINTER_DUMP -------------------------------------------------------------------------

/// Sets SINTER_DUMP for the duration of a test, and collects the log of the engines made in it.
class Dump : public testing::Test {
 protected:
  ~Dump() override { unsetenv("SINTER_DUMP"); }
  Engine make_engine(const char* stages) {
    setenv("SINTER_DUMP", stages, 1);
    return Engine({.log = [this](std::string_view message) {
      const std::lock_guard lock(mutex);
      messages.emplace_back(message);
    }});
  }
  std::mutex mutex;
  std::vector<std::string> messages;
};

TEST_F(Dump, WritesTheStagesAskedForOfEveryNewExecutable) {
  const Engine engine = make_engine("graph,llvm");
  const Graph graph = make_leaky(10);
  const Executable program = engine.compile(graph);
  static_cast<void>(engine.compile(graph));
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0], "sinter: graph\n" + program.text(Stage::graph));
  EXPECT_EQ(messages[1], "sinter: llvm\n" + program.text(Stage::llvm));
}

TEST_F(Dump, IsReadOncePerEngine) {
  const Engine engine = make_engine("graph");
  unsetenv("SINTER_DUMP");
  static_cast<void>(engine.compile(make_leaky(10)));
  EXPECT_EQ(messages.size(), 1U);
}

TEST_F(Dump, WarnsOfUnknownStages) {
  const Engine engine = make_engine("lops,,plan");
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0],
            "sinter: SINTER_DUMP has no stage 'lops'; the stages are graph, plan, loops, llvm, "
            "assembly, cuda, ptx, sass");
  static_cast<void>(engine.compile(make_leaky(10)));
  EXPECT_EQ(messages.size(), 2U);
}

TEST_F(Dump, TheLogMayUseTheEngine) {
  setenv("SINTER_DUMP", "graph", 1);
  std::optional<Engine> engine;
  int messages_seen = 0;
  engine.emplace(EngineOptions{.log = [&](std::string_view) {
    ++messages_seen;
    static_cast<void>(engine->compile(make_leaky(10)));
    static_cast<void>(engine->stats());
  }});
  static_cast<void>(engine->compile(make_leaky(10)));
  EXPECT_EQ(messages_seen, 1);
}

// --- Stages as text ------------------------------------------------------------------------------

TEST(StageText, OfTheGraphIsTheGraphWithTheNumbersOfThisProgram) {
  const Engine engine;
  static_cast<void>(engine.compile(make_chain(8, 64, 0.1)));
  const Graph other = make_chain(8, 64, 0.7);
  const Executable program = engine.compile(other);
  EXPECT_EQ(engine.stats().plans.entries, 1);
  EXPECT_EQ(program.text(Stage::graph), print(other));
}

TEST(StageText, IsThereForEveryStage) {
  const Engine engine;
  const Executable program = engine.compile(make_chain(8, 64));
  EXPECT_NE(program.text(Stage::plan).find("leaky_relu"), std::string::npos);
  EXPECT_NE(program.text(Stage::loops).find("kernel_0"), std::string::npos);
  EXPECT_NE(program.text(Stage::llvm).find("define void @kernel_0("), std::string::npos);
  EXPECT_NE(program.text(Stage::assembly).find("kernel_0:"), std::string::npos);
}

TEST(StageText, HasOnePartPerKernel) {
  const Engine engine;
  const Executable program = engine.compile(make_chain(8, 64), {.fuse = Fuse::none});
  ASSERT_GT(program.kernels(), 2);
  for (Stage stage : {Stage::loops, Stage::llvm, Stage::assembly}) {
    EXPECT_NE(program.text(stage).find("kernel_2"), std::string::npos) << to_string(stage);
  }
}

TEST(StageText, IsOfTheTargetOfTheEngine) {
  const Engine engine({.target = Target::parse("x86-64-v3")});
  EXPECT_EQ(engine.target().name, "x86-64-v3");
  const std::string assembly = engine.compile(make_leaky(1000)).text(Stage::assembly);
  EXPECT_NE(assembly.find("%ymm"), std::string::npos);
  EXPECT_EQ(assembly.find("%zmm"), std::string::npos);
}

TEST(Executable, SaysWhatItTakesAndGives) {
  const Engine engine;
  const Executable program = engine.compile(make_chain(8, 64));
  ASSERT_EQ(program.inputs().size(), 4U);
  EXPECT_EQ(program.inputs()[3].name, "residual");
  ASSERT_EQ(program.outputs().size(), 1U);
  EXPECT_EQ(program.outputs()[0].name, "y");
  EXPECT_EQ(program.kernels(), 1);
  const CompileTimes times = program.compile_times();
  EXPECT_GT(times.plan, 0);
  EXPECT_GT(times.schedule, 0);
  EXPECT_EQ(engine.stats().times.total(), times.total());
}

TEST(Executable, OfAnotherSlopeReportsNoTimeForCachedStages) {
  const Engine engine;
  static_cast<void>(engine.compile(make_chain(8, 64, 0.1)));
  const CompileTimes times = engine.compile(make_chain(8, 64, 0.2)).compile_times();
  EXPECT_EQ(times.plan, 0);
  EXPECT_EQ(times.emit + times.codegen + times.link, 0);
  EXPECT_GT(times.schedule, 0);
}

}  // namespace
}  // namespace sinter::test
