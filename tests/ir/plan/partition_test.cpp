// Guarantees of partition: few kernels, limits kept, one store per element, a legal order, and the
// bits of the whole graph.
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>

#include <sinter/ir/passes.h>
#include "support/fuzz.h"
#include "support/golden.h"
#include "support/run_plan.h"

namespace sinter::test {
namespace {

constexpr PlanLimits kNoLimits{.arguments = 1 << 20, .operations = 1 << 20};

Graph digits_chain() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1797, 64});
  const Value mean = graph.input("mean", DType::f32, {64});
  const Value inv_std = graph.input("inv_std", DType::f32, {64});
  const Value residual = graph.input("residual", DType::f32, {1797, 64});
  graph.output("y", ((x - mean) * inv_std).leaky_relu(0.1) * 0.5 + residual);
  return graph;
}

/// Returns a chain of `depth` ops, each of which reads the previous one.
Graph chain(int depth) {
  Graph graph;
  Value value = graph.input("x", DType::f32, {8});
  for (int i = 0; i < depth; ++i) value = i % 2 == 0 ? value.leaky_relu(0.1) : value + 1;
  graph.output("y", value);
  return graph;
}

std::size_t count(const Plan& plan, PlanBuffer::Kind kind) {
  return static_cast<std::size_t>(std::ranges::count(plan.buffers, kind, &PlanBuffer::kind));
}

std::set<CutRule> rules(const Plan& plan) {
  std::set<CutRule> result;
  for (const PlanBuffer& buffer : plan.buffers) {
    if (buffer.kind != PlanBuffer::Kind::input) result.insert(buffer.rule);
  }
  return result;
}

int operations(const Graph& body) {
  return static_cast<int>(std::ranges::count_if(
      body.nodes(), [](const Node& node) { return info(node.op).kind != OpKind::leaf; }));
}

TEST(Partition, MakesOneKernelOfAnElementwiseChain) {
  const Plan plan = partition(digits_chain(), {}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 1U);
  EXPECT_EQ(plan.workspace_bytes, 0);
  expect_golden("plan/digits_chain.txt", print(plan));
}

TEST(Partition, WithoutFusionMakesOneKernelPerOp) {
  const Plan plan = partition(digits_chain(), {}, Fuse::none);
  EXPECT_EQ(plan.kernels.size(), 5U);
  EXPECT_EQ(rules(plan), (std::set{CutRule::output, CutRule::unfused}));
  for (const PlanKernel& kernel : plan.kernels) EXPECT_EQ(operations(kernel.body), 1);
  expect_golden("plan/digits_chain_unfused.txt", print(plan));
}

TEST(Partition, CutsWhereAKernelIsFullOfOps) {
  const Plan plan = partition(chain(10), {.arguments = 24, .operations = 4}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 3U);
  EXPECT_EQ(operations(plan.kernels[0].body), 4);
  EXPECT_EQ(operations(plan.kernels[2].body), 2);
  EXPECT_EQ(rules(plan), (std::set{CutRule::output, CutRule::operations}));
}

TEST(Partition, CutsWhereAKernelIsFullOfBuffers) {
  Graph graph;
  Value sum = graph.input("x0", DType::f32, {8});
  for (int i = 1; i < 10; ++i) {
    sum = sum + graph.input("x" + std::to_string(i), DType::f32, {8});
  }
  graph.output("y", sum);
  const Plan plan = partition(std::move(graph), {.arguments = 5, .operations = 192}, Fuse::all);
  // The first kernel takes 4 inputs, each later one the sum so far and 3 inputs.
  EXPECT_EQ(plan.kernels.size(), 3U);
  EXPECT_EQ(rules(plan), (std::set{CutRule::output, CutRule::arguments}));
}

TEST(Partition, FitsAnyOpWhateverTheLimits) {
  const Plan plan = partition(digits_chain(), {.arguments = 0, .operations = 0}, Fuse::all);
  EXPECT_EQ(plan.kernels.size(), 5U);
}

// --- The broadcast rule --------------------------------------------------------------------------

/// Plans x * row, where x has `rows` rows and `ops` pairs of ops (square, + 1) compute `row`.
Plan row_plan(int ops, std::int64_t rows, const Shape& row) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {rows, 64});
  Value value = graph.input("row", DType::f32, row);
  for (int i = 0; i < ops; ++i) value = value.square() + 1;
  graph.output("y", x * value);
  return partition(std::move(graph), {}, Fuse::all);
}

TEST(PartitionBroadcast, StoresARowThatCostsMoreThanReadingIt) {
  const Plan plan = row_plan(2, 100, {64});
  EXPECT_EQ(plan.kernels.size(), 2U);
  EXPECT_EQ(rules(plan), (std::set{CutRule::output, CutRule::broadcast}));
  expect_golden("plan/broadcast.txt", print(plan));
}

TEST(PartitionBroadcast, RematerialisesACheapRow) {
  EXPECT_EQ(row_plan(1, 100, {64}).kernels.size(), 1U);
}

TEST(PartitionBroadcast, RematerialisesARowThatFewRowsRead) {
  EXPECT_EQ(row_plan(8, 6, {64}).kernels.size(), 1U);
  EXPECT_EQ(row_plan(8, 7, {64}).kernels.size(), 2U);
}

TEST(PartitionBroadcast, LeavesAColumnToTheSchedulerWhichHoistsIt) {
  EXPECT_EQ(row_plan(8, 100, {100, 1}).kernels.size(), 1U);
  EXPECT_EQ(row_plan(8, 100, {1}).kernels.size(), 1U);
}

TEST(PartitionBroadcast, CountsDivisionsAndRootsAsExpensive) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {100, 64});
  const Value variance = graph.input("variance", DType::f32, {64});
  graph.output("y", x / (variance + 1e-5).sqrt());
  EXPECT_EQ(partition(std::move(graph), {}, Fuse::all).kernels.size(), 2U);
}

TEST(PartitionBroadcast, CountsTheRowsThatItStoresAsBuffers) {
  Graph graph;
  Value sum = graph.input("x", DType::f32, {100, 64});
  for (int i = 0; i < 12; ++i) {
    const Value row = graph.input("row" + std::to_string(i), DType::f32, {64});
    sum = sum + (row.square() + 1).sqrt();
  }
  graph.output("y", sum);
  const Plan plan = partition(std::move(graph), {.arguments = 12, .operations = 192}, Fuse::all);
  for (const PlanKernel& kernel : plan.kernels) {
    EXPECT_LE(kernel.inputs.size() + kernel.outputs.size(), 12U);
  }
}

TEST(Partition, ReadsAStoredOutputInsteadOfRematerialisingIt) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {4, 64});
  const Value row = graph.input("row", DType::f32, {64});
  const Value scaled = row * 2;
  graph.output("y", x + scaled);
  graph.output("scaled", scaled);
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 2U);
  EXPECT_EQ(operations(plan.kernels[1].body), 1);
}

// --- What shares a kernel ------------------------------------------------------------------------

TEST(PartitionSharing, PutsSiblingsIntoOneKernelWhereAnotherReductionIsBetween) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {64, 100});
  graph.output("highest", x.amax(1, true));
  graph.output("columns", x.sum(0, true));
  graph.output("total", x.sum(1, true));
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 2U) << print(plan);
  EXPECT_EQ(plan.kernels[0].outputs.size(), 2U);
}

TEST(PartitionSharing, StoresRowsAndTheirReductionsInOneKernel) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {8, 1000});
  const Value power = (x - x.amax(1, true)).exp();
  const Value total = power.sum(1, true);
  graph.output("power", power);
  graph.output("total", total);
  graph.output("y", power / total);
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 1U) << print(plan);
  EXPECT_EQ(plan.kernels[0].inputs.size(), 1U);
  EXPECT_EQ(plan.kernels[0].outputs.size(), 3U);
}

TEST(PartitionSharing, DropsAxesBesideTheRowsThatItStores) {
  Graph graph;
  const Value hidden = (graph.input("x", DType::f32, {8, 1000}) + 1).relu();
  graph.output("hidden", hidden);
  Attributes attributes;
  attributes.lists = {Dims{1}, Dims{0}};
  const Value total = Value::apply(Op::reduce_sum, std::span(&hidden, 1), attributes);
  graph.output("mean", total / 1000);
  EXPECT_EQ(partition(std::move(graph), {}, Fuse::all).kernels.size(), 1U);
}

/// Returns the number of temporaries of a plan in which two kernels reduce the same value of x,
/// which takes two cheap or two expensive ops.
std::size_t temporaries_between(bool dear) {
  Graph graph;
  Value value = graph.input("x", DType::f32, {64, 64});
  for (int i = 0; i < 2; ++i) value = dear ? value.exp() : value + 1;
  graph.output("rows", value.sum(1, true));
  graph.output("columns", value.sum(0, true));
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  EXPECT_EQ(plan.kernels.size(), 2U) << print(plan);
  return count(plan, PlanBuffer::Kind::temporary);
}

TEST(PartitionSharing, RematerialisesWhatCostsLessThanMemory) {
  EXPECT_EQ(temporaries_between(false), 0U);
  EXPECT_EQ(temporaries_between(true), 1U);
}

TEST(PartitionSharing, CutsAFullSegmentWhereLeastCrosses) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1024});
  Value value = x.relu();
  // After six ops only one value is live. From there to the end, three values are.
  for (int i = 0; i < 5; ++i) value = value.relu();
  const Value a = value * 2;
  const Value b = value * 3;
  const Value c = a + b;
  graph.output("y", ((c * a).max(c) + b) * c);
  const Plan plan = partition(std::move(graph), {.arguments = 24, .operations = 10}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 2U);
  EXPECT_EQ(operations(plan.kernels[0].body), 6) << print(plan);
  EXPECT_EQ(count(plan, PlanBuffer::Kind::temporary), 1U);
}

TEST(PartitionSharing, BoundsTheInstructionsOfItsComposites) {
  Graph graph;
  Value value = graph.input("x", DType::f32, {1024});
  for (int i = 0; i < 20; ++i) value = value.tanh();
  graph.output("y", value);
  const Plan plan = partition(std::move(graph), {.instructions = 250}, Fuse::all);
  EXPECT_GT(plan.kernels.size(), 1U);
  EXPECT_LT(plan.kernels.size(), 20U);
}

// --- Outputs -------------------------------------------------------------------------------------

TEST(PartitionOutputs, CopiesInputsParametersAndConstants) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {3});
  graph.output("x_again", x);
  graph.output("two", graph.parameter(2, DType::f64));
  graph.output("three", graph.constant(3, DType::f32));
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  expect_golden("plan/copies.txt", print(plan));
  const float values[] = {1, -2, 3};
  const auto outputs = run_plan(plan, {{TensorData::from<float>({3}, values)}});
  EXPECT_EQ(outputs[0].as<float>()[1], -2);
  EXPECT_EQ(outputs[1].as<double>()[0], 2);
  EXPECT_EQ(outputs[2].as<float>()[0], 3);
}

TEST(PartitionOutputs, StoresOneValueUnderTwoNamesInOneKernel) {
  Graph graph;
  const Value y = graph.input("x", DType::f32, {3}).relu();
  graph.output("a", y);
  graph.output("b", y);
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 1U);
  EXPECT_EQ(plan.kernels[0].outputs.size(), 2U);
  EXPECT_EQ(operations(plan.kernels[0].body), 1);
}

TEST(PartitionOutputs, CopiesAValueWithMoreNamesThanAKernelHasBuffers) {
  Graph graph;
  const Value y = graph.input("x", DType::f32, {3}).relu();
  for (int i = 0; i < 40; ++i) graph.output("y" + std::to_string(i), y);
  const Plan plan = partition(std::move(graph), {.arguments = 6, .operations = 8}, Fuse::all);
  for (const PlanKernel& kernel : plan.kernels) {
    EXPECT_LE(kernel.inputs.size() + kernel.outputs.size(), 6U);
  }
  const auto outputs = run_plan(plan, {{TensorData::zeros(DType::f32, {3})}});
  EXPECT_EQ(outputs.size(), 40U);
}

TEST(Partition, NeverComputesDeadOps) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {3});
  static_cast<void>(x.square());
  graph.output("y", x.relu());
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 1U);
  EXPECT_EQ(operations(plan.kernels[0].body), 1);
}

// --- Bodies --------------------------------------------------------------------------------------

TEST(PartitionBodies, HoldNoParameterValues) {
  const Plan plan = partition(digits_chain(), {}, Fuse::all);
  EXPECT_EQ(plan.kernels[0].parameters, (std::vector<std::uint32_t>{0, 1}));
  for (double value : plan.kernels[0].body.parameters()) EXPECT_NE(value, value);
}

TEST(PartitionBodies, AreEqualForKernelsThatDoTheSame) {
  // Four equal layers; where their buffers come from differs.
  const Plan plan = partition(chain(16), {.arguments = 24, .operations = 4}, Fuse::all);
  ASSERT_EQ(plan.kernels.size(), 4U);
  const GraphKey first = plan.kernels[0].body.key();
  for (const PlanKernel& kernel : plan.kernels) {
    EXPECT_TRUE(std::ranges::equal(kernel.body.key().bytes, first.bytes));
  }
}

TEST(PartitionBodies, KeepTheDeclaredStridesOfInputs) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {2, 3}, {1, 2}).relu());
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  EXPECT_EQ(plan.kernels[0].body.inputs()[0].strides, (Strides{1, 2}));
}

// --- Depth and width -----------------------------------------------------------------------------

TEST(Partition, TakesAChainOfAHundredThousandOps) {
  for (Fuse fuse : {Fuse::all, Fuse::none}) {
    const Plan plan = partition(chain(100'000), {}, fuse);
    EXPECT_EQ(plan.kernels.size(), fuse == Fuse::none ? 100'000U : 521U);
  }
}

TEST(Partition, TakesAHundredThousandInputsOfOneSum) {
  Graph graph;
  Value sum = graph.input("x0", DType::f32, {2});
  for (int i = 1; i < 100'000; ++i) {
    sum = sum + graph.input("x" + std::to_string(i), DType::f32, {2});
  }
  graph.output("y", sum);
  const Plan plan = partition(std::move(graph), {}, Fuse::all);
  EXPECT_EQ(plan.kernels.size(), (100'000U - 2) / 22 + 1);
}

// --- Random graphs -------------------------------------------------------------------------------

/// Checks that an operand reaches only elements of its buffer.
void check_inside(const Plan& plan, const PlanOperand& operand, const Shape& shape,
                  const Strides& strides) {
  const PlanBuffer& buffer = plan.buffers[operand.buffer.index];
  const Reach inside = reach(shape, strides);
  const Reach whole = reach(buffer.shape, buffer.strides);
  if (inside.elements() == 0) return;
  EXPECT_GE(operand.offset + inside.lowest, whole.lowest);
  EXPECT_LE(operand.offset + inside.end, whole.end);
}

/// Returns true if a kernel may write an output of `shape`. With reductions, that is the shape of a
/// reduction or of its operand; otherwise all outputs have the same shape.
bool is_of_kernel(const Graph& body, const Shape& shape) {
  bool reduces = false;
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    if (info(body.node({i}).op).kind != OpKind::reduction) continue;
    reduces = true;
    const bool left = shape == body.shape(NodeId{i});
    if (left || shape == body.shape(body.node({i}).operands[0])) return true;
  }
  return !reduces && shape == body.shape(body.outputs()[0].node);
}

void check_kernels(const Plan& plan, const PlanLimits& limits) {
  std::vector<std::int64_t> stores(plan.buffers.size());  // elements
  for (const PlanKernel& kernel : plan.kernels) {
    ASSERT_FALSE(kernel.outputs.empty());
    EXPECT_LE(static_cast<int>(kernel.inputs.size() + kernel.outputs.size()),
              std::max(limits.arguments, kMaxOperands + 1));
    EXPECT_LE(operations(kernel.body), std::max(limits.operations, 1));
    ASSERT_EQ(kernel.body.outputs().size(), kernel.outputs.size());
    for (std::size_t i = 0; i < kernel.outputs.size(); ++i) {
      const GraphOutput& written = kernel.body.outputs()[i];
      const Shape& shape = kernel.body.shape(written.node);
      EXPECT_TRUE(is_of_kernel(kernel.body, shape));
      check_inside(plan, kernel.outputs[i], shape, written.strides);
      stores[kernel.outputs[i].buffer.index] += shape.elements();
    }
    ASSERT_EQ(kernel.body.inputs().size(), kernel.inputs.size());
    for (std::size_t i = 0; i < kernel.inputs.size(); ++i) {
      const GraphInput& read = kernel.body.inputs()[i];
      check_inside(plan, kernel.inputs[i], kernel.body.shape(read.node), read.strides);
    }
    EXPECT_EQ(kernel.body.parameters().size(), kernel.parameters.size());
  }
  for (std::size_t i = 0; i < stores.size(); ++i) {
    const bool input = plan.buffers[i].kind == PlanBuffer::Kind::input;
    EXPECT_EQ(stores[i], input ? 0 : plan.buffers[i].shape.elements()) << "buffer " << i;
  }
}

std::int64_t bytes(const PlanBuffer& buffer) {
  return buffer.shape.elements() * info(buffer.dtype).bytes;
}

void check_memory(const Plan& plan) {
  for (const PlanBuffer& buffer : plan.buffers) {
    if (buffer.kind != PlanBuffer::Kind::temporary) continue;
    EXPECT_EQ(buffer.offset % 64, 0);
    std::int64_t room = plan.workspace_bytes;
    if (buffer.within.has_value()) {
      const PlanBuffer& host = plan.buffers[buffer.within->index];
      EXPECT_NE(host.kind, PlanBuffer::Kind::temporary);
      EXPECT_GE(info(host.dtype).bytes, info(buffer.dtype).bytes);
      room = bytes(host);
    }
    EXPECT_LE(buffer.offset + bytes(buffer), room);
  }
}

struct RandomCase {
  const char* name;
  PlanLimits limits;
  Fuse fuse = Fuse::all;
};
void PrintTo(const RandomCase& random_case, std::ostream* out) { *out << random_case.name; }

/// A part without elements lies at one place, however often a concat repeats it.
TEST(Partition, AnEmptyPartMayBeRepeatedOften) {
  Graph graph;
  const Value part = graph.input("x", DType::f32, {0}) + 1;
  const Value other = graph.input("z", DType::f32, {3}) * 2;
  std::vector<Value> parts(60, part);
  parts.push_back(other);
  graph.output("y", Value::concat(parts, 0));
  graph.output("part", part);
  for (const PlanLimits& limits : {PlanLimits{}, PlanLimits{.arguments = 4, .operations = 1}}) {
    for (const Fuse fuse : {Fuse::all, Fuse::none}) {
      const Plan plan = partition(place_views(simplify(graph), fuse), limits, fuse);
      check_kernels(plan, limits);
      check_memory(plan);
    }
  }
}

/// Adds outputs of a value that is one already: in a layout of its own, as the operand of a view,
/// and dense as the last one.
void add_outputs_again(Graph& graph, std::uint64_t seed) {
  Random random(seed);
  const NodeId node = random.pick(graph.outputs()).node;
  const Value value = graph.value(node);
  Strides backwards;
  std::int64_t stride = -1;
  for (int axis = 0; axis < value.shape().rank(); ++axis) {
    backwards.push_back(stride);
    stride *= std::max<std::int64_t>(1, value.shape()[axis]) + 1;
  }
  for (int i = 0; i < random.between(1, 25); ++i) {
    graph.output("again" + std::to_string(i), value, backwards);
  }
  if (random.one_in(2)) graph.output("flat", value.reshape({-1}));
  graph.output("last", value);
}

class PartitionOfRandomGraphs : public ::testing::TestWithParam<RandomCase> {};

TEST_P(PartitionOfRandomGraphs, KeepsEveryPromiseAndTheBitsOfTheGraph) {
  const auto& [name, limits, fuse] = GetParam();
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    RandomGraphOptions options;
    options.random_strides = seed % 4 == 0;
    options.max_elements = seed % 2 == 0 ? 64 : 2048;
    Graph graph = widen(random_graph(seed, options), Rounding::at_store);
    if (seed % 5 == 0) add_outputs_again(graph, seed);
    for (std::size_t i = seed % 3; i < graph.inputs().size(); i += 3) {
      graph.donate(graph.value(graph.inputs()[i].node));
    }
    const Plan plan = partition(place_views(simplify(graph), fuse), limits, fuse);
    std::vector<TensorData> inputs = random_inputs(graph, seed);
    settle_on_strides(graph, inputs);
    check_kernels(plan, limits);
    check_memory(plan);
    const std::vector<TensorData> expected = interpret(graph, inputs);
    const std::vector<TensorData> outputs = run_plan(plan, inputs);
    ASSERT_EQ(outputs.size(), expected.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_EQ(first_difference(outputs[i], expected[i]), -1) << "output " << i;
    }
    if (HasFailure())
      FAIL() << "limits " << name << ", seed " << seed << "\n" << print(graph) << print(plan);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Limits, PartitionOfRandomGraphs,
    ::testing::Values(RandomCase{"usual", {.product_rows = 168, .product_row_bytes = 1024}},
                      RandomCase{"unfused", {}, Fuse::none}, RandomCase{"none", kNoLimits},
                      RandomCase{"least", {.arguments = 4, .operations = 1}},
                      RandomCase{"least_arguments", {.arguments = 4, .operations = 1000}},
                      RandomCase{"few_of_both", {.arguments = 6, .operations = 7}},
                      RandomCase{"few_operations", {.arguments = 100, .operations = 3}}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace sinter::test
