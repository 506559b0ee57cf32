// A program on a sinter built without LLVM. SINTER_LIBCUDA names the fake driver of its GPU.
#include <iostream>
#include <vector>

#include <sinter/sinter.h>

using namespace sinter;

namespace {

/// Message of the Error that `work` throws, or "".
std::string error_of(auto&& work) {
  try {
    work();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

bool refuses_a_cpu() {
  const std::string error = error_of([] { Engine engine; });
  std::cout << error << "\n";
  return error.find("built without LLVM (SINTER_CPU=OFF)") != std::string::npos;
}

bool reduces_on_a_gpu() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {2, 5000});
  graph.output("y", (x * 0.5).sum(-1));
  const Engine engine({.device = Device::cuda(0)});
  std::vector<float> in(10'000, 1.0F);
  std::vector<float> out(2);
  const DeviceBuffer device_x = engine.allocate(in.size() * sizeof(float));
  const DeviceBuffer device_y = engine.allocate(out.size() * sizeof(float));
  device_x.write(in);
  engine.compile(graph).run({device_x.view(DType::f32, {2, 5000})},
                            {device_y.view(DType::f32, {2})});
  device_y.read(out);
  std::cout << out[0] << " " << out[1] << "\n";
  return out[0] == 2500.0F && out[1] == 2500.0F;
}

}  // namespace

int main() { return refuses_a_cpu() && reduces_on_a_gpu() ? 0 : 1; }
