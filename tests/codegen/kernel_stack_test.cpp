// Stack usage of compiled kernels, read from their object files: no kernel takes more than
// kKernelStackBytes. Local memories that do not fit on the stack lie in the call's scratch block.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/LEB128.h>
#include <llvm/Target/TargetMachine.h>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/llvm.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

#include "product_kernels.h"
#include "reduction_kernels.h"
#include "support/fuzz.h"

namespace sinter::test {
namespace {

/// Bytes of the stack frame of the only function of an object. Its section .stack_sizes holds the
/// function's address, followed by the frame size as a LEB128 number.
std::uint64_t frame_bytes(const std::string& object) {
  const auto file = llvm::cantFail(
      llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "kernel")));
  for (const llvm::object::SectionRef& section : file->sections()) {
    if (llvm::cantFail(section.getName()) != ".stack_sizes") continue;
    const llvm::StringRef contents = llvm::cantFail(section.getContents());
    return llvm::decodeULEB128(contents.bytes_begin() + sizeof(std::uint64_t));
  }
  ADD_FAILURE() << "the object has no section .stack_sizes";
  return 0;
}

std::int64_t bytes_of_locals(const LoopNest& nest) {
  std::int64_t bytes = 0;
  for (const Argument& argument : nest.arguments) {
    bytes += std::int64_t{argument.local} * info(argument.dtype).bytes;
  }
  return bytes;
}

class Targets {
 public:
  Targets() {
    for (const char* name : {"x86-64-v3", "x86-64-v4", "aarch64"}) {
      targets_.push_back(Target::parse(name));
      machines_.push_back(make_target_machine(targets_.back()));
      machines_.back()->Options.EmitStackSizeSection = true;
    }
  }

  /// Checks the kernel of a body on every target. Returns the most bytes of scratch that a target
  /// needs.
  std::int64_t check(const Graph& body, const std::string& name) {
    std::int64_t scratch = 0;
    const LoopSpace space = collapse(body);
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      for (const bool streaming : {false, true}) {
        const LoopNest nest = schedule_cpu(body, space, targets_[i], {.streaming = streaming});
        verify(nest);
        llvm::LLVMContext context;
        const auto module = emit_llvm(nest, targets_[i], "kernel", context);
        constexpr std::uint64_t kReturnAddress = 8;
        const std::uint64_t bytes =
            kReturnAddress + frame_bytes(emit_object(*module, *machines_[i]));
        EXPECT_LE(bytes, static_cast<std::uint64_t>(kKernelStackBytes))
            << name << " on " << targets_[i].name << "\n"
            << print(nest);
        if (nest.locals_in_scratch) {
          EXPECT_GE(scratch_bytes(nest), bytes_of_locals(nest))
              << "local memories overlap in scratch";
        }
        scratch = std::max(scratch, scratch_bytes(nest));
        most_ = std::max(most_, bytes);
      }
    }
    return scratch;
  }
  std::int64_t check_one_kernel(const Graph& graph, const std::string& name) {
    const Graph wide = widen(graph, Rounding::at_store);
    return check(expand(wide, wide.parameters()), name);
  }
  /// Checks all kernels of the plan. Returns the most bytes of scratch that a kernel needs.
  std::int64_t check_plan(const Graph& graph, const std::string& name) {
    PlanLimits limits = targets_[0].plan_limits();
    limits.chunked_bytes = 1;
    const Plan plan = plan_graph(widen(graph, Rounding::at_store), limits, Fuse::all);
    std::int64_t scratch = 0;
    for (const PlanKernel& kernel : plan.kernels) {
      std::vector<double> values;
      for (const std::uint32_t i : kernel.parameters) values.push_back(plan.graph.parameters()[i]);
      const Graph body = simplify(expand(kernel.body, values));
      if (collapse(body).inner_extent() == 0) continue;
      scratch = std::max(scratch, check(body, name));
    }
    return scratch;
  }
  [[nodiscard]] std::uint64_t most() const { return most_; }

 private:
  std::vector<Target> targets_;
  std::vector<std::unique_ptr<llvm::TargetMachine>> machines_;
  std::uint64_t most_ = 0;
};

TEST(KernelStack, OfElementwiseKernels) {
  Targets targets;
  for (const NamedKernel& kernel : all_kernels()) {
    const std::int64_t scratch = targets.check_one_kernel(kernel.make(100), kernel.name);
    EXPECT_TRUE(scratch == 0 || kernel.name == "transposed") << kernel.name << ": " << scratch;
  }
}

TEST(KernelStack, OfReductions) {
  Targets targets;
  for (const NamedKernel& kernel : reduction_kernels()) {
    for (const std::int64_t n : {7, 100, 5000}) {
      targets.check_one_kernel(kernel.make(n), kernel.name + " of " + std::to_string(n));
    }
  }
  EXPECT_EQ(targets.check_one_kernel(total_kernel(1 << 20), "total"), 0)
      << "one sum needs no scratch";
}

TEST(KernelStack, OfProducts) {
  Targets targets;
  constexpr std::array<LayerShape, 4> kShapes{
      {{64, 64, 64}, {3, 500, 600, true, false}, {200, 200, 1100, false, true}, {14, 70, 33}}};
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    for (const LayerShape& shape : kShapes) {
      const Graph graph = dense_layer(shape, dtype);
      EXPECT_GT(targets.check_plan(graph, shape.text()), 0) << "packed blocks should be in scratch";
    }
  }
  targets.check_plan(many_matrices(20, 40), "many matrices");
  targets.check_one_kernel(reduced_layer_kernel(90), "reduced layer");
}

// --- Kernels with as many values as the planner allows in one ------------------------------------

/// A chain of 95 steps, each with constants of its own.
Graph many_numbers(DType dtype) {
  Graph graph;
  Value y = graph.input("x", dtype, {1000});
  for (int i = 0; i < 95; ++i) y = y.clamp(-1 - i, i + 1) + (2 * i + 1) % 100;
  graph.output("y", y);
  return graph;
}

/// Ninety products of two row values (one number per row), each used once per element.
Graph many_row_values() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {50, 1000});
  std::vector<Value> rows;
  for (int i = 0; i < 15; ++i) {
    rows.push_back(graph.input("row" + std::to_string(i), DType::f32, {50, 1}));
  }
  Value y = x;
  for (std::size_t i = 0; i < 90; ++i) y = y * (rows[i % 15] * rows[(i * 7 + i / 15) % 15]) + x;
  graph.output("y", y);
  return graph;
}

Graph many_outputs() {
  Graph graph;
  std::vector<Value> x;
  for (int i = 0; i < 11; ++i) {
    x.push_back(graph.input("x" + std::to_string(i), DType::f32, {1000}));
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    graph.output("y" + std::to_string(i), x[i] * x[(i + 1) % 11] + x[(i + 5) % 11].tanh());
  }
  return graph;
}

/// 60 sums along `axis`, added up to one output. With `numbers`, the summands are a chain of
/// clamps, otherwise multiples of x.
Graph many_sums(const Shape& shape, int axis, bool numbers) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, shape);
  Value total = x.sum(axis);
  Value y = x;
  for (int i = 1; i < 60; ++i) {
    y = numbers ? y.clamp(-1 - i, i + 1) * (i + 0.5) : x * (i + 0.5);
    total = total + y.sum(axis);
  }
  graph.output("total", total);
  return graph;
}

/// 22 outputs that are row sums, and one output with the length of the row.
Graph many_sum_outputs(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {40, n});
  Value y = x;
  for (int i = 0; i < 22; ++i) {
    y = y.clamp(-1 - i, i + 1) * (i + 0.5) + x;
    graph.output("y" + std::to_string(i), y.sum(-1));
  }
  graph.output("last", y - y.mean(-1, true));
  return graph;
}

/// A product with long prologues of both operands and a long epilogue.
Graph long_product(std::int64_t k) {
  Graph graph;
  Value a = graph.input("a", DType::f32, {100, k});
  Value b = graph.input("b", DType::f32, {k, 100});
  for (int i = 0; i < 40; ++i) {
    a = a * (i + 0.5) + 0.25 * i;
    b = b * (i + 1.5) + 0.75 * i;
  }
  Value y = a.mm(b);
  for (int i = 0; i < 90; ++i) y = y * (i + 0.25) + 0.5 * i;
  graph.output("y", y);
  graph.output("sum", y.sum(-1));
  return graph;
}

TEST(KernelStack, OfKernelsWithManyValues) {
  Targets targets;
  for (const DType dtype : {DType::f32, DType::f16, DType::i8}) {
    targets.check_plan(many_numbers(dtype), "numbers of " + std::string(to_string(dtype)));
  }
  targets.check_plan(many_row_values(), "row values");
  targets.check_plan(many_outputs(), "outputs");
  for (const bool numbers : {false, true}) {
    for (const std::int64_t n : {1000, 40000}) {
      targets.check_plan(many_sums({40, n}, 1, numbers), "sums of " + std::to_string(n));
      targets.check_plan(many_sums({n, 40}, 0, numbers), "column sums of " + std::to_string(n));
    }
  }
  for (const std::int64_t n : {30, 5000}) {
    targets.check_plan(many_sum_outputs(n), "outputs that are sums of " + std::to_string(n));
  }
  targets.check_plan(long_product(700), "product");
  EXPECT_GT(targets.most(), 4096U) << "none of these kernels spills";
}

TEST(KernelStack, OfRandomKernels) {
  Targets targets;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    RandomGraphOptions options;
    options.max_ops = seed % 3 == 0 ? 120 : 30;
    options.max_elements = 5000;
    options.products = seed % 4 == 0;
    options.random_strides = seed % 5 == 0;
    targets.check_plan(random_graph(seed, options), "seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace sinter::test
