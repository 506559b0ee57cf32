// Errors of a GPU's driver, compiler, memory and contexts, and uses after they are destroyed.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>

#include "cuda_engine.h"
#include "device_tensors.h"
#include "runtime/fixtures.h"
#include "support/expect_error.h"
#include "support/fuzz.h"

namespace sinter::test {
namespace {

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
               "/nowhere/libcuda.so.1: no such file",
               make);
  setenv("SINTER_LIBCUDA", "libm.so.6", 1);
  expect_error(ErrorCode::unsupported, "it has no cuInit", make);
}

TEST_F(CudaEngine, NamesTheOldestDeviceThatIsServed) {
  fake.set_capability(70);
  expect_error(ErrorCode::unsupported,
               "the device has compute capability 7.0; NVRTC 13.0, " + FakeCuda::path() +
                   " supports sm_75 and newer",
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

/// Makes an engine, compiles, runs and binds a program, and checks the results.
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

/// The message names the device, the driver, the compiler and a file with the source, and contains
/// the compiler's log.
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

TEST_F(CudaEngine, ReportsAKernelFaultOnce) {
  const Engine engine = make_engine();
  const Graph graph = make_leaky(100);
  const DeviceTensors tensors(engine, graph, make_inputs(graph));
  const Executable program = engine.compile(graph);
  program.run(tensors.in, tensors.out);
  fake.fail("cuMemcpyDtoH_v2", 700);
  const auto read = [&] { static_cast<void>(tensors.results()); };
  expect_error(
      ErrorCode::internal,
      "A kernel failed while it ran. The last kernel that sinter launched was sinter_kernel "
      "in 1 blocks of 256 threads",
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
  expect_error(
      ErrorCode::internal,
      "The context in which this object was made was destroyed: compile, bind and allocate "
      "in the current context",
      [&] { call(); });
  fake.reset();
  call();
  expect_equal(tensors.results(), interpret(graph, inputs));
}

/// The driver may give a new context the address of a destroyed one.
TEST_F(CudaEngine, DistinguishesANewContextAtTheAddressOfAnOldOne) {
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
      expect_error(ErrorCode::internal, "The context in which this object was made was destroyed",
                   use);
    }
    fake.reset();
  }
  EXPECT_EQ(fake.calls("cuMemFree_v2"), 0)
      << "memory that was destroyed with its context was freed again";
  void* popped = nullptr;
  fake.pop_context(&popped);
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

/// One object of each kind that keeps the device open.
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
  EXPECT_EQ(status, 0) << "number of driver calls in the child";
}

/// Destroyed after the driver has ended. Static objects are destroyed in reverse order of
/// construction, and the driver starts after this object was constructed.
std::optional<Held> held_to_the_end;

TEST_F(CudaEngine, CallsNothingAfterTheDriverHasEnded) {
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
