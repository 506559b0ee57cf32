// A fixed set of kernels, made for AArch64 and run under qemu-user: the bits are the interpreter's.
#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "codegen/kernels.h"
#include "cross.h"
#include "support/fuzz.h"
#include "support/op_uses.h"

namespace sinter::test {
namespace {

class AArch64 : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = why_not_aarch64();
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
};

void add_primitive(AArch64Calls& calls, const OpUse& use, bool one_by_one) {
  const std::vector<TensorData> grid = operand_grid(use);
  calls.add(text(use), graph_of(use, grid[0].shape), grid, {.one_by_one = one_by_one});
}

TEST_F(AArch64, PrimitivesEqualTheInterpreterInVectors) {
  AArch64Calls calls;
  for (const OpUse& use : uses_of(OpKind::primitive)) add_primitive(calls, use, false);
  calls.run();
}

TEST_F(AArch64, PrimitivesEqualTheInterpreterInScalars) {
  AArch64Calls calls;
  for (const OpUse& use : uses_of(OpKind::primitive)) add_primitive(calls, use, true);
  calls.run();
}

TEST_F(AArch64, CompositesEqualTheInterpreter) {
  AArch64Calls calls;
  for (const OpUse& use : uses_of(OpKind::composite)) add_primitive(calls, use, false);
  calls.run();
}

constexpr std::int64_t kLongest = 40;

TEST_F(AArch64, LeakyReluAndTheChainAtEveryLength) {
  AArch64Calls calls;
  for (const DType dtype : {DType::f32, DType::f64, DType::f16, DType::bf16}) {
    for (std::int64_t n = 0; n <= kLongest; ++n) {
      for (const Graph& graph : {leaky_relu_kernel(n, dtype), chain_kernel(n, dtype)}) {
        const auto seed = static_cast<std::uint64_t>(n);
        calls.add(std::string(to_string(dtype)) + " of length " + std::to_string(n), graph,
                  random_inputs(graph, seed), {.streaming = n % 3 == 0, .offset = n % 5});
      }
    }
  }
  calls.run();
}

TEST_F(AArch64, EveryLayoutAtEveryLength) {
  AArch64Calls calls;
  for (const NamedKernel& kernel : all_kernels()) {
    for (std::int64_t n = 0; n <= kLongest; ++n) {
      const Graph graph = kernel.make(n);
      calls.add(kernel.name + " of length " + std::to_string(n), graph,
                random_inputs(graph, static_cast<std::uint64_t>(n)),
                {.streaming = n % 2 == 0, .offset = n % 3});
    }
  }
  calls.run();
}

TEST_F(AArch64, RandomGraphsOfEveryOp) {
  AArch64Calls calls;
  int kernels = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    RandomGraphOptions options;
    options.max_ops = 12;
    options.structural = false;
    options.random_strides = true;
    const Graph graph = random_graph(seed, options);
    // One kernel stores one shape.
    const Shape& shape = graph.shape(graph.outputs()[0].node);
    const bool alike = std::ranges::all_of(graph.outputs(), [&](const GraphOutput& output) {
      return graph.shape(output.node) == shape;
    });
    if (!alike) continue;
    calls.add("seed " + std::to_string(seed), graph, random_inputs(graph, seed));
    ++kernels;
  }
  EXPECT_GT(kernels, 50);
  calls.run();
}

}  // namespace
}  // namespace sinter::test
