// Engines for a GPU, on a driver and an NVRTC that are not NVIDIA's: see fake_cuda.cpp.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include <sinter/sinter.h>

#include "../../runtime/disassemble.h"
#include "both_forms.h"
#include "device_tensors.h"
#include "fake_cuda.h"
#include "runtime/fixtures.h"
#include "support/expect_error.h"
#include "support/fuzz.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

class CudaEngine : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(fake.context_depth(), 0) << "a context was left behind";
    EXPECT_EQ(fake.allocations(), 0) << "memory was left behind";
    EXPECT_EQ(fake.modules(), 0) << "a module was left behind";
    EXPECT_EQ(fake.primary_contexts(), 0) << "a primary context was left behind";
  }
  FakeCuda fake;
};

Engine make_engine() { return Engine(EngineOptions{.device = Device::cuda(0)}); }

/// Op by op, several kernels with temporaries between them.
Graph several_kernels() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {6, 40});
  graph.output("y", (x * 2 + 1).transpose() + 0.5);
  return graph;
}

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
  EXPECT_EQ(fake.calls("cuLaunchKernel"), 2) << "one kernel each";
}

/// A sum of many is one of few: the results of chunks, by many blocks.
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

/// The comparison that a device makes over all values, over a few.
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
    EXPECT_EQ(fake.calls("cuCtxPushCurrent_v2"), retained) << "no other context was needed";
    EXPECT_EQ(fake.calls("cuModuleLoadData"), loaded + 1) << "once a context";
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
  EXPECT_NE(program.text(Stage::loops).find("block i0"), std::string::npos);
  EXPECT_NE(program.text(Stage::cuda).find("__global__"), std::string::npos);
  EXPECT_TRUE(program.text(Stage::ptx).starts_with("// PTX"));
  expect_error(ErrorCode::unsupported,
               "the program is made for Fake GPU (cuda:0, compute capability 9.0, driver 13.0): it "
               "has no stage 'llvm'",
               [&] { static_cast<void>(program.text(Stage::llvm)); });
}

/// A folder of a toolkit whose disassembler is this script.
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
    EXPECT_NE(text.find("__global__"), std::string::npos) << "it reads what NVRTC made: " << text;
  }
  const FakeToolkit broken("echo no such architecture >&2; exit 3");
  expect_error(ErrorCode::internal, "/bin/nvdisasm fails: no such architecture",
               [&] { static_cast<void>(program.text(Stage::sass)); });
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

// --- What may be wrong ---------------------------------------------------------------------------

TEST_F(CudaEngine, SaysWhyThereIsNoDevice) {
  const auto make = [] { static_cast<void>(make_engine()); };
  fake.fail("cuInit", 34);
  expect_error(ErrorCode::unsupported, "no GPU: the library that was found is the toolkit's stub",
               make);
  fake.fail("cuInit", 100);
  expect_error(ErrorCode::unsupported, "no GPU: the driver knows of no device", make);
  fake.fail("cuInit", 3);
  expect_error(ErrorCode::unsupported, "no GPU: the driver does not start: FAKE_ERROR (3)", make);
  fake.reset();
  fake.set_devices(0);
  expect_error(ErrorCode::unsupported, "no GPU: the driver knows of no device", make);
  fake.set_devices(1);
  expect_error(ErrorCode::unsupported, "there is no device cuda:7: the driver knows of 1, cuda:0",
               [] { static_cast<void>(Engine(EngineOptions{.device = Device::cuda(7)})); });
  setenv("SINTER_LIBCUDA", "/nowhere/libcuda.so.1", 1);
  expect_error(ErrorCode::unsupported,
               "no GPU: NVIDIA's driver library, libcuda.so.1, was not found. Tried:\n  "
               "/nowhere/libcuda.so.1: not there",
               make);
  setenv("SINTER_LIBCUDA", "libm.so.6", 1);
  expect_error(ErrorCode::unsupported, "it has no cuInit", make);
}

TEST_F(CudaEngine, NamesTheOldestDeviceThatIsServed) {
  fake.set_capability(70);
  expect_error(ErrorCode::unsupported,
               "the device has compute capability 7.0; NVRTC 13.0, " + FakeCuda::path() +
                   " makes code for sm_75 on",
               [] { static_cast<void>(make_engine()); });
}

TEST_F(CudaEngine, LoadsPtxWhereMachineCodeIsRefused) {
  fake.refuse_machine_code();
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
  EXPECT_EQ(fake.calls("nvrtcCompileProgram"), 2);
}

TEST_F(CudaEngine, CompilesPtxForANewerDevice) {
  fake.set_capability(100);
  fake.refuse_machine_code();
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
  EXPECT_EQ(fake.calls("nvrtcCompileProgram"), 1);
}

TEST_F(CudaEngine, RefusesMemoryOfAnotherPlace) {
  const Engine engine = make_engine();
  const Engine other(EngineOptions{.device = Device::cuda(1)});
  const Engine cpu;
  const Graph graph = make_leaky(100);
  const std::vector<TensorData> inputs = make_inputs(graph);
  const DeviceTensors here(engine, graph, inputs);
  const DeviceTensors there(other, graph, inputs);
  std::vector<float> host(100);
  const Executable program = engine.compile(graph);
  expect_error(ErrorCode::invalid_buffer, "is host memory, the program runs on cuda:0",
               [&] { program.run({view(host, {100})}, {here.out[0]}); });
  expect_error(ErrorCode::invalid_buffer, "output 'y' at",
               [&] { static_cast<void>(program.bind({here.in[0]}, {view(host, {100})})); });
  expect_error(ErrorCode::invalid_buffer,
               "input 'x' is memory of cuda:1, the program runs on cuda:0",
               [&] { program.run({there.in[0]}, {here.out[0]}); });
  ConstTensorView untold = there.in[0];
  untold.device = Device::cpu();
  expect_error(ErrorCode::invalid_buffer, "is memory of cuda:1, the program runs on cuda:0",
               [&] { program.run({untold}, {here.out[0]}); });
  expect_error(ErrorCode::invalid_buffer, "input 'x' is memory of cuda:0, the program runs on cpu",
               [&] { cpu.compile(graph).run({here.in[0]}, {view(host, {100})}); });
  int stream = 0;
  expect_error(ErrorCode::invalid_argument, "RunOptions::stream is given", [&] {
    cpu.compile(graph).run({view(host, {100})}, {view(host, {100})}, {.stream = &stream});
  });
  expect_error(ErrorCode::unsupported, "this engine's programs run on a CPU",
               [&] { static_cast<void>(cpu.allocate(8)); });
  program.run(here.in, here.out);
  expect_equal(here.results(), interpret(graph, inputs));
}

TEST_F(CudaEngine, RefusesToCopyBeyondABuffer) {
  const DeviceBuffer buffer = make_engine().allocate(8);
  const std::vector<float> three(3);
  expect_error(ErrorCode::invalid_argument, "a copy of 12 bytes with a device buffer of 8",
               [&] { buffer.write(three); });
  expect_error(ErrorCode::invalid_buffer, "needs 3 elements, the range has 2",
               [&] { static_cast<void>(buffer.view(DType::f32, {3})); });
}

/// Everything that an engine does, from nothing to a result.
void do_everything() {
  const Engine engine = make_engine();
  const Graph graph = several_kernels();
  const std::vector<TensorData> inputs = make_inputs(graph);
  const DeviceTensors tensors(engine, graph, inputs);
  const Executable program = engine.compile(graph, {.fuse = Fuse::none});
  program.run(tensors.in, tensors.out);
  Call call = program.bind(tensors.in, tensors.out);
  call();
  expect_equal(tensors.results(), interpret(graph, inputs));
}

TEST_F(CudaEngine, ReportsEveryCallThatFailsAndStaysUsable) {
  for (const char* function : {"cuInit",
                               "cuDriverGetVersion",
                               "cuDeviceGetCount",
                               "cuDeviceGet",
                               "cuDeviceGetName",
                               "cuDeviceGetAttribute",
                               "cuDevicePrimaryCtxRetain",
                               "cuCtxGetCurrent",
                               "cuCtxPushCurrent_v2",
                               "cuModuleLoadData",
                               "cuModuleGetFunction",
                               "cuLaunchKernel",
                               "cuMemAlloc_v2",
                               "cuMemAllocAsync",
                               "cuMemcpyHtoD_v2",
                               "cuMemcpyDtoH_v2",
                               "cuPointerGetAttribute",
                               "nvrtcVersion",
                               "nvrtcGetNumSupportedArchs",
                               "nvrtcGetSupportedArchs",
                               "nvrtcCreateProgram",
                               "nvrtcCompileProgram",
                               "nvrtcGetCUBINSize",
                               "nvrtcGetCUBIN"}) {
    SCOPED_TRACE(function);
    fake.fail(function, 2);
    EXPECT_THROW(do_everything(), Error);
    EXPECT_GT(fake.calls(function), 0);
    fake.reset();
    EXPECT_EQ(fake.context_depth(), 0);
    EXPECT_EQ(fake.allocations(), 0);
    EXPECT_EQ(fake.modules(), 0);
  }
  do_everything();
}

TEST_F(CudaEngine, SaysWhatFailedAndWhere) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  const DeviceTensors tensors(engine, graph, make_inputs(graph));
  const Executable program = engine.compile(graph);
  fake.fail("cuLaunchKernel", 700);
  expect_error(ErrorCode::internal,
               "launching sinter_kernel in 1 blocks of 256 on Fake GPU (cuda:0, compute capability "
               "9.0, driver 13.0): FAKE_ERROR (700): as the test asked for",
               [&] { program.run(tensors.in, tensors.out); });
  fake.fail("cuMemAlloc_v2", 2);
  expect_error(ErrorCode::limit_exceeded, "allocating 1000000 bytes on Fake GPU",
               [&] { static_cast<void>(engine.allocate(1'000'000)); });
}

/// Device, driver, compiler, its log, and the file with the source, all in one.
TEST_F(CudaEngine, ShowsTheCompilersLog) {
  const Engine engine = make_engine();
  fake.fail("nvrtcCompileProgram", 6);
  const std::string message = error_of([&] { static_cast<void>(engine.compile(make_leaky(100))); });
  for (const std::string& words :
       {std::string(
            "Fake GPU (cuda:0, compute capability 9.0, driver 13.0): a kernel for sm_90 does "
            "not compile: NVRTC_FAKE_ERROR (NVRTC 13.0, "),
        FakeCuda::path(), std::string("the source is in "), std::string("the log")}) {
    EXPECT_NE(message.find(words), std::string::npos) << words << " is not in\n" << message;
  }
  const std::size_t at = message.find("the source is in ") + 17;
  EXPECT_TRUE(std::filesystem::remove(message.substr(at, message.find('\n', at) - at)));
}

TEST_F(CudaEngine, TellsOfAKernelsFaultOnce) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  const DeviceTensors tensors(engine, graph, make_inputs(graph));
  const Executable program = engine.compile(graph);
  program.run(tensors.in, tensors.out);
  fake.fail("cuMemcpyDtoH_v2", 700);
  const auto read = [&] { static_cast<void>(tensors.results()); };
  expect_error(ErrorCode::internal,
               "A kernel has failed while it ran; of sinter's, sinter_kernel in 1 blocks of 256 "
               "threads was the last to be launched",
               read);
  expect_error(ErrorCode::internal, "This fault of a kernel has been reported before", read);
  fake.reset();
  expect_as_interpreted_on_device(engine, graph, make_inputs(graph));
}

TEST_F(CudaEngine, SaysThatAContextIsGone) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  const std::vector<TensorData> inputs = make_inputs(graph);
  const DeviceTensors tensors(engine, graph, inputs);
  Call call = engine.compile(graph).bind(tensors.in, tensors.out);
  fake.fail("cuCtxPushCurrent_v2", 709);
  expect_error(ErrorCode::internal,
               "The context that this was made in is gone: compile, bind and allocate in the one "
               "that is there now",
               [&] { call(); });
  fake.reset();
  call();
  expect_equal(tensors.results(), interpret(graph, inputs));
}

/// Where the driver gives a new context the address of one that is gone.
TEST_F(CudaEngine, TellsAContextFromTheOneBeforeAtItsAddress) {
  const Engine engine = make_engine();
  const Graph graph = several_kernels();
  const std::vector<TensorData> inputs = make_inputs(graph);
  const Executable program = engine.compile(graph, {.fuse = Fuse::none});
  void* context = fake.make_context(0);
  fake.push_context(context);
  {
    const DeviceTensors before(engine, graph, inputs);
    Call call = program.bind(before.in, before.out);
    call();
    fake.replace_context(context);
    const int loaded = fake.calls("cuModuleLoadData");
    expect_as_interpreted_on_device(engine, graph, inputs, {.fuse = Fuse::none});
    EXPECT_EQ(fake.calls("cuModuleLoadData"), loaded + program.kernels());
    for (const auto& use : {std::function<void()>([&] { call(); }),
                            std::function<void()>([&] { static_cast<void>(before.results()); })}) {
      expect_error(ErrorCode::internal, "The context that this was made in is gone", use);
    }
    fake.reset();
  }
  EXPECT_EQ(fake.calls("cuMemFree_v2"), 0) << "what went with its context was freed once more";
  void* popped = nullptr;
  fake.pop_context(&popped);
}

/// What a stream that is captured into a graph refuses is done by the first run.
TEST_F(CudaEngine, RunsAgainWithNothingThatACaptureRefuses) {
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

TEST_F(CudaEngine, RefusesToRunInAForkedChild) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  const DeviceTensors tensors(engine, graph, make_inputs(graph));
  const Executable program = engine.compile(graph);
  const pid_t child = fork();
  if (child == 0) {
    const std::string error = error_of([&] { program.run(tensors.in, tensors.out); });
    _exit(error.find("was opened before a fork") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

/// Each holds the device in its own way.
struct Held {
  Engine engine = make_engine();
  Graph graph = several_kernels();
  DeviceTensors tensors{engine, graph, make_inputs(graph)};
  Executable program = engine.compile(graph, {.fuse = Fuse::none});
  Call call = program.bind(tensors.in, tensors.out);
};

TEST_F(CudaEngine, ReleasesNothingInAForkedChild) {
  std::optional<Held> held(std::in_place);
  held->program.run(held->tensors.in, held->tensors.out);
  const pid_t child = fork();
  if (child == 0) {
    fake.reset();
    held.reset();
    const int calls = fake.calls("cuMemFree_v2") + fake.calls("cuModuleUnload") +
                      fake.calls("cuCtxPushCurrent_v2") +
                      fake.calls("cuDevicePrimaryCtxRelease_v2");
    _exit(calls);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "calls of the driver";
}

/// Destroyed when the process has ended the driver: it is made long before that is begun.
std::optional<Held> held_to_the_end;

TEST_F(CudaEngine, AsksNothingOfADriverThatIsGone) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        held_to_the_end.emplace();
        held_to_the_end->program.run(held_to_the_end->tensors.in, held_to_the_end->tensors.out);
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sinter::test
