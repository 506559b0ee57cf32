// Stage::graph of a program parses to the graph that was compiled.
#include <sinter/ir/text.h>

#include "fixtures.h"
#include "support/fuzz.h"

namespace sinter::test {
namespace {

/// Includes the strides of outputs and inputs, and donations.
TEST(GraphText, ReadsBackToTheGraphThatWasCompiled) {
  const Engine engine({.threads = 1});
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    RandomGraphOptions options;
    options.max_ops = 4;
    options.max_elements = 64;
    options.random_strides = true;
    Graph graph = random_graph(seed, options);
    if (seed % 2 == 0) graph.donate(graph.value(graph.inputs()[0].node));
    const std::string text = engine.compile(graph).text(Stage::graph);
    ASSERT_EQ(text, print(graph)) << "seed " << seed;
    const Graph read = parse(text);
    ASSERT_EQ(print(read), text) << "seed " << seed;
    for (std::size_t i = 0; i < read.outputs().size(); ++i) {
      ASSERT_EQ(read.outputs()[i].strides, graph.outputs()[i].strides) << "seed " << seed;
    }
  }
}

TEST(GraphText, HasTheNumbersOfItsOwnProgram) {
  const Engine engine({.threads = 1});
  const auto make = [](double slope) {
    Graph graph;
    const Value x = graph.input("x", DType::f32, {2, 3});
    graph.output("y", x.leaky_relu(slope), {1, 4});
    return graph;
  };
  const std::string first = engine.compile(make(0.1)).text(Stage::graph);
  const std::string second = engine.compile(make(0.2)).text(Stage::graph);
  EXPECT_EQ(first, print(make(0.1)));
  EXPECT_EQ(second, print(make(0.2)));
  EXPECT_NE(second.find("strides [1, 4]"), std::string::npos) << second;
}

TEST(GraphText, OfADumpIsThatOfTheProgram) {
  setenv("SINTER_DUMP", "graph", 1);
  std::string dumped;
  const Engine engine({.threads = 1, .log = [&](std::string_view text) { dumped = text; }});
  unsetenv("SINTER_DUMP");
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {2, 3}).relu(), {1, 4});
  (void)engine.compile(graph);
  EXPECT_EQ(dumped, "sinter: graph\n" + print(graph));
}

TEST(GraphText, AnotherNumberOfParametersIsRefused) {
  const Graph graph = make_leaky(4);
  const double values[] = {0.1, 0.2};
  expect_error(ErrorCode::invalid_argument, "clone: 2 values for the 1 parameters of a graph",
               [&] { (void)graph.clone(values); });
  EXPECT_EQ(graph.clone(std::span(values).last(1)).parameters()[0], 0.2);
  EXPECT_EQ(graph.parameters()[0], 0.1);
}

}  // namespace
}  // namespace sinter::test
