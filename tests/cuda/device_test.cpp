// Engines on a GPU of this machine: the bits are the interpreter's. Skipped without a GPU.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "both_forms.h"
#include "capturing_driver.h"
#include "codegen/kernels.h"
#include "codegen/product_kernels.h"
#include "conversions.h"
#include "device_tensors.h"
#include "support/op_uses.h"
#include "support/usual_inputs.h"

namespace sinter::test {
namespace {

class OnDevice : public testing::Test {
 protected:
  void SetUp() override {
    try {
      engine.emplace(EngineOptions{.device = Device::cuda(0)});
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
  std::optional<Engine> engine;
};

TEST_F(OnDevice, PrimitivesEqualTheInterpreter) {
  for (const OpUse& use : uses_of(OpKind::primitive)) {
    SCOPED_TRACE(text(use));
    const std::vector<TensorData> grid = operand_grid(use);
    expect_as_interpreted_on_device(*engine, graph_of(use, grid[0].shape), grid);
  }
}

TEST_F(OnDevice, CompositesEqualTheInterpreter) {
  for (const OpUse& use : uses_of(OpKind::composite)) {
    SCOPED_TRACE(text(use));
    const std::vector<TensorData> grid = operand_grid(use);
    const Graph graph = graph_of(use, grid[0].shape);
    expect_as_interpreted_on_device(*engine, graph, std::span(grid).first(graph.inputs().size()));
  }
}

TEST_F(OnDevice, ConversionsOfSixteenBitsRoundEveryTie) {
  for (const auto& [use, input] : conversions()) {
    SCOPED_TRACE(text(use));
    expect_as_interpreted_on_device(*engine, graph_of(use, input.shape), std::span(&input, 1));
  }
}

/// The hardware conversions equal the integer form of the helpers for all values.
TEST_F(OnDevice, ConversionsEqualTheIntegerFormOverAllValues) {
  const BothForms both(Device::cuda(0));
  for (const DType narrow : {DType::f16, DType::bf16}) {
    EXPECT_EQ(both.first_difference(DType::f32, narrow, std::uint64_t{1} << 32, 1 << 26), -1);
    EXPECT_EQ(both.first_difference(narrow, DType::f32, 1 << 16, 1 << 16), -1);
  }
}

TEST_F(OnDevice, EveryLayoutAtManyLengths) {
  for (const NamedKernel& kernel : all_kernels()) {
    for (const std::int64_t n : {0, 1, 7, 40, 1023, 4096, 9000, 1 << 20}) {
      SCOPED_TRACE(kernel.name + " of length " + std::to_string(n));
      const Graph graph = kernel.make(n);
      std::vector<TensorData> inputs = random_inputs(graph, static_cast<std::uint64_t>(n));
      settle_on_strides(graph, inputs);
      expect_as_interpreted_on_device(*engine, graph, inputs);
    }
  }
}

TEST_F(OnDevice, ProductsOfEveryShapeInEveryLayout) {
  for (const std::int64_t m : {1, 3, 64, 130}) {
    for (const std::int64_t n : {1, 10, 33, 128, 300}) {
      for (const std::int64_t k : {0, 1, 16, 250}) {
        const int turned = static_cast<int>((m + n + k) % 4);
        const LayerShape shape{m, n, k, (turned & 1) != 0, (turned & 2) != 0};
        SCOPED_TRACE(shape.text());
        const Graph graph = dense_layer(shape, n == 33 ? DType::f64 : DType::f32);
        expect_as_interpreted_on_device(*engine, graph, usual_inputs(graph, 1));
      }
    }
  }
}

TEST_F(OnDevice, RandomGraphs) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomGraphOptions options;
    options.random_strides = seed % 3 == 0;
    options.products = seed % 4 == 0;
    const Graph graph = random_graph(seed, options);
    std::vector<TensorData> inputs = random_inputs(graph, seed);
    settle_on_strides(graph, inputs);
    const Specialize specialize =
        seed % 5 == 0 ? Specialize::shape | Specialize::scalars : Specialize::none;
    expect_as_interpreted_on_device(*engine, graph, inputs, {.specialize = specialize});
  }
}

TEST_F(OnDevice, MisalignedViewsTakeSingleElements) {
  constexpr std::int64_t kLength = 100'000;
  const Graph graph = leaky_relu_kernel(kLength);
  const std::vector<TensorData> inputs = random_inputs(graph, 1);
  const DeviceBuffer x = engine->allocate((kLength + 1) * sizeof(float));
  const DeviceBuffer y = engine->allocate((kLength + 1) * sizeof(float));
  std::vector<float> host(kLength + 1);
  std::ranges::copy(inputs[0].as<float>(), host.begin() + 1);
  x.write(host);
  const ConstTensorView in{static_cast<const float*>(x.data()) + 1, DType::f32, {kLength}, {}};
  const TensorView out{static_cast<float*>(y.data()) + 1, DType::f32, {kLength}, {}};
  Call call = engine->compile(graph).bind({in}, {out});
  call();
  y.read(host);
  const TensorData got =
      TensorData::from<float>({kLength}, std::span(std::as_const(host)).subspan(1));
  EXPECT_EQ(first_difference(got, interpret(graph, inputs)[0]), -1);
}

/// Captures the second run, because the first run loads kernels. The test calls the driver's
/// functions for captures itself: sinter uses none of them.
TEST_F(OnDevice, RunsInACapturedStream) {
  const CapturingDriver driver;
  Graph graph;
  const Value x = graph.input("x", DType::f32, {6, 40});
  graph.output("y", (x * 2 + 1).transpose() + 0.5);
  const std::vector<TensorData> inputs = random_inputs(graph, 1);
  const DeviceTensors tensors(*engine, graph, inputs);
  const Executable program = engine->compile(graph, {.fuse = Fuse::none});
  program.run(tensors.in, tensors.out);
  expect_equal(tensors.results(), interpret(graph, inputs));
  for (const DeviceBuffer& buffer : tensors.buffers) {
    if (buffer.data() == tensors.out[0].data) buffer.write(std::vector<std::byte>(buffer.bytes()));
  }
  driver.replay([&](void* stream) { program.run(tensors.in, tensors.out, {.stream = stream}); });
  expect_equal(tensors.results(), interpret(graph, inputs));
}

TEST_F(OnDevice, RefusesHostMemory) {
  std::vector<float> host(100);
  const Executable program = engine->compile(leaky_relu_kernel(100));
  EXPECT_NE(error_of([&] {
              program.run({view(host, {100})}, {view(host, {100})});
            }).find("is host memory"),
            std::string::npos);
}

}  // namespace
}  // namespace sinter::test
