// A program that uses the measuring library.
#include <sinter/bench/measure.h>
#include <sinter/sinter.h>
#include <iostream>

int main() {
  sinter::Graph graph;
  graph.output("y", graph.input("x", sinter::DType::f32, {1024}).leaky_relu());
  std::cout << sinter::bench::measure(sinter::Engine(), graph, {.timing = {.rounds = 3}});
}
