// A program that uses the rooms as static libraries: prints a graph, its loops and its LLVM IR.
#include <sinter/codegen/llvm.h>
#include <sinter/codegen/schedule.h>
#include <sinter/sinter.h>
#include <iostream>

int main() {
  sinter::Graph graph;
  graph.output("y", graph.input("x", sinter::DType::f32, {8}).leaky_relu());
  const sinter::Graph body = sinter::expand(graph, graph.parameters());
  const sinter::Target target = sinter::host_target();
  const sinter::LoopNest nest = sinter::schedule_cpu(body, sinter::collapse(body), target);
  std::cout << sinter::print(graph) << sinter::print(nest)
            << sinter::llvm_text(nest, target, "kernel");
}
