// The CUDA scheduler: its nests as text and as CUDA C, and the bits of their results.
#include <sinter/codegen/cuda.h>

#include <ostream>

#include <gtest/gtest.h>

#include <sinter/ir/passes.h>
#include <sinter/ir/reduction.h>
#include <sinter/ir/text.h>

#include "codegen/kernels.h"
#include "codegen/product_kernels.h"
#include "codegen/reduction_kernels.h"
#include "codegen/run_nest.h"
#include "support/golden.h"
#include "support/usual_inputs.h"

namespace sinter {
namespace {

using namespace test;

/// A device so small that a few thousand elements give each thread several vectors and exceed its
/// cache.
const GpuTarget kSmallDevice{
    .model = {.multiprocessors = 1, .threads = 64, .cache_bytes = 1 << 14}};

struct Scheduled {
  Graph body;
  LoopSpace space;
  LoopNest nest;
};

Scheduled schedule(const Graph& graph, const GpuTarget& target = {}) {
  Scheduled result{expand(graph, graph.parameters()), collapse(graph), {}};
  result.nest = schedule_cuda(result.body, result.space, target);
  verify(result.nest);
  return result;
}

// --- Nests and kernels as text -------------------------------------------------------------------

struct GoldenCase {
  std::string file;
  std::function<Graph()> make;
  friend void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.file; }
};

class CudaGolden : public testing::TestWithParam<GoldenCase> {};

TEST_P(CudaGolden, MakesTheseLoopsAndThisSource) {
  const Scheduled made = schedule(GetParam().make());
  expect_golden("cuda/" + GetParam().file + ".loops.txt", print(made.nest));
  expect_golden("cuda/" + GetParam().file + ".cu", emit_cuda(made.nest).source);
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, CudaGolden,
    testing::Values(
        GoldenCase{"leaky_relu", [] { return leaky_relu_kernel(1 << 26); }},
        GoldenCase{"leaky_relu_long", [] { return leaky_relu_kernel(std::int64_t{1} << 31); }},
        GoldenCase{"leaky_relu_short", [] { return leaky_relu_kernel(1 << 16); }},
        GoldenCase{"leaky_relu_f64", [] { return leaky_relu_kernel(1 << 26, DType::f64); }},
        GoldenCase{"chain", [] { return chain_kernel(1 << 26); }},
        GoldenCase{"digits", [] { return rows_kernel(64, 1797); }},
        GoldenCase{"row_scalars", [] { return row_scalars_kernel(33); }},
        GoldenCase{"rank3", [] { return rank3_kernel(50); }},
        GoldenCase{"mask", [] { return mask_kernel(1 << 26); }},
        GoldenCase{"f16", [] { return widened_kernel(1 << 26, DType::f16); }},
        GoldenCase{"bf16", [] { return widened_kernel(1 << 26, DType::bf16); }},
        GoldenCase{"gelu",
                   [] {
                     Graph graph;
                     const Value x = graph.input("x", DType::f32, {1 << 26});
                     graph.output("y", x.gelu());
                     return graph;
                   }},
        GoldenCase{"mixed", [] { return mixed_kernel(1 << 26); }},
        GoldenCase{"scattered", [] { return scattered_kernel(1 << 26); }},
        GoldenCase{"strided", [] { return strided_kernel(1 << 20); }},
        GoldenCase{"copies", [] { return copies_kernel(1 << 20); }},
        GoldenCase{"row_sum", [] { return row_sum_kernel(1024, DType::f32, 1 << 14); }},
        GoldenCase{"row_sum_odd", [] { return row_sum_kernel(1001, DType::f64, 100); }},
        GoldenCase{"total", [] { return total_kernel(1 << 23); }},
        GoldenCase{"softmax", [] { return softmax_kernel(1 << 13, DType::f32, 1 << 10); }},
        GoldenCase{"softmax_f16",
                   [] {
                     const Graph graph = softmax_kernel(1 << 10, DType::f16, 1 << 14);
                     return widen(graph, Rounding::at_store);
                   }},
        GoldenCase{"layer_norm", [] { return layer_norm_kernel(768, 1 << 14); }},
        GoldenCase{"column_mean", [] { return column_mean_kernel(1000, 1 << 12); }},
        GoldenCase{"layer",
                   [] { return product_body(dense_layer({2048, 600, 512, false, true})); }},
        GoldenCase{"layer_small_f16",
                   [] { return product_body(dense_layer({30, 10, 50}, DType::f16)); }}),
    [](const auto& instance) { return instance.param.file; });

// --- Bits ----------------------------------------------------------------------------------------

TEST(ScheduleCuda, EveryKernelEqualsTheInterpreterAtEveryLength) {
  for (const NamedKernel& kernel : all_kernels()) {
    for (const std::int64_t n : {0, 1, 3, 4, 7, 16, 40, 255, 256, 1000, 4096, 9000}) {
      SCOPED_TRACE(kernel.name + " of length " + std::to_string(n));
      const Graph graph = kernel.make(n);
      const Scheduled made = schedule(graph, kSmallDevice);
      const auto inputs = random_inputs(graph, static_cast<std::uint64_t>(n));
      expect_same_bits(graph, made.nest, made.space, inputs);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ScheduleCuda, MisalignedBuffersTakeSingleElements) {
  for (const NamedKernel& kernel : all_kernels()) {
    const Graph graph = kernel.make(4100);
    const Scheduled made = schedule(graph, kSmallDevice);
    const std::size_t buffers = graph.inputs().size() + graph.outputs().size();
    for (std::size_t moved = 0; moved < buffers; ++moved) {
      SCOPED_TRACE(kernel.name + " with argument " + std::to_string(moved) + " misaligned");
      std::vector<std::int64_t> offsets(buffers);
      offsets[moved] = 1;
      expect_same_bits(graph, made.nest, made.space, random_inputs(graph, 1), {offsets});
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ScheduleCuda, SpecializedNestsEqualTheInterpreter) {
  for (const NamedKernel& kernel : all_kernels()) {
    for (const std::int64_t n : {1, 32, 100, 2048}) {
      SCOPED_TRACE(kernel.name + " of length " + std::to_string(n));
      const Graph graph = kernel.make(n);
      const Scheduled made = schedule(graph, kSmallDevice);
      const LoopNest nest = specialize_shape(made.nest, made.space);
      verify(nest);
      expect_same_bits(graph, nest, made.space, random_inputs(graph, 3));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

/// Checks the nest as scheduled, and the nest specialised for its shape on misaligned buffers.
void expect_both_forms(const Graph& graph, const Scheduled& made,
                       const std::vector<TensorData>& inputs) {
  expect_same_bits(graph, made.nest, made.space, inputs);
  const LoopNest nest = specialize_shape(made.nest, made.space);
  verify(nest);
  const std::vector<std::int64_t> offsets(inputs.size() + graph.outputs().size(), 1);
  expect_same_bits(graph, nest, made.space, inputs, {offsets});
}

TEST(ScheduleCuda, EveryReductionEqualsTheInterpreterAtEveryLength) {
  for (const NamedKernel& kernel : reduction_kernels()) {
    for (const std::int64_t n : {0, 1, 15, 64, 65, 130, 2049}) {
      SCOPED_TRACE(kernel.name + " of length " + std::to_string(n));
      const Graph graph = widen(kernel.make(n), Rounding::at_store);
      const Scheduled made = schedule(graph, n % 2 == 0 ? GpuTarget{} : kSmallDevice);
      expect_both_forms(graph, made, random_inputs(graph, static_cast<std::uint64_t>(n)));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

/// The row is processed in parts. Each part reuses the memory that held the results of the part
/// before it.
TEST(ScheduleCuda, ARowOfMoreThanAChunkOfChunksEqualsTheInterpreter) {
  const std::int64_t chunk = chunk_elements(DType::f64, true);
  Graph graph;
  graph.output("y", graph.input("x", DType::f64, {chunk * chunk + 1}).sum());
  const Scheduled made = schedule(graph, kSmallDevice);
  expect_same_bits(graph, made.nest, made.space, random_inputs(graph, 5));
}

/// K of up to two tile depths and a remainder, every shape of tile, and the edges of tiles.
TEST(ScheduleCuda, ProductsEqualTheInterpreterInEveryLayout) {
  for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{1, 1, 0},
                                {1, 3, 1},
                                {3, 1, 33},
                                {2, 70, 15},
                                {9, 10, 16},
                                {17, 33, 17},
                                {64, 64, 32},
                                {130, 129, 40},
                                {129, 8, 5},
                                {1, 300, 34}}) {
    for (int turned = 0; turned < 4; ++turned) {
      const LayerShape shape{m, n, k, (turned & 1) != 0, (turned & 2) != 0};
      SCOPED_TRACE(shape.text());
      const Graph graph = product_body(dense_layer(shape));
      const Scheduled made = schedule(graph, turned % 2 == 0 ? GpuTarget{} : kSmallDevice);
      expect_both_forms(graph, made, usual_inputs(graph, 7));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ScheduleCuda, ProductsOfEveryKindEqualTheInterpreter) {
  std::vector<Graph> graphs;
  for (const DType dtype : {DType::f16, DType::bf16, DType::f64}) {
    graphs.push_back(dense_layer({35, 40, 21, true, true}, dtype));
  }
  for (const std::int64_t m : {1, 20}) graphs.push_back(many_matrices(m, 34));
  for (const Strides& strides :
       {Strides{1, 40}, Strides{-40, 1}, Strides{80, 2}, Strides{1, -40}}) {
    graphs.push_back(product_into(strides));
  }
  for (const Graph& graph : graphs) {
    const Graph body = product_body(graph);
    SCOPED_TRACE(print(body));
    const Scheduled made = schedule(body, kSmallDevice);
    expect_same_bits(body, made.nest, made.space, usual_inputs(body, 3));
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(ScheduleCuda, RandomGraphsEqualTheInterpreter) {
  const std::vector<SeededGraph> kernels = random_kernels(200, true);
  EXPECT_GT(kernels.size(), 50U);
  for (const auto& [seed, graph] : kernels) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Graph wide = widen(graph, Rounding::at_store);
    const Scheduled made = schedule(wide, kSmallDevice);
    expect_same_bits(wide, made.nest, made.space, random_inputs(graph, seed));
    if (testing::Test::HasFatalFailure()) return;
  }
}

// --- Choices of the scheduler --------------------------------------------------------------------

const Loop& first_loop(const Block& block) {
  for (const Statement& statement : block) {
    if (const Loop* loop = std::get_if<Loop>(&statement)) return *loop;
  }
  std::abort();
}

/// The loop over full tiles.
const Loop& main_loop(const LoopNest& nest) { return first_loop(first_loop(nest.body).body); }

TEST(ScheduleCuda, AccessesSixteenBytesOfTheWidestDType) {
  const auto lanes = [](const Graph& graph) { return main_loop(schedule(graph).nest).lanes; };
  EXPECT_EQ(lanes(leaky_relu_kernel(9)), 4);
  EXPECT_EQ(lanes(leaky_relu_kernel(9, DType::f64)), 2);
  EXPECT_EQ(lanes(widened_kernel(9, DType::f16)), 8);
  EXPECT_EQ(lanes(only_masks_kernel(9)), 16);
  EXPECT_EQ(lanes(mixed_kernel(9)), 2);
}

TEST(ScheduleCuda, VectorsStayWithinRows) {
  const auto lanes = [](std::int64_t n) { return main_loop(schedule(rank3_kernel(n)).nest).lanes; };
  EXPECT_EQ(lanes(64), 4);
  EXPECT_EQ(lanes(50), 2);
  EXPECT_EQ(lanes(33), 1);
}

TEST(ScheduleCuda, KeepsSixtyFourBytesInFlightWhereTheDeviceIsFull) {
  const auto unroll = [](const Graph& graph) { return main_loop(schedule(graph).nest).unroll; };
  EXPECT_EQ(unroll(leaky_relu_kernel(1 << 16)), 1);
  EXPECT_EQ(unroll(leaky_relu_kernel(1 << 26)), 4);
  EXPECT_EQ(unroll(chain_kernel(1 << 26)), 1);
  EXPECT_EQ(unroll(long_kernel(1 << 26)), 1);
}

TEST(ScheduleCuda, IndicesHave32BitsWhereEveryOffsetIsSmall) {
  const auto bits = [](const Graph& graph) { return schedule(graph).nest.index_bits; };
  constexpr std::int64_t kMany = std::int64_t{1} << 30;
  EXPECT_EQ(bits(leaky_relu_kernel(kMany - 1)), 32);
  EXPECT_EQ(bits(leaky_relu_kernel(kMany)), 64);
  EXPECT_EQ(bits(rows_kernel(1 << 15, 1 << 15)), 64)
      << "inputs that broadcast are small, but the output is large";
  EXPECT_EQ(bits(product_body(dense_layer({1 << 12, 1 << 12, 1 << 12}))), 32)
      << "no buffer has M * N * K elements";
  EXPECT_EQ(bits(product_body(dense_layer({1 << 15, 1 << 15, 8}))), 64);
  Graph far;
  far.output("y", far.input("x", DType::f32, {1000}, {-(kMany / 1000)}).neg());
  EXPECT_EQ(bits(far), 32);
  Graph further;
  further.output("y", further.input("x", DType::f32, {1000}, {-(kMany / 1000) - 1}).neg());
  EXPECT_EQ(bits(further), 64);
}

/// Number of rows and of columns of the tile of an m x n product with K = 64.
std::pair<std::int64_t, std::int64_t> tile_of(std::int64_t m, std::int64_t n, DType dtype) {
  const LoopNest nest = schedule(product_body(dense_layer({m, n, 64}, dtype))).nest;
  return {nest.tile_rows, nest.tile_columns};
}

TEST(ScheduleCuda, TilesFitTheShapeAndFillTheDevice) {
  using Tile = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(tile_of(4096, 4096, DType::f32), Tile(128, 128));
  EXPECT_EQ(tile_of(4096, 4096, DType::f64), Tile(128, 64));
  EXPECT_EQ(tile_of(1024, 1024, DType::f32), Tile(64, 64)) << "there must be at least 132 tiles";
  EXPECT_EQ(tile_of(256, 256, DType::f32), Tile(32, 32));
  EXPECT_EQ(tile_of(1 << 20, 10, DType::f32), Tile(256, 16));
  EXPECT_EQ(tile_of(1, 1 << 20, DType::f32), Tile(1, 256));
}

// --- Faults that are detected --------------------------------------------------------------------

/// The n-th statement of type T in a block.
template <typename T>
T& nth(Block& block, int n = 0) {
  for (Statement& candidate : block) {
    T* found = std::get_if<T>(&candidate);
    if (found != nullptr && n-- == 0) return *found;
  }
  std::abort();
}

/// Rows of three chunks each. The block loop contains a loop over teams, a barrier, and a loop that
/// every team runs.
Scheduled rows_of_chunks() { return schedule(row_sum_kernel(5000)); }

struct Fault {
  std::string name;
  std::string message;
  std::function<void(LoopNest& nest, Block& block)> plant;
  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }
};

const Fault kFaults[] = {
    {"BarrierInATeam", "all threads of a block come to a barrier",
     [](LoopNest&, Block& block) { nth<Loop>(block).body.emplace_back(Barrier{}); }},
    {"TeamsOfAThird", "a block has whole teams",
     [](LoopNest&, Block& block) { nth<Loop>(block).threads = 12; }},
    {"ThreadsOfNoTeam", "a thread loop has all threads of a block or a team",
     [](LoopNest&, Block& block) { nth<Loop>(nth<Loop>(block).body).threads = 8; }},
    {"StoreByEveryTeam", "a thread loop that every team runs stores nothing",
     [](LoopNest&, Block& block) {
       Loop& repeated = nth<Loop>(block, 1);
       repeated.body.emplace_back(Store{.value = nth<Load>(repeated.body).result,
                                        .argument = 1,
                                        .lanes = LaneStride::contiguous,
                                        .offset = repeated.variable,
                                        .lane_stride = {}});
     }},
    {"MaskedVector", "a masked thread loop has no contiguous vectors",
     [](LoopNest&, Block& block) {
       nth<Load>(nth<Loop>(block, 1).body).lanes = LaneStride::contiguous;
     }},
    {"LanesOfAnotherForm", "a loop that continues carried lanes has the same lanes",
     [](LoopNest&, Block& block) { nth<Loop>(nth<Loop>(block).body, 1).unroll = 2; }},
    {"LanesFoldedTwice", "a fold is the only use of the result of a carry",
     [](LoopNest& nest, Block& block) {
       Fold again = nth<Fold>(block);
       again.result.index = static_cast<std::uint32_t>(nest.values.size());
       nest.values.push_back({DType::f32});
       block.emplace_back(again);
     }},
};

class CudaVerifyDeathTest : public testing::TestWithParam<Fault> {};

TEST_P(CudaVerifyDeathTest, NamesTheFault) {
  LoopNest nest = rows_of_chunks().nest;
  GetParam().plant(nest, nth<Loop>(nest.body).body);
  EXPECT_DEATH(verify(nest), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Faults, CudaVerifyDeathTest, testing::ValuesIn(kFaults),
                         [](const auto& instance) { return instance.param.name; });

/// The block loop contains a serial loop over the depths of K, then the epilogue of full tiles and
/// that of partial tiles. Each depth stages both operands, waits at a barrier, accumulates, and
/// waits again.
Scheduled product_tiles() {
  return schedule(product_body(dense_layer({70, 72, 40})), kSmallDevice);
}

const Fault kProductFaults[] = {
    {"SumsThatStartAgain", "a thread loop continues what the serial loop around it carries",
     [](LoopNest&, Block& block) {
       Loop& depths = nth<Loop>(block);
       nth<Loop>(depths.body, 2).carried[0].first = depths.carried[0].first;
     }},
    {"SumsOfAnotherForm", "a loop that continues carried lanes has the same lanes",
     [](LoopNest&, Block& block) { nth<Loop>(block, 1).unroll *= 2; }},
    {"MoreThanALoop", "a serial loop stands alone in a thread loop of several elements",
     [](LoopNest&, Block& block) {
       Loop& tile = nth<Loop>(nth<Loop>(block).body, 2);
       Loop again = nth<Loop>(tile.body);
       tile.body.emplace_back(std::move(again));
     }},
    {"LimitsWithoutAMask", "limits are those of masked thread loops",
     [](LoopNest&, Block& block) { nth<Loop>(block, 2).masked = false; }},
    {"StagedByEveryTeam", "a thread loop that every team runs stores nothing",
     [](LoopNest&, Block& block) { nth<Loop>(nth<Loop>(block).body).threads = 16; }},
};

class CudaProductVerifyDeathTest : public testing::TestWithParam<Fault> {};

TEST_P(CudaProductVerifyDeathTest, NamesTheFault) {
  LoopNest nest = product_tiles().nest;
  GetParam().plant(nest, nth<Loop>(nest.body).body);
  EXPECT_DEATH(verify(nest), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(Faults, CudaProductVerifyDeathTest, testing::ValuesIn(kProductFaults),
                         [](const auto& instance) { return instance.param.name; });

/// Removes each of the two barriers of a depth: before accumulation, and before the next depth.
TEST(ScheduleCudaDeathTest, TilesThatDoNotWaitAreARace) {
  const Graph graph = product_body(dense_layer({70, 72, 40}));
  for (const int barrier : {0, 1}) {
    Scheduled made = product_tiles();
    Block& depth = nth<Loop>(nth<Loop>(made.nest.body).body).body;
    int at = 0;
    std::erase_if(depth, [&](const Statement& statement) {
      return std::holds_alternative<Barrier>(statement) && at++ == barrier;
    });
    EXPECT_DEATH(expect_same_bits(graph, made.nest, made.space, random_inputs(graph, 1)),
                 "a barrier separates conflicting accesses of threads to an element");
  }
}

TEST(ScheduleCudaDeathTest, ThreadsThatDoNotWaitAreARace) {
  const Graph graph = row_sum_kernel(5000);
  Scheduled made = rows_of_chunks();
  std::erase_if(nth<Loop>(made.nest.body).body, [](const Statement& statement) {
    return std::holds_alternative<Barrier>(statement);
  });
  EXPECT_DEATH(expect_same_bits(graph, made.nest, made.space, random_inputs(graph, 1)),
               "a barrier separates conflicting accesses of threads to an element");
}

}  // namespace
}  // namespace sinter
