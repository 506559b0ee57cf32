// Scratch: blocks of the workspace that hold the local memories too large for a kernel's stack.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/sinter.h>

#include "../../runtime/cpu/launch.h"
#include "fixtures.h"

namespace sinter::test {
namespace {

/// A product whose packed block takes 512 KiB.
Graph make_layer(std::int64_t rows) {
  Graph graph;
  const Value a = graph.input("a", DType::f32, {rows, 40});
  const Value b = graph.input("b", DType::f32, {40, 300});
  graph.output("y", a.mm(b).leaky_relu(0.1));
  return graph;
}

/// Runs each task on a thread of its own, all at once, whatever concurrency it reports.
class AllAtOnce final : public Executor {
 public:
  explicit AllAtOnce(int concurrency) : concurrency_(concurrency) {}
  [[nodiscard]] int concurrency() const override { return concurrency_; }
  void parallel_for(std::int64_t count, void (*task)(void*, std::int64_t), void* context,
                    double) override {
    std::vector<std::thread> threads;
    for (std::int64_t i = 0; i < count; ++i) threads.emplace_back(task, context, i);
    for (std::thread& thread : threads) thread.join();
  }

 private:
  int concurrency_;
};

/// Runs tasks from last to first on the calling thread, though it reports a concurrency of 4.
class Backwards final : public Executor {
 public:
  [[nodiscard]] int concurrency() const override { return 4; }
  void parallel_for(std::int64_t count, void (*task)(void*, std::int64_t), void* context,
                    double) override {
    while (count-- > 0) task(context, count);
  }
};

class Counting final : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    if (refuse) return nullptr;
    ++allocations;
    last_bytes = static_cast<std::int64_t>(bytes);
    return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  }
  void release(void* memory, std::size_t /*bytes*/) override { std::free(memory); }
  bool refuse = false;
  std::atomic<int> allocations = 0;
  std::int64_t last_bytes = 0;
};

std::int64_t scratch_of(const Graph& graph) {
  const Executable program = Engine({.threads = 1}).compile(graph);
  const std::vector<TensorData> inputs = make_inputs(graph);
  std::vector<TensorData> outputs = make_outputs(graph);
  return program.bind(input_views(inputs), output_views(outputs)).direct().scratch_bytes;
}

TEST(Scratch, IsPartOfTheWorkspaceWithABlockForEachThread) {
  const Graph graph = make_layer(400);
  const std::int64_t bytes = scratch_of(graph);
  EXPECT_GT(bytes, 16 << 10);
  EXPECT_EQ(Engine({.threads = 1}).compile(graph).workspace_bytes(), bytes);
  const Engine three({.threads = 3, .parallel_nanoseconds = 1});
  EXPECT_EQ(three.compile(graph).workspace_bytes(), 3 * bytes);
  EXPECT_EQ(three.compile(make_chain(40, 50)).workspace_bytes(), 0) << "a chain needs no workspace";
}

TEST(Scratch, OfOneProgramIsSharedByItsKernels) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {300, 300});
  const Value y = x.mm(x).relu();
  graph.output("y", y.mm(y).tanh());
  const Executable program = Engine({.threads = 1}).compile(graph);
  ASSERT_GT(program.kernels(), 1);
  const std::int64_t temporary = 300 * 300 * 4;
  EXPECT_GT(program.workspace_bytes(), temporary);
  EXPECT_LT(program.workspace_bytes(), temporary + 2 * scratch_of(make_layer(300)));
}

TEST(Scratch, ServesEveryOrderOfTasks) {
  const Graph graph = make_layer(400);
  const std::vector<std::shared_ptr<Executor>> executors{
      std::make_shared<AllAtOnce>(1), std::make_shared<AllAtOnce>(2),
      std::make_shared<AllAtOnce>(5), std::make_shared<Backwards>(), make_thread_pool(3)};
  for (const auto& executor : executors) {
    const Engine engine({.executor = executor, .parallel_nanoseconds = 1});
    const Executable program = engine.compile(graph);
    for (int i = 0; i < 3; ++i) expect_as_interpreted(program, graph);
  }
}

TEST(Scratch, OfRunsAtTheSameTimeIsTheirOwn) {
  const Graph graph = make_layer(200);
  const Executable program = Engine({.threads = 2, .parallel_nanoseconds = 1}).compile(graph);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int run = 0; run < 3; ++run) expect_as_interpreted(program, graph);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// Stands in for a kernel: records its scratch block, and returns once `expected` calls have begun.
struct Meeting {
  static inline std::atomic<int> inside{0};
  static inline std::atomic<int> expected{0};
  static inline std::mutex mutex;
  static inline std::multiset<const void*> blocks;

  static void kernel(const KernelArguments* arguments, std::int64_t, std::int64_t) {
    {
      const std::lock_guard lock(mutex);
      blocks.insert(arguments->scratch);
      EXPECT_EQ(blocks.count(arguments->scratch), 1U)
          << "two concurrent chunks share a scratch block";
    }
    ++inside;
    while (inside < expected) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    blocks.erase(blocks.find(arguments->scratch));
  }
};

TEST(Scratch, IsNeverSharedByChunksThatRunAtOnce) {
  detail::Kernel kernel;
  kernel.entry = Meeting::kernel;
  kernel.extent = 4;
  kernel.chunks = 4;
  kernel.scratch_bytes = 128;
  kernel.scratch_blocks = 4;
  std::vector<std::byte> memory(4 * 128);
  const KernelArguments arguments = kernel.arguments(nullptr, memory.data());
  Meeting::expected = 4;
  AllAtOnce executor(4);
  detail::launch_chunks(kernel, arguments, executor);
  EXPECT_EQ(Meeting::inside, 4);
}

TEST(Scratch, WithoutMemoryForItIsAnErrorThatNamesTheBytes) {
  const auto allocator = std::make_shared<Counting>();
  allocator->refuse = true;
  const Engine engine({.threads = 1, .allocator = allocator});
  const Graph graph = make_layer(100);
  const Executable program = engine.compile(graph);
  const std::vector<TensorData> inputs = make_inputs(graph);
  std::vector<TensorData> outputs = make_outputs(graph);
  const std::string message = "limit_exceeded: no memory for a workspace of " +
                              std::to_string(program.workspace_bytes()) +
                              " bytes: the allocator returned null";
  EXPECT_EQ(error_of([&] { program.run(input_views(inputs), output_views(outputs)); }), message);
  EXPECT_EQ(error_of([&] {
              static_cast<void>(program.bind(input_views(inputs), output_views(outputs)));
            }),
            message);
}

TEST(Scratch, OfABoundCallIsItsOwn) {
  const auto allocator = std::make_shared<Counting>();
  const Engine engine({.threads = 1, .allocator = allocator});
  const Graph graph = make_layer(100);
  const Executable program = engine.compile(graph);
  const std::vector<TensorData> inputs = make_inputs(graph);
  std::vector<TensorData> outputs = make_outputs(graph);
  Call call = program.bind(input_views(inputs), output_views(outputs));
  EXPECT_EQ(allocator->last_bytes, program.workspace_bytes());
  for (int i = 0; i < 5; ++i) call();
  EXPECT_EQ(allocator->allocations, 1);
  EXPECT_EQ(first_difference(interpret(graph, inputs)[0], outputs[0]), -1);
}

TEST(Scratch, OfPartsOfADirectCallComesFromTheHost) {
  const Graph graph = make_layer(400);
  const Executable program = Engine({.threads = 1}).compile(graph);
  const std::vector<TensorData> inputs = make_inputs(graph);
  std::vector<TensorData> outputs = make_outputs(graph);
  const Call call = program.bind(input_views(inputs), output_views(outputs));
  const DirectCall kernel = call.direct();
  ASSERT_GT(kernel.end, 3);
  std::vector<std::thread> threads;
  for (std::int64_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      void* scratch = std::aligned_alloc(kScratchAlignment, kernel.scratch_bytes);
      kernel.run(kernel.end * i / 3, kernel.end * (i + 1) / 3, scratch);
      std::free(scratch);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first_difference(interpret(graph, inputs)[0], outputs[0]), -1);
}

}  // namespace
}  // namespace sinter::test
