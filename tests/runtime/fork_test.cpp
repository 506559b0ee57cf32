// Forked children: a child may run compiled programs, compile, and use tensors. It never hangs,
// whatever other threads of its parent were doing at the fork.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../../runtime/cache/cache.h"
#include "../../runtime/process.h"
#include "../../runtime/workspace.h"
#include "runtime/fixtures.h"
#include "support/sanitizer.h"

namespace sinter::test {
namespace {

using detail::ForkSafeMutex;
using detail::Guarded;
using detail::process_epoch;

/// True under ThreadSanitizer. It kills a child that starts threads, and slows compilation down so
/// much that the watchdog fires.
constexpr bool kThreadSanitizer = SINTER_SANITIZED && !SINTER_ADDRESS_SANITIZED;

/// Seconds after which a child counts as hanging. The work of each child takes less than one.
constexpr unsigned kWatchdog = 60;

struct Child {
  pid_t process = -1;
  int output = -1;
};

Child start_child(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    alarm(kWatchdog);
    std::string text;
    try {
      text = work();
    } catch (const std::exception& error) {
      text = error.what();
    }
    const bool written = write(ends[1], text.data(), text.size()) == std::ssize(text);
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  return {child, ends[0]};
}

/// Waits for the child, and returns the text that its work returned: "" if all is well.
std::string finish(const Child& child) {
  if (child.process < 0) return "no child";
  std::string text;
  std::array<char, 1024> part{};
  for (ssize_t got = 0; (got = read(child.output, part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  close(child.output);
  int status = 0;
  waitpid(child.process, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) return "it hangs";
  if (WIFSIGNALED(status)) return "it ends by signal " + std::to_string(WTERMSIG(status));
  return text;
}

std::string in_child(const std::function<std::string()>& work) { return finish(start_child(work)); }

/// A thread that runs `work` and stays blocked in `stay` for the lifetime of this object.
class InTheMiddle {
 public:
  explicit InTheMiddle(const std::function<void(const std::function<void()>& stay)>& work)
      : thread_([this, work] {
          work([this] {
            inside_ = true;
            inside_.notify_all();
            leave_.wait(false);
          });
        }) {
    inside_.wait(false);
  }
  ~InTheMiddle() {
    leave_ = true;
    leave_.notify_all();
    thread_.join();
  }
  InTheMiddle(const InTheMiddle&) = delete;
  InTheMiddle& operator=(const InTheMiddle&) = delete;

 private:
  std::atomic<bool> inside_ = false;
  std::atomic<bool> leave_ = false;
  std::thread thread_;
};

// --- Epochs and locks ----------------------------------------------------------------------------

TEST(ProcessEpoch, GrowsFromProcessToChildAndGrandchild) {
  for (const auto& epoch : {process_epoch, detail::process_epoch_by_id}) {
    const std::uint32_t own = epoch();
    EXPECT_NE(own, 0U);
    std::uint32_t of_thread = 0;
    std::thread([&] { of_thread = epoch(); }).join();
    EXPECT_EQ(of_thread, own);
    EXPECT_EQ(in_child([&]() -> std::string {
                const std::uint32_t child = epoch();
                if (child <= own || epoch() != child)
                  return "the epoch of the child is not greater";
                return in_child([&] {
                  return epoch() > child ? std::string()
                                         : "the epoch of the grandchild is not greater";
                });
              }),
              "");
    EXPECT_EQ(epoch(), own);
  }
}

/// Counts to 20,000 under `mutex` on four threads. Returns the count, plus 1,000,000 for each call
/// of lock() that reported torn state.
int counted(ForkSafeMutex& mutex) {
  int count = 0;
  std::atomic<int> told_torn = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        if (mutex.lock()) ++told_torn;
        ++count;
        mutex.unlock();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return count + 1'000'000 * told_torn;
}

TEST(ForkSafeMutex, LetsOneThreadInAtATime) {
  ForkSafeMutex mutex;
  EXPECT_EQ(counted(mutex), 20'000);
}

TEST(ForkSafeMutex, IsOpenInAChildAndTellsOnceThatItWasHeld) {
  if (kThreadSanitizer) GTEST_SKIP() << "the child starts threads";
  ForkSafeMutex mutex;
  const InTheMiddle holder([&](const auto& stay) {
    EXPECT_FALSE(mutex.lock());
    stay();
    mutex.unlock();
  });
  EXPECT_EQ(in_child([&] { return std::to_string(counted(mutex)); }), "1020000");
}

TEST(ForkSafeMutex, IsAsBeforeInAChildWhereNobodyHeldIt) {
  if (kThreadSanitizer) GTEST_SKIP() << "the child starts threads";
  ForkSafeMutex mutex;
  EXPECT_FALSE(mutex.lock());
  mutex.unlock();
  EXPECT_EQ(in_child([&] { return std::to_string(counted(mutex)); }), "20000");
}

TEST(GuardedState, IsNewInAChildThatMayHaveItTorn) {
  Guarded<std::vector<int>> numbers;
  numbers.lock()->assign(3, 7);
  const auto size_in_child = [&] {
    return in_child([&] { return std::to_string(numbers.lock()->size()); });
  };
  EXPECT_EQ(size_in_child(), "3");
  {
    const InTheMiddle holder([&](const auto& stay) {
      const auto access = numbers.lock();
      stay();
    });
    EXPECT_EQ(size_in_child(), "0");
  }
  EXPECT_EQ(numbers.lock()->size(), 3U) << "the child changed the state of the parent";
}

TEST(CacheInAChild, MakesWhatTheParentWasMaking) {
  using Strings = detail::Cache<std::string>;
  Strings cache(8);
  const auto get = [&](std::string_view text, const std::function<void()>& meanwhile) {
    const auto bytes = std::as_bytes(std::span(text));
    return cache.get({{bytes}, detail::hash_bytes(bytes)}, [&] {
      meanwhile();
      return std::make_shared<const std::string>(text);
    });
  };
  const auto nothing = [] {};
  static_cast<void>(get("known", nothing));
  {
    const InTheMiddle maker([&](const auto& stay) { static_cast<void>(get("slow", stay)); });
    EXPECT_EQ(in_child([&]() -> std::string {
                if (get("known", nothing).made) return "what the parent knew is lost";
                if (!get("slow", nothing).made) return "not made in the child";
                if (get("slow", nothing).made) return "made twice";
                return "";
              }),
              "");
  }
  EXPECT_FALSE(get("slow", nothing).made) << "the parent has finished making it";
}

// --- An engine -----------------------------------------------------------------------------------

/// A chain whose ops encode `number` in binary, so that each number gives a different kernel.
Graph numbered_graph(int number, std::int64_t length = 100) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {length});
  for (int bit = 0; bit < 12; ++bit) {
    x = (number >> bit & 1) != 0 ? (x * 1.5).leaky_relu(0.1) : (x + 0.25).abs();
  }
  graph.output("y", x);
  return graph;
}

std::string wrong_results(const Executable& program, const Graph& graph) {
  const std::vector<TensorData> inputs = make_inputs(graph);
  const std::vector<TensorData> got = run(program, graph, inputs);
  return first_difference(got[0], interpret(graph, inputs)[0]) == -1 ? "" : "wrong results";
}

TEST(EngineInAChild, CompilesTheKeyThatAThreadOfTheParentWasCompiling) {
  if (kThreadSanitizer) GTEST_SKIP() << "children compile";
  Graph large;
  Value sum = large.input("x", DType::f32, {8});
  for (int i = 0; i < 250; ++i) sum = (sum * (i + 1.0)).tanh() + sum.erf();
  large.output("y", sum);
  const Graph small = make_leaky(8);
  for (int round = 0; round < 4; ++round) {
    const Engine engine({.threads = 1});
    ASSERT_EQ(wrong_results(engine.compile(small), small), "");
    std::thread compiles([&] { static_cast<void>(engine.compile(large)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(2 + 7 * round));
    EXPECT_EQ(in_child([&] { return wrong_results(engine.compile(large), large); }), "");
    EXPECT_EQ(in_child([&] { return wrong_results(engine.compile(small), small); }), "");
    compiles.join();
  }
}

/// An engine, and threads that keep compiling, running and using tensors on it.
class BusyEngine : public testing::Test {
 protected:
  void SetUp() override {
    if (kThreadSanitizer) GTEST_SKIP() << "children compile";
    known_.emplace(engine_->compile(known_graph_));
    for (int t = 0; t < 3; ++t) {
      threads_.emplace_back([this, t, engine = *engine_] {
        for (int i = 0; !done_; ++i) work(engine, t, i);
      });
    }
  }
  void TearDown() override {
    done_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  static void work(const Engine& engine, int thread, int i) {
    if (thread == 0) {
      const Graph graph = numbered_graph(i % 4096);
      EXPECT_EQ(wrong_results(engine.compile(graph), graph), "");
      if (i % 16 == 0) engine.clear_caches();
    } else if (thread == 1) {
      Tensor sum = engine.full({100}, i % 7);
      for (int step = 0; step < 5; ++step) sum = sum * 2 + 1;
      EXPECT_EQ(sum.to_vector<float>()[99], static_cast<float>(32 * (i % 7) + 31));
    } else {
      const Graph graph = numbered_graph(i % 3, 50'000);
      const Executable program = engine.compile(graph, {.fuse = Fuse::none});
      EXPECT_EQ(wrong_results(program, graph), "");
    }
  }

  Graph known_graph_ = numbered_graph(77, 3000);
  std::optional<Engine> engine_{
      std::in_place, EngineOptions{.threads = 3, .parallel_nanoseconds = 1, .kernels = {64}}};
  std::optional<Executable> known_;
  std::atomic<bool> done_ = false;
  std::vector<std::thread> threads_;
};

constexpr int kForks = 12;

TEST_F(BusyEngine, LeavesItsChildrenWhatIsCompiled) {
  for (int i = 0; i < kForks; ++i) {
    ASSERT_EQ(in_child([&] { return wrong_results(*known_, known_graph_); }), "");
  }
}

TEST_F(BusyEngine, CompilesInItsChildren) {
  for (int i = 0; i < kForks; ++i) {
    ASSERT_EQ(in_child([&]() -> std::string {
                for (int number : {i, 77, 2000 + i}) {
                  const Graph graph = numbered_graph(number);
                  const Executable program = engine_->compile(graph);
                  if (wrong_results(program, graph) != "") return "wrong results";
                  if (program.text(Stage::assembly).empty()) return "no text";
                }
                return engine_->stats().kernels.misses > 0 ? "" : "no statistics";
              }),
              "");
  }
}

TEST_F(BusyEngine, TakesTensorsInItsChildren) {
  for (int i = 0; i < kForks; ++i) {
    ASSERT_EQ(in_child([&]() -> std::string {
                const Tensor sum = engine_->tensor({1, 2, 3}) * 2 + 1;
                return to_string(sum) == "[3, 5, 7]" ? "" : to_string(sum);
              }),
              "");
  }
}

TEST_F(BusyEngine, IsDestroyedInItsChildren) {
  for (int i = 0; i < kForks; ++i) {
    ASSERT_EQ(in_child([&]() -> std::string {
                known_.reset();
                engine_.reset();
                const Engine another({.threads = 2});
                return wrong_results(another.compile(known_graph_), known_graph_);
              }),
              "");
  }
}

// --- Tensors -------------------------------------------------------------------------------------

/// An allocator whose next allocation first calls `stay`, if that is set, and so blocks.
class SlowAllocator final : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    if (stay) std::exchange(stay, nullptr)();
    return memory_->allocate(bytes);
  }
  void release(void* memory, std::size_t bytes) override { memory_->release(memory, bytes); }
  std::function<void()> stay;

 private:
  std::shared_ptr<Allocator> memory_ = detail::default_allocator();
};

TEST(TensorsInAChild, AreThoseOfTheParentWhereNoOtherThreadWasUsingThem) {
  const Engine engine({.threads = 1});
  const Tensor evaluated = engine.tensor({1, 2}) + 1;
  engine.evaluate({evaluated});
  const Tensor pending = evaluated * 10;
  EXPECT_EQ(in_child([&] { return to_string(pending + evaluated); }), "[22, 33]");
  EXPECT_EQ(to_string(pending), "[20, 30]");
}

TEST(TensorsInAChild, OfBeforeTheForkAreRefusedWhereAnotherThreadWasUsingThem) {
  const auto memory = std::make_shared<SlowAllocator>();
  const Engine engine({.threads = 1, .allocator = memory});
  const Tensor evaluated = engine.tensor({1, 2}) + 1;
  engine.evaluate({evaluated});
  const Tensor pending = evaluated * 10;
  const std::string refusal =
      "unsupported: a tensor from before the fork cannot be used in this process: another thread "
      "of the parent was using tensors of this engine at the fork. Make a new tensor, or fork "
      "while no other thread uses the engine's tensors";
  {
    const InTheMiddle evaluates([&](const auto& stay) {
      memory->stay = stay;
      static_cast<void>((evaluated - 1).to_vector<float>());
    });
    const auto child = [&](const std::function<std::string()>& use) {
      return in_child([&]() -> std::string {
        const std::string made = to_string(engine.tensor({3, 4}) * 2);
        if (made != "[6, 8]") return made;
        const std::string used = error_of([&] { static_cast<void>(use()); });
        const std::string again = to_string(engine.tensor({3, 4}) - 1);
        return again == "[2, 3]" ? used : again;
      });
    };
    EXPECT_EQ(child([&] { return to_string(pending); }), refusal);
    EXPECT_EQ(child([&] { return to_string(evaluated); }), refusal);
    EXPECT_EQ(child([&] { return to_string(engine.tensor({1, 1}) + evaluated); }), refusal);
    EXPECT_EQ(child([&] {
                engine.evaluate({pending});
                return std::string();
              }),
              refusal);
    EXPECT_EQ(child([&] {
                const Tensor x = engine.tensor({1, 1});
                return to_string(gradients((x * pending).sum(), {x})[0]);
              }),
              refusal);
  }
  EXPECT_EQ(to_string(pending), "[20, 30]");
}

// --- The first compile of a process --------------------------------------------------------------

/// Run in a process of its own by the test below: forks children during its first compile.
TEST(FirstCompile, DISABLED_IsForked) {
  const Engine engine({.threads = 1});
  const Graph graph = make_leaky(1000);
  const auto compile = [&] { return wrong_results(engine.compile(graph), graph); };
  std::atomic<bool> done = false;
  std::thread compiles([&] {
    static_cast<void>(engine.compile(graph));
    done = true;
  });
  std::vector<Child> children;
  while (!done && children.size() < 20) {
    children.push_back(start_child(compile));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  compiles.join();
  int refused = 0;
  for (const Child& child : children) {
    const std::string said = finish(child);
    if (said.find("another thread of its parent compiled a kernel for the first time") !=
        std::string::npos) {
      ++refused;
    } else if (!said.empty()) {
      std::printf("a child says: %s\n", said.c_str());
    }
  }
  if (in_child(compile) != "") std::printf("a child of later is refused\n");
  std::printf("%d of %d children refused\n", refused, static_cast<int>(children.size()));
}

/// Output of the test above, run in a new process.
std::string output_of_a_first_compile() {
  std::string output;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string only_it = " --gtest_also_run_disabled_tests --gtest_filter=*DISABLED_IsForked";
  std::FILE* pipe = popen((program + only_it).c_str(), "r");
  if (pipe == nullptr) return "no process";
  std::array<char, 256> part{};
  while (fgets(part.data(), part.size(), pipe) != nullptr) output += part.data();
  return pclose(pipe) == 0 ? output : "it fails: " + output;
}

TEST(FirstCompile, IsRefusedInAChildThatWasForkedMeanwhile) {
  if (kThreadSanitizer) GTEST_SKIP() << "children compile";
  bool refused = false;
  for (int attempt = 0; attempt < 10 && !refused; ++attempt) {
    const std::string output = output_of_a_first_compile();
    EXPECT_EQ(output.find("it fails"), std::string::npos) << output;
    EXPECT_EQ(output.find("a child "), std::string::npos) << output;
    EXPECT_NE(output.find(" children refused"), std::string::npos) << output;
    // No child is refused if the compile ended before the first fork.
    refused = output.find("\n0 of ") == std::string::npos;
  }
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace sinter::test
