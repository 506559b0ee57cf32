// Kernels for a GPU as the host runs them: the bits are the interpreter's.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>

#include "codegen/kernels.h"
#include "codegen/product_kernels.h"
#include "codegen/reduction_kernels.h"
#include "conversions.h"
#include "host_kernels.h"
#include "support/fuzz.h"
#include "support/op_uses.h"
#include "support/usual_inputs.h"

namespace sinter::test {
namespace {

/// Elements of a full tile of bytes: 256 threads with 16 elements each. Inputs are longer, so that
/// there is a remainder.
constexpr std::size_t kWholeTile = 4096;

/// Repeats `row` until it has more than `count` elements.
TensorData repeated(const TensorData& row, std::size_t count) {
  const auto length = static_cast<std::size_t>(row.shape.elements());
  const std::size_t times = count / length + 1;
  TensorData data = TensorData::zeros(row.dtype, {times * length});
  for (std::size_t i = 0; i < times; ++i) {
    std::ranges::copy(row.bytes,
                      data.bytes.begin() + static_cast<std::ptrdiff_t>(i * row.bytes.size()));
  }
  return data;
}

TEST(HostKernels, PrimitivesEqualTheInterpreter) {
  HostCalls calls;
  for (const OpUse& use : uses_of(OpKind::primitive)) {
    std::vector<TensorData> grid;
    for (const TensorData& row : operand_grid(use)) grid.push_back(repeated(row, kWholeTile));
    calls.add(text(use), graph_of(use, grid[0].shape), grid);
  }
  calls.run();
}

TEST(HostKernels, CompositesEqualTheInterpreter) {
  HostCalls calls;
  for (const OpUse& use : uses_of(OpKind::composite)) {
    std::vector<TensorData> grid;
    for (const TensorData& row : operand_grid(use)) grid.push_back(repeated(row, kWholeTile));
    const Graph graph = graph_of(use, grid[0].shape);
    calls.add(text(use), graph, std::span(grid).first(graph.inputs().size()));
  }
  calls.run();
}

TEST(HostKernels, ConversionsOfSixteenBitsRoundEveryTie) {
  HostCalls calls;
  for (const auto& [use, input] : conversions()) {
    calls.add(text(use), graph_of(use, input.shape), std::span(&input, 1));
  }
  calls.run();
}

TEST(HostKernels, EveryLayoutAtEveryLength) {
  HostCalls calls;
  std::vector<std::int64_t> lengths;
  for (std::int64_t n = 0; n <= 40; ++n) lengths.push_back(n);
  for (std::int64_t n : {1000, 1023, 1024, 1025, 2050, 4096, 4104, 8191, 9000}) {
    lengths.push_back(n);
  }
  for (const NamedKernel& kernel : all_kernels()) {
    for (const std::int64_t n : lengths) {
      const Graph graph = kernel.make(n);
      calls.add(kernel.name + " of length " + std::to_string(n), graph,
                random_inputs(graph, static_cast<std::uint64_t>(n)),
                {.offset = n % 3, .wide = n % 2 == 0});
    }
  }
  calls.run();
}

TEST(HostKernels, EveryReductionAtEveryLength) {
  HostCalls calls;
  for (const NamedKernel& kernel : reduction_kernels()) {
    for (const std::int64_t n : {0, 1, 15, 65, 130, 2049}) {
      const Graph graph = kernel.make(n);
      calls.add(kernel.name + " of length " + std::to_string(n), graph,
                random_inputs(graph, static_cast<std::uint64_t>(n)),
                {.offset = n % 3, .specialize = n == 65, .wide = n == 2049});
    }
  }
  calls.run();
}

/// Long enough that the results of chunks are themselves reduced by chunks.
TEST(HostKernels, ReductionsOfManyChunks) {
  HostCalls calls;
  const auto add = [&](const std::string& name, const Graph& graph) {
    calls.add(name, graph, random_inputs(graph, 1));
  };
  add("total", total_kernel((1 << 20) + 5, DType::f64));
  add("two levels of columns", column_mean_kernel(1030, 3));
  add("three levels of columns", column_mean_kernel(33000, 2));
  add("a long row", row_sum_kernel(40000, DType::f32, 1));
  Graph parts;
  const Value x = parts.input("x", DType::f64, {(1 << 20) + 3000});
  parts.output("y", detail::to_chunks(Op::reduce_sum, x, {0}, 1 << 20));
  add("chunks that are reduced by chunks", parts);
  calls.run();
}

/// Every reduction of every dtype, over rows and over columns.
TEST(HostKernels, ReductionsEqualTheInterpreter) {
  HostCalls calls;
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::reduction) continue;
    for (const DTypeInfo& type : all_dtypes()) {
      if ((row.rule == DTypeRule::logical) != (type.dtype == DType::boolean)) continue;
      for (const Dims& axes : {Dims{0}, Dims{1}, Dims{2}}) {
        Graph graph;
        const Value x = graph.input("x", type.dtype, {3, 70, 300});
        Attributes attributes;
        attributes.lists = {axes, Dims{1}};
        graph.output("y", Value::apply(row.op, std::span(&x, 1), attributes));
        calls.add(std::string(row.name) + " of " + std::string(type.name), graph,
                  random_inputs(graph, 5));
      }
    }
  }
  calls.run();
}

/// Tiles of many shapes and their edges, every layout and dtype, prologues and epilogues.
TEST(HostKernels, ProductsEqualTheInterpreter) {
  HostCalls calls;
  const auto add = [&](const std::string& name, const Graph& graph,
                       const HostCallOptions& options = {}) {
    const Graph body = product_body(graph);
    calls.add(name, body, usual_inputs(body, 5), options);
  };
  const LayerShape shapes[] = {{1, 1, 0},   {1, 3, 1},    {3, 1, 33},   {2, 70, 15, false, true},
                               {9, 10, 16}, {17, 33, 17}, {64, 64, 32}, {130, 132, 40, true, true},
                               {129, 8, 5}, {1, 300, 34}, {65, 128, 16}};
  for (const LayerShape& shape : shapes) {
    const bool odd = shape.m % 2 != 0;
    add(shape.text(), dense_layer(shape),
        {.offset = odd ? 1 : 0, .specialize = shape.m == 9, .wide = shape.k == 40});
  }
  for (const DType dtype : {DType::f16, DType::bf16, DType::f64}) {
    for (int turned = 0; turned < 4; ++turned) {
      const LayerShape shape{35, 40, 21, (turned & 1) != 0, (turned & 2) != 0};
      add(shape.text() + " of " + std::string(to_string(dtype)), dense_layer(shape, dtype));
    }
  }
  for (const std::int64_t m : {1, 20}) add("matrices", many_matrices(m, 34));
  for (const Strides& strides : {Strides{1, 40}, Strides{-40, 1}, Strides{80, 2}}) {
    add("strides " + to_string(strides), product_into(strides));
  }
  calls.run();
}

TEST(HostKernels, SpecializedKernels) {
  HostCalls calls;
  for (const NamedKernel& kernel : all_kernels()) {
    for (const std::int64_t n : {1, 40, 1025}) {
      const Graph graph = kernel.make(n);
      calls.add(kernel.name + " of length " + std::to_string(n), graph,
                random_inputs(graph, static_cast<std::uint64_t>(n)), {.specialize = true});
    }
  }
  calls.run();
}

TEST(HostKernels, RandomGraphsOfEveryOp) {
  HostCalls calls;
  const std::vector<SeededGraph> kernels = random_kernels(200, true);
  for (const auto& [seed, graph] : kernels) {
    calls.add("seed " + std::to_string(seed), graph, random_inputs(graph, seed));
  }
  EXPECT_GT(kernels.size(), 50U);
  calls.run();
}

/// The kernels of random graphs that contain a reduction or a product, with the ops fused into
/// them.
TEST(HostKernels, RandomReductionsAndProducts) {
  HostCalls calls;
  int reductions = 0;
  int products = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    RandomGraphOptions options;
    options.max_ops = 12;
    options.random_strides = seed % 2 == 0;
    options.products = seed % 12 == 0;
    const Graph graph = widen(random_graph(seed, options), Rounding::at_store);
    const Plan plan = plan_graph(graph, GpuTarget{}.plan_limits(), Fuse::all);
    for (const PlanKernel& kernel : plan.kernels) {
      const LoopSpace space = collapse(kernel.body);
      if (space.reduced == 0 && !space.product) continue;
      calls.add("seed " + std::to_string(seed), kernel.body, random_inputs(kernel.body, seed));
      ++(space.product ? products : reductions);
    }
  }
  EXPECT_GT(reductions, 30);
  EXPECT_GT(products, 5);
  calls.run();
}

}  // namespace
}  // namespace sinter::test
