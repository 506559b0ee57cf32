// A program on a libsinter.so without its module. SINTER_LIBCUDA names the fake driver of its GPU.
//
//   without_llvm           kernels for CPUs are refused, and run on a GPU
//   without_llvm module    SINTER_LLVM_MODULE names a module of another build tree: it compiles
//   them without_llvm fork      SINTER_LLVM_MODULE names a file that takes a second to open: a
//   child that
//                          is forked meanwhile is told that it cannot compile, and does not hang
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sinter/sinter.h>

using namespace sinter;

namespace {

Graph rows() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 5000});
  graph.output("y", (x * 0.5).sum(-1));
  return graph;
}

/// True if compiling for a CPU throws Error(unsupported) with these words.
bool refuses_a_cpu(std::string_view words) {
  const Engine engine;
  try {
    static_cast<void>(engine.compile(rows()));
  } catch (const Error& error) {
    std::cout << error.what() << std::endl;
    return error.code() == ErrorCode::unsupported &&
           std::string_view(error.what()).find(words) != std::string_view::npos;
  }
  return false;
}

bool refuses_in_a_child() {
  std::thread loading([] { static_cast<void>(refuses_a_cpu("is no module of sinter")); });
  usleep(300'000);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(refuses_a_cpu("was forked while another thread of its parent loaded") ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  loading.join();
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool reduces_on_a_gpu() {
  const Engine engine({.device = Device::cuda(0)});
  std::vector<float> in(10'000, 1.0F);
  std::vector<float> out(2);
  const DeviceBuffer device_x = engine.allocate(in.size() * sizeof(float));
  const DeviceBuffer device_y = engine.allocate(out.size() * sizeof(float));
  device_x.write(in);
  engine.compile(rows()).run({device_x.view(DType::f32, {2, 5000})},
                             {device_y.view(DType::f32, {2})});
  device_y.read(out);
  std::cout << out[0] << " " << out[1] << "\n";
  return out[0] == 2500.0F && out[1] == 2500.0F;
}

bool reduces_on_a_cpu() {
  const std::vector<float> in(10'000, 1.0F);
  std::vector<float> out(2);
  Engine().compile(rows()).run({view(in, {2, 5000})}, {view(out, {2})});
  return out[0] == 2500.0F && out[1] == 2500.0F;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string mode = count > 1 ? arguments[1] : "";
  if (mode == "module") return reduces_on_a_cpu() ? 0 : 1;
  if (mode == "fork") return refuses_in_a_child() ? 0 : 1;
  return refuses_a_cpu("libsinter-llvm.so.0.1: no such file") && reduces_on_a_gpu() ? 0 : 1;
}
