// Engines for a GPU on the fake driver and the fake NVRTC of fake/fake_cuda.cpp.
#include <signal.h>
#include <sys/time.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "../../runtime/cuda/disassemble.h"
#include "both_forms.h"
#include "cuda_engine.h"
#include "device_tensors.h"
#include "runtime/fixtures.h"
#include "support/expect_error.h"
#include "support/fuzz.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

// --- Bits ----------------------------------------------------------------------------------------

TEST_F(CudaEngine, RunsAChain) {
  const Engine engine = make_engine();
  EXPECT_EQ(engine.device(), Device::cuda(0));
  const Graph graph = make_chain(70, 64);
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
  const Graph long_one = make_leaky(20'000, 0.3, DType::f16);
  expect_as_interpreted_on_device(engine, long_one, random_inputs(long_one, 1));
}

TEST_F(CudaEngine, RunsSeveralKernelsWithAWorkspace) {
  const Engine engine = make_engine();
  const Graph graph = several_kernels();
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph), {.fuse = Fuse::none});
  EXPECT_GE(fake.calls("cuLaunchKernel"), 3);
  EXPECT_EQ(fake.calls("cuMemAllocAsync"), 1);
}

TEST_F(CudaEngine, RunsRandomGraphs) {
  const Engine engine = make_engine();
  const std::uint64_t seeds = is_long() ? 100 : 8;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomGraphOptions options;
    options.max_ops = 10;
    options.random_strides = seed % 2 == 0;
    options.products = seed % 4 == 0;
    const Graph graph = random_graph(seed, options);
    std::vector<TensorData> inputs = random_inputs(graph, seed);
    settle_on_strides(graph, inputs);
    const Specialize specialize =
        seed % 5 == 0 ? Specialize::shape | Specialize::scalars : Specialize::none;
    expect_as_interpreted_on_device(engine, graph, inputs, {.specialize = specialize});
  }
}

TEST_F(CudaEngine, Reduces) {
  const Engine engine = make_engine();
  Graph rows;
  const Value x = rows.input("x", DType::f32, {7, 3000});
  rows.output("softmax", x.softmax());
  expect_as_interpreted_on_device(engine, rows, make_inputs(rows));
  Graph columns;
  columns.output("mean", columns.input("x", DType::f16, {100, 300}).mean(0));
  expect_as_interpreted_on_device(engine, columns, make_inputs(columns));
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 2) << "one launch per program";
}

/// A long reduction is two kernels: many blocks reduce chunks, then one kernel reduces the results
/// of the chunks.
TEST_F(CudaEngine, ReducesByChunks) {
  const Engine engine = make_engine();
  Graph graph;
  graph.output("mean", graph.input("x", DType::f32, {300'000}).mean());
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 2);
}

TEST_F(CudaEngine, Multiplies) {
  const Engine engine = make_engine();
  Graph graph;
  const Value x = graph.input("x", DType::f32, {70, 100});
  const Value weight = graph.input("weight", DType::f32, {33, 100});
  const Value bias = graph.input("bias", DType::f32, {33});
  graph.output("y", (x.mm(weight.transpose()) + bias).leaky_relu(0.01));
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 1) << "one kernel";
}

/// Compares a few values. OnDevice makes the same comparison over all values.
TEST_F(CudaEngine, ComparesBothFormsOfAConversion) {
  const BothForms both(Device::cuda(0));
  EXPECT_EQ(both.first_difference(DType::f32, DType::f16, 1 << 13, 1 << 12), -1);
  EXPECT_EQ(both.first_difference(DType::bf16, DType::f32, 1 << 12, 1 << 12), -1);
}

TEST_F(CudaEngine, WritesAnOutputIntoItsInput) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(5000);
  const std::vector<TensorData> inputs = make_inputs(graph);
  const DeviceTensors tensors(engine, graph, inputs);
  const TensorView same{tensors.buffers[0].data(), DType::f32, {5000}, {}, Device::cuda(0)};
  engine.compile(graph).run({same}, {same});
  TensorData result = TensorData::zeros(DType::f32, {5000});
  tensors.buffers[0].read(result.bytes);
  EXPECT_EQ(first_difference(result, interpret(graph, inputs)[0]), -1);
}

TEST_F(CudaEngine, SkipsWhatHasNoElements) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(0);
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 0);
}

// --- Calls, streams and contexts -----------------------------------------------------------------

TEST_F(CudaEngine, BoundCallsLaunchAndDoNothingElse) {
  const Engine engine = make_engine();
  const Graph graph = several_kernels();
  const std::vector<TensorData> inputs = make_inputs(graph);
  const DeviceTensors tensors(engine, graph, inputs);
  const Executable program = engine.compile(graph, {.fuse = Fuse::none});
  Call call = program.bind(tensors.in, tensors.out);
  fake.reset();
  call();
  EXPECT_EQ(fake.calls("cuLaunchKernel"), program.kernels());
  EXPECT_EQ(fake.calls("cuPointerGetAttribute"), 0);
  EXPECT_EQ(fake.calls("cuMemAllocAsync") + fake.calls("cuMemAlloc_v2"), 0);
  expect_equal(tensors.results(), interpret(graph, inputs));
}

TEST_F(CudaEngine, LaunchesOnTheStreamThatIsGiven) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  const DeviceTensors tensors(engine, graph, make_inputs(graph));
  const Executable program = engine.compile(graph);
  int stream = 0;
  program.run(tensors.in, tensors.out, {.stream = &stream});
  EXPECT_EQ(fake.last_stream(), &stream);
  program.run(tensors.in, tensors.out);
  EXPECT_EQ(fake.last_stream(), nullptr);
  Call call = program.bind(tensors.in, tensors.out);
  call({.stream = &stream});
  EXPECT_EQ(fake.last_stream(), &stream);
}

TEST_F(CudaEngine, UsesTheContextOfItsCaller) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  const Executable program = engine.compile(graph);
  const int loaded = fake.calls("cuModuleLoadData");
  void* context = fake.make_context(0);
  void* popped = nullptr;
  fake.push_context(context);
  {
    const DeviceTensors tensors(engine, graph, make_inputs(graph));
    const int retained = fake.calls("cuCtxPushCurrent_v2");
    program.run(tensors.in, tensors.out);
    program.run(tensors.in, tensors.out);
    EXPECT_EQ(fake.calls("cuCtxPushCurrent_v2"), retained)
        << "the caller's context is already current";
    EXPECT_EQ(fake.calls("cuModuleLoadData"), loaded + 1) << "modules are loaded once per context";
  }
  fake.pop_context(&popped);
  EXPECT_EQ(popped, context);
}

TEST_F(CudaEngine, LeavesTheContextOfAnotherDeviceAlone) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  void* context = fake.make_context(1);
  void* popped = nullptr;
  fake.push_context(context);
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
  EXPECT_EQ(fake.context_depth(), 1);
  fake.pop_context(&popped);
  EXPECT_EQ(popped, context);
}

TEST_F(CudaEngine, CompilesOnceForManySlopesAndLengths) {
  const Engine engine = make_engine();
  for (int i = 1; i <= 20; ++i) {
    const Graph graph = make_leaky(100 + i, 0.01 * i);
    expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
  }
  EXPECT_EQ(fake.calls("nvrtcCompileProgram"), 1);
  EXPECT_EQ(engine.stats().code.misses, 1);
}

TEST_F(CudaEngine, ShowsEveryStage) {
  const Engine engine = make_engine();
  const Executable program = engine.compile(make_leaky(100));
  const std::string loops = program.text(Stage::loops);
  EXPECT_TRUE(loops.starts_with("gpu model Fake GPU\n")) << loops;
  EXPECT_NE(loops.find("near_bytes 2048,"), std::string::npos) << "half of its cache: " << loops;
  EXPECT_NE(loops.find("block i0"), std::string::npos) << loops;
  EXPECT_NE(program.text(Stage::cuda).find("__global__"), std::string::npos);
  EXPECT_TRUE(program.text(Stage::ptx).starts_with("// PTX"));
  expect_error(ErrorCode::unsupported,
               "the program is made for Fake GPU (cuda:0, compute capability 9.0, driver 13.0): it "
               "has no stage 'llvm'",
               [&] { static_cast<void>(program.text(Stage::llvm)); });
}

/// A folder of a CUDA toolkit whose nvdisasm is the given script.
class FakeToolkit {
 public:
  explicit FakeToolkit(const std::string& script)
      : folder_(testing::TempDir() + "sinter-toolkit-" + std::to_string(getpid())) {
    std::filesystem::create_directories(folder_ + "/bin");
    const std::string file = folder_ + "/bin/nvdisasm";
    std::ofstream(file) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    setenv("CUDA_HOME", folder_.c_str(), 1);
  }
  ~FakeToolkit() {
    unsetenv("CUDA_HOME");
    std::filesystem::remove_all(folder_);
  }
  FakeToolkit(const FakeToolkit&) = delete;
  FakeToolkit& operator=(const FakeToolkit&) = delete;

 private:
  std::string folder_;
};

TEST_F(CudaEngine, ShowsMachineCodeByTheToolkitsDisassembler) {
  const Engine engine = make_engine();
  const Executable program = engine.compile(make_leaky(100));
  {
    const FakeToolkit toolkit("echo '// SASS'; cat \"$1\"");
    const std::string text = program.text(Stage::sass);
    EXPECT_TRUE(text.starts_with("// SASS\n")) << text;
    EXPECT_NE(text.find("__global__"), std::string::npos)
        << "nvdisasm should get the image from NVRTC: " << text;
  }
  const FakeToolkit broken("echo no such architecture >&2; exit 3");
  expect_error(ErrorCode::internal, "/bin/nvdisasm fails: no such architecture",
               [&] { static_cast<void>(program.text(Stage::sass)); });
}

TEST_F(CudaEngine, ShowsMachineCodeThoughSignalsInterrupt) {
  const Engine engine = make_engine();
  const Executable program = engine.compile(make_leaky(100));
  static volatile std::sig_atomic_t interrupted = 0;
  struct sigaction count{};
  struct sigaction before{};
  count.sa_handler = [](int) { interrupted = interrupted + 1; };  // without SA_RESTART
  sigaction(SIGALRM, &count, &before);
  const itimerval often{{0, 5000}, {0, 5000}};
  setitimer(ITIMER_REAL, &often, nullptr);
  const FakeToolkit toolkit("echo first; sleep 0.2; echo last; exec >&- 2>&-; sleep 0.2");
  const std::string text = program.text(Stage::sass);
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &before, nullptr);
  EXPECT_EQ(text, "first\nlast\n");
  EXPECT_GT(interrupted, 0);
}

TEST_F(CudaEngine, ADisassemblerInheritsNothingButItsOutput) {
  const Engine engine = make_engine();
  const std::string list_pipes =
      "for f in /proc/$$/fd/*; do case ${f##*/} in 0|1|2) ;; *) case $(readlink $f) in pipe*) echo "
      "$f;; esac;; esac; done | sed 's/[0-9]*.fd/fd/'";
  std::string of_host;  // pipes that the parent process left open
  std::FILE* shell = popen(list_pipes.c_str(), "r");
  ASSERT_NE(shell, nullptr);
  for (int c = 0; (c = std::fgetc(shell)) != EOF;) of_host += static_cast<char>(c);
  pclose(shell);
  const FakeToolkit toolkit(list_pipes);
  EXPECT_EQ(engine.compile(make_leaky(100)).text(Stage::sass), of_host);
}

TEST(Disassemble, NamesEveryPathThatWasTried) {
  const auto environment = [](const char* name) {
    const std::string asked = name;
    if (asked == "CUDA_HOME") return std::string("/nowhere/cuda");
    return asked == "PATH" ? std::string("/nowhere/a::/nowhere/b") : std::string();
  };
  const std::vector<std::string> files = detail::disassemblers(environment);
  const std::vector<std::string> first(files.begin(), files.begin() + 6);
  EXPECT_EQ(first,
            (std::vector<std::string>{"/nowhere/cuda/bin/nvdisasm", "/nowhere/cuda/bin/cuobjdump",
                                      "/nowhere/a/nvdisasm", "/nowhere/a/cuobjdump",
                                      "/nowhere/b/nvdisasm", "/nowhere/b/cuobjdump"}));
}

TEST_F(CudaEngine, DumpsWhatItCanShow) {
  std::string log;
  setenv("SINTER_DUMP", "llvm,cuda", 1);
  const Engine engine(EngineOptions{.device = Device::cuda(0),
                                    .log = [&](std::string_view message) { log += message; }});
  unsetenv("SINTER_DUMP");
  static_cast<void>(engine.compile(make_leaky(100)));
  EXPECT_NE(log.find("it has no stage 'llvm'"), std::string::npos) << log;
  EXPECT_NE(log.find("__global__"), std::string::npos) << log;
}

TEST_F(CudaEngine, ShowsWhatAGpuWouldGetOnACpu) {
  const Engine engine;
  const Executable program = engine.compile(make_leaky(100));
  EXPECT_NE(program.text(Stage::cuda).find("__global__"), std::string::npos);
  EXPECT_TRUE(program.text(Stage::ptx).starts_with("// PTX"));
}

/// A captured stream refuses some driver calls. The first run makes all of them, so later runs can
/// be captured.
TEST_F(CudaEngine, LaterRunsMakeNoCallThatACaptureRefuses) {
  const Engine engine = make_engine();
  const Graph graph = several_kernels();
  const DeviceTensors tensors(engine, graph, make_inputs(graph));
  const Executable program = engine.compile(graph, {.fuse = Fuse::none});
  program.run(tensors.in, tensors.out);
  fake.reset();
  program.run(tensors.in, tensors.out);
  EXPECT_EQ(fake.calls("cuLaunchKernel"), program.kernels());
  for (const char* refused : {"cuModuleLoadData", "cuModuleGetFunction", "cuMemAlloc_v2",
                              "cuMemcpyHtoD_v2", "cuMemcpyDtoH_v2", "cuDevicePrimaryCtxRetain"}) {
    EXPECT_EQ(fake.calls(refused), 0) << refused;
  }
}

}  // namespace
}  // namespace sinter::test
