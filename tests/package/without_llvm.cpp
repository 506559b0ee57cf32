// A program on a libsinter.so without its module. SINTER_LIBCUDA names the fake driver of its GPU.
//
//   without_llvm           kernels for CPUs are refused, and run on a GPU
//   without_llvm module    SINTER_LLVM_MODULE names a module of another build tree: they are
//   compiled
#include <iostream>
#include <string_view>
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

bool refuses_a_cpu() {
  const Engine engine;
  try {
    static_cast<void>(engine.compile(rows()));
  } catch (const Error& error) {
    std::cout << error.what() << "\n";
    return error.code() == ErrorCode::unsupported &&
           std::string_view(error.what()).find("libsinter-llvm.so.0.1: no such file") !=
               std::string_view::npos;
  }
  return false;
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

int main(int count, char**) {
  const bool right = count > 1 ? reduces_on_a_cpu() : refuses_a_cpu() && reduces_on_a_gpu();
  return right ? 0 : 1;
}
