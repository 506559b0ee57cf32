// A fixed set of kernels, compiled for AArch64 and run under qemu-user. The bits are the
// interpreter's.
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/fuzz/portable_target.h>

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

/// What a new instruction set gets: every lowering is plain LLVM IR.
TEST_F(AArch64, PortableLoweringsEqualTheInterpreter) {
  AArch64Calls calls(fuzz::portable(Target::parse("aarch64")));
  for (const OpUse& use : uses_of(OpKind::primitive)) {
    add_primitive(calls, use, false);
    add_primitive(calls, use, true);
  }
  calls.run();
}

/// Vectors of integers are divided as floats. Tests all pairs of bytes, and as many pairs of 16 and
/// of 32 bits. In every second pair the dividend is at most 1 from a multiple of the divisor.
TEST_F(AArch64, DivisionsOfIntegers) {
  constexpr std::int64_t kPairs = 1 << 16;
  AArch64Calls calls;
  for (const DType dtype : {DType::i8, DType::u8, DType::i16, DType::i32}) {
    const bool bytes = info(dtype).bytes == 1;
    const std::int64_t values = std::int64_t{1} << (8 * info(dtype).bytes);
    const std::int64_t lowest = dtype == DType::u8 ? 0 : -values / 2;
    std::vector<double> dividends;
    std::vector<double> divisors;
    Random random(11);
    for (std::int64_t i = 0; i < kPairs; ++i) {
      const auto any = [&](std::int64_t byte) {
        return bytes ? lowest + byte : random.between(lowest, lowest + values - 1);
      };
      const std::int64_t divisor = any(i / 256) >> (bytes ? 0 : i % 16);
      std::int64_t dividend = any(i % 256);
      const bool near = !bytes && i % 2 == 0 && divisor != 0;
      if (near) dividend = dividend / divisor * divisor + i / 2 % 3 - 1;
      dividends.push_back(static_cast<double>(dividend));
      divisors.push_back(static_cast<double>(divisor));
    }
    Graph graph;
    const Value a = graph.input("a", dtype, {kPairs});
    const Value b = graph.input("b", dtype, {kPairs});
    graph.output("quotient", a / b);
    const std::vector<TensorData> inputs{tensor_of(dtype, dividends), tensor_of(dtype, divisors)};
    calls.add(std::string(to_string(dtype)), graph, inputs);
  }
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
  const std::vector<SeededGraph> kernels = random_kernels(200, true);
  for (const auto& [seed, graph] : kernels) {
    calls.add("seed " + std::to_string(seed), graph, random_inputs(graph, seed));
  }
  EXPECT_GT(kernels.size(), 50U);
  calls.run();
}

}  // namespace
}  // namespace sinter::test
