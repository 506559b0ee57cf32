// The LLVM emitter: the text of its IR, attributes and flags that the IR never has, and the
// instructions that it compiles to.
#include <string>

#include <gtest/gtest.h>

#include <sinter/codegen/llvm.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>

#include "codegen/kernels.h"
#include "support/golden.h"

namespace sinter {
namespace {

Graph leaky_relu(double slope = 0.01) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {1000}).leaky_relu(slope));
  return graph;
}

LoopNest nest_of(const Graph& graph, const Target& target, bool streaming = false) {
  const Graph body = expand(graph, graph.parameters());
  return schedule_cpu(body, collapse(body), target, {.streaming = streaming});
}

std::string ir_of(const Graph& graph, const Target& target, bool streaming = false) {
  return llvm_text(nest_of(graph, target, streaming), target, "kernel");
}

std::string assembly_of(const Graph& graph, const Target& target) {
  return assembly_text(nest_of(graph, target), target, "kernel");
}

std::vector<Target> targets() { return {Target::parse("x86-64-v3"), Target::parse("x86-64-v4")}; }

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

TEST(LlvmEmitter, MakesThisIr) {
  for (const Target& target : targets()) {
    test::expect_golden("llvm/leaky_relu_" + target.name + ".txt", ir_of(leaky_relu(), target));
  }
}

TEST(LlvmEmitter, NeverAllowsOtherBits) {
  int checked = 0;
  for (const test::SeededGraph& kernel : test::random_kernels(100, false)) {
    const Graph graph = widen(kernel.graph, Rounding::at_store);
    for (const Target& target : targets()) {
      const std::string text = ir_of(graph, target);
      ++checked;
      for (const char* word : {" fast ", " contract ", " nnan ", " ninf ", " nsz ", " reassoc ",
                               " arcp ", " afn ", "noalias", "invariant"}) {
        EXPECT_EQ(text.find(word), std::string::npos) << word << " in\n" << text;
      }
      // Every call is a call of an intrinsic.
      EXPECT_EQ(count(text, "call "), count(text, "@llvm.") - count(text, "declare ")) << text;
    }
  }
  EXPECT_GT(checked, 50);
}

TEST(LlvmEmitter, TurnsTheMaxFormIntoOneInstruction) {
  for (const Target& target : targets()) {
    const std::string max_form = assembly_of(leaky_relu(0.01), target);
    EXPECT_NE(max_form.find("vmaxps"), std::string::npos) << max_form;
    EXPECT_EQ(max_form.find("vcmp"), std::string::npos) << max_form;
    EXPECT_EQ(assembly_of(leaky_relu(2), target).find("vmaxps"), std::string::npos);
  }
}

TEST(LlvmEmitter, FencesStreamingStores) {
  for (const Target& target : targets()) {
    EXPECT_NE(ir_of(leaky_relu(), target, true).find("sfence"), std::string::npos);
    EXPECT_EQ(ir_of(leaky_relu(), target, false).find("sfence"), std::string::npos);
  }
}

TEST(LlvmEmitter, GivesTheSameTextForTheSameNest) {
  const Target target = Target::parse("x86-64-v4");
  EXPECT_EQ(ir_of(leaky_relu(), target), ir_of(leaky_relu(0.3), target))
      << "slopes of one class give the same nest";
}

}  // namespace
}  // namespace sinter
