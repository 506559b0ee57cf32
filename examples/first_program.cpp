// The first program: a graph of three ops becomes one fused kernel, which runs on the caller's
// memory.
#include <iostream>
#include <vector>

#include <sinter/sinter.h>
using namespace sinter;

int main() {
  const int rows = 3;
  std::vector<float> xs = {-2, -1, 0, 1, 2, 3, -4, -5, -6, 7, 8, 9};
  std::vector<float> bs = {1, 0, -1, 0};
  std::vector<float> ys(xs.size());

  Graph graph;
  Value x = graph.input("x", DType::f32, {rows, 4});
  Value bias = graph.input("bias", DType::f32, {4});
  graph.output("y", (x + bias).leaky_relu(0.2) * 0.5);

  Engine engine;
  Executable program = engine.compile(graph);
  program.run({view(xs, {rows, 4}), view(bs, {4})}, {view(ys, {rows, 4})});
  for (float y : ys) std::cout << y << ' ';
  std::cout << '\n';

  // The same computation as a function: traced on each call, compiled once and then cached.
  double slope = 0.2;
  auto f = engine.function([&](Value a, Value b) { return (a + b).leaky_relu(slope) * 0.5; });
  f({view(xs, {rows, 4}), view(bs, {4})}, {view(ys, {rows, 4})});
  for (float y : ys) std::cout << y << ' ';
  std::cout << "\nkernels made: " << engine.stats().kernels.misses
            << ", compiled: " << engine.stats().code.misses << '\n';
}
