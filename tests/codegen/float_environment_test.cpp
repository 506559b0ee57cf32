// Every public function of this room gives the same results in each floating-point environment of
// the caller.
#include <gtest/gtest.h>

#include <sinter/codegen/cuda.h>
#include <sinter/codegen/llvm.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>

#include "kernels.h"
#include "run_nest.h"
#include "support/float_entries.h"

namespace sinter::test {
namespace {

/// y = tanh((x * 0.1 + 1e-40) * (1 / 3)), expanded.
Graph kernel_of_numbers() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {40});
  const Value tiny = x.constant(1e-40);
  const Value third = x.constant(1.0 / 3);
  graph.output("y", x.mul(0.1).add(tiny).mul(third).tanh());
  return expand(graph, graph.parameters());
}

TEST(InEveryFloatMode, CodeIsAlike) {
  const Graph body = kernel_of_numbers();
  const LoopSpace space = collapse(body);
  const Target target = Target::parse("x86-64-v3");
  const LoopNest nest = schedule_cpu(body, space, target);
  const LoopNest gpu = schedule_cuda(body, space, {});
  const std::vector<FloatEntry> entries{
      {"schedule_cpu", [&] { return print(schedule_cpu(body, space, target)); }},
      {"schedule_cuda", [&] { return print(schedule_cuda(body, space, {})); }},
      {"specialize_shape", [&] { return print(specialize_shape(nest, space)); }},
      {"print", [&] { return print(nest); }},
      {"emit_cuda", [&] { return emit_cuda(gpu).source; }},
      {"llvm_text", [&] { return llvm_text(nest, target, "kernel"); }},
      {"assembly_text", [&] { return assembly_text(nest, target, "kernel"); }},
      {"object_bytes", [&] { return object_bytes(nest, target, "kernel"); }},
  };
  expect_same_in_all_modes(entries);
}

TEST(InEveryFloatMode, NestsAreInterpretedAlike) {
  const Graph body = kernel_of_numbers();
  const LoopSpace space = collapse(body);
  const LoopNest nest = schedule_cpu(body, space, Target::parse("x86-64-v3"));
  std::vector<float> x(40);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) * 1e-39F;
  const std::uint64_t slots[] = {element_bits(0.1, DType::f32)};
  const std::vector<FloatEntry> entries{
      {"interpret", [&] {
         std::vector<float> y(40);
         void* const buffers[] = {x.data(), y.data()};
         interpret(nest, {buffers, space.extents.data(), space.strides.data(), slots}, 0,
                   space.parallel_extent());
         return std::string(reinterpret_cast<const char*>(y.data()), 160);
       }}};
  expect_same_in_all_modes(entries);
}

}  // namespace
}  // namespace sinter::test
