// sinter_peer: times sinter for a peer that is not a C++ library. Reads workloads from standard
// input, one a line, and answers each with nanoseconds per call, the median of five samples. The
// peer's program alternates these requests with samples of its own, so that both see the same drift
// of the machine.
//
//   softmax ROWS COLUMNS     over each row of COLUMNS elements, f32, one thread
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include <sinter/bench/measure.h>
#include <sinter/bench/timing.h>
#include <sinter/runtime/engine.h>

namespace {

using namespace sinter;
using namespace sinter::bench;

Contestant softmax(const Engine& engine, const Shape& shape) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, shape).softmax());
  return bound_call("softmax", engine, graph);
}

}  // namespace

int main() {
  const Engine engine({.threads = 1});
  std::map<std::string, Contestant> known;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string workload;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    if (!(words >> workload >> rows >> columns) || workload != "softmax") {
      std::cerr << "sinter_peer: softmax ROWS COLUMNS, got '" << line << "'\n";
      return 2;
    }
    auto found = known.find(line);
    if (found == known.end()) found = known.emplace(line, softmax(engine, {rows, columns})).first;
    const Timing timing{.rounds = 5, .sample_seconds = 1e-3};
    std::cout << spread_of(interleave({&found->second, 1}, timing)[0]).median << std::endl;
  }
  return 0;
}
