// The CPU scheduler: the text of its nests, and the bits of their results.
#include <sinter/codegen/schedule.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <variant>

#include <gtest/gtest.h>

#include <sinter/ir/passes.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/text.h>

#include "codegen/kernels.h"
#include "codegen/reduction_kernels.h"
#include "codegen/run_nest.h"
#include "support/fuzz.h"
#include "support/golden.h"

namespace sinter {
namespace {

using test::expect_golden;
using test::expect_same_bits;
using test::Random;

struct Scheduled {
  Graph body;
  LoopSpace space;
  LoopNest nest;
};

Scheduled schedule(const Graph& graph, const Target& target, bool streaming = false) {
  Scheduled result{expand(graph, graph.parameters()), collapse(graph), {}};
  result.nest = schedule_cpu(result.body, result.space, target, {.streaming = streaming});
  verify(result.nest);
  return result;
}

std::vector<Target> targets() { return {Target::parse("x86-64-v3"), Target::parse("x86-64-v4")}; }

// --- Nests as text -------------------------------------------------------------------------------

struct GoldenCase {
  std::string file;
  std::function<Graph()> make;
  std::string target = "x86-64-v4";
  bool streaming = false;
  friend void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.file; }
};

class ScheduleGolden : public testing::TestWithParam<GoldenCase> {};

TEST_P(ScheduleGolden, MakesTheseLoops) {
  const GoldenCase& param = GetParam();
  const Scheduled made = schedule(param.make(), Target::parse(param.target), param.streaming);
  expect_golden("loops/" + param.file + ".txt", print(made.nest));
}

using namespace test;
INSTANTIATE_TEST_SUITE_P(
    Kernels, ScheduleGolden,
    testing::Values(
        GoldenCase{"leaky_relu_v4", [] { return leaky_relu_kernel(1000); }},
        GoldenCase{"leaky_relu_v3", [] { return leaky_relu_kernel(1000); }, "x86-64-v3"},
        GoldenCase{"leaky_relu_f64_v4", [] { return leaky_relu_kernel(1000, DType::f64); }},
        GoldenCase{"chain_v4", [] { return chain_kernel(32768); }},
        GoldenCase{"chain_streaming_v4", [] { return chain_kernel(1 << 26); }, "x86-64-v4", true},
        GoldenCase{"digits_v4", [] { return rows_kernel(64, 1797); }},
        GoldenCase{"row_scalars_v4", [] { return row_scalars_kernel(100); }},
        GoldenCase{"rank3_v3", [] { return rank3_kernel(50); }, "x86-64-v3"},
        GoldenCase{"mask_v4", [] { return mask_kernel(100); }},
        GoldenCase{"mask_v3", [] { return mask_kernel(100); }, "x86-64-v3"},
        GoldenCase{"bf16_v4", [] { return widened_kernel(1000, DType::bf16); }},
        GoldenCase{"f16_v3", [] { return widened_kernel(1000, DType::f16); }, "x86-64-v3"},
        GoldenCase{"scattered_v4", [] { return scattered_kernel(100); }},
        GoldenCase{"reversed_v4", [] { return reversed_kernel(100); }},
        GoldenCase{"strided_v3", [] { return strided_kernel(100); }, "x86-64-v3"},
        GoldenCase{"transposed_v4", [] { return transposed_kernel(100); }},
        GoldenCase{"layer_v4", [] { return layer_kernel(100); }},
        GoldenCase{"layer_v3", [] { return layer_kernel(10); }, "x86-64-v3"},
        GoldenCase{"row_sum_far_v4", [] { return row_sum_kernel(1000, DType::f32, 1000); }},
        GoldenCase{"reduced_layer_v4", [] { return reduced_layer_kernel(10); }},
        GoldenCase{"mixed_streaming_v4", [] { return mixed_kernel(100); }, "x86-64-v4", true},
        GoldenCase{"rows_streaming_v3", [] { return rows_kernel(100, 50); }, "x86-64-v3", true}),
    [](const auto& instance) { return instance.param.file; });

// --- Choices of the scheduler --------------------------------------------------------------------

const Loop& main_loop(const LoopNest& nest) {
  const Block* block = &nest.body;
  const Loop* widest = nullptr;
  for (std::size_t i = 0; i < block->size(); ++i) {
    const Loop* loop = std::get_if<Loop>(&(*block)[i]);
    if (loop == nullptr) continue;
    if (loop->kind == LoopKind::parallel) {
      block = &loop->body;
      i = 0;
    } else if (widest == nullptr || loop->step() > widest->step()) {
      widest = loop;
    }
  }
  return *widest;
}

TEST(Schedule, FillsVectorsWithTheWidestDtype) {
  const Target v4 = Target::parse("x86-64-v4");
  EXPECT_EQ(main_loop(schedule(leaky_relu_kernel(9), v4).nest).lanes, 16);
  EXPECT_EQ(main_loop(schedule(leaky_relu_kernel(9, DType::f64), v4).nest).lanes, 8);
  EXPECT_EQ(main_loop(schedule(mixed_kernel(9), v4).nest).lanes, 8);
  EXPECT_EQ(main_loop(schedule(mask_kernel(9), v4).nest).lanes, 16);
  EXPECT_EQ(main_loop(schedule(only_masks_kernel(9), v4).nest).lanes, 64);
}

TEST(Schedule, KeepsFourVectorsInFlightWhileRegistersLast) {
  for (const Target& target : targets()) {
    EXPECT_EQ(main_loop(schedule(leaky_relu_kernel(9), target).nest).unroll, 4) << target.name;
    EXPECT_EQ(main_loop(schedule(chain_kernel(9), target).nest).unroll, 4) << target.name;
    EXPECT_EQ(main_loop(schedule(long_kernel(9), target).nest).unroll, 1) << target.name;
  }
  Graph crowded;
  std::vector<Value> products;
  for (char name = 'a'; name < 'g'; ++name) {
    products.push_back(crowded.input(std::string(1, name), DType::f32, {9}).square());
  }
  Value sum = products.back();
  for (const Value& product : products) sum = product * sum;
  crowded.output("y", sum);
  EXPECT_EQ(main_loop(schedule(crowded, targets()[0]).nest).unroll, 2);
  EXPECT_EQ(main_loop(schedule(crowded, targets()[1]).nest).unroll, 4);
}

TEST(Schedule, KeepsFourVectorsInFlightThroughALongChainWhateverItsCoefficients) {
  for (const Target& target : targets()) {
    Graph graph;
    graph.output("y", graph.input("x", DType::f32, {9}).log());
    const Graph body = expand(graph, {});
    EXPECT_EQ(main_loop(schedule(body, target).nest).unroll, 4) << target.name;
  }
}

bool prefetches(const Block& block) {
  return std::ranges::any_of(block, [](const Statement& statement) {
    const Load* load = std::get_if<Load>(&statement);
    const Loop* loop = std::get_if<Loop>(&statement);
    return (load != nullptr && load->prefetch > 0) || (loop != nullptr && prefetches(loop->body));
  });
}

/// True if any load of the scheduled body prefetches.
bool prefetches(const Graph& body) {
  return prefetches(schedule(body, Target::parse("x86-64-v4")).nest.body);
}

TEST(Schedule, PrefetchesLargeInputsOfSlowIterations) {
  constexpr std::int64_t kFar = 1 << 20;
  const auto exponential = [](std::int64_t n) {
    Graph graph;
    graph.output("y", graph.input("x", DType::f32, {n}).exp());
    return expand(graph, {});
  };
  EXPECT_TRUE(prefetches(exponential(kFar)));
  EXPECT_FALSE(prefetches(exponential(1000))) << "the input fits in a cache";
  EXPECT_FALSE(prefetches(leaky_relu_kernel(kFar))) << "many short iterations overlap";
  EXPECT_TRUE(prefetches(row_sum_kernel(kFar)));
  EXPECT_FALSE(prefetches(row_sum_kernel(1000))) << "the input fits in a cache";
  EXPECT_FALSE(prefetches(column_mean_kernel(kFar, 1000)))
      << "a walk down a column has a large stride";
  Graph strided;
  strided.output("y", strided.input("x", DType::f32, {kFar, 10}, {100, 1}).sum(-1, true));
  EXPECT_FALSE(prefetches(strided)) << "the memory after each row is not read";
}

TEST(Schedule, DependsOnClassesOfLengthsOnly) {
  for (const Target& target : targets()) {
    for (const NamedKernel& kernel : all_kernels()) {
      const auto key = [&](std::int64_t n) {
        return key_bytes(schedule(kernel.make(n), target).nest);
      };
      EXPECT_EQ(key(50), key(1000)) << kernel.name;
    }
    EXPECT_EQ(key_bytes(schedule(leaky_relu_kernel(1), target).nest),
              key_bytes(schedule(leaky_relu_kernel(1000), target).nest));
    EXPECT_NE(key_bytes(schedule(leaky_relu_kernel(1), target).nest),
              key_bytes(schedule(leaky_relu_kernel(1, DType::f64), target).nest));
  }
}

/// Nests that differ in one field of one statement have different keys, even if the scheduler never
/// makes both.
TEST(ScheduleKey, HoldsTheClassOfLaneStrides) {
  const LoopNest nest = schedule(leaky_relu_kernel(1000), Target::parse("x86-64-v4")).nest;
  LoopNest other = nest;
  for (Statement& statement : other.body) {
    Loop* loop = std::get_if<Loop>(&statement);
    if (loop == nullptr) continue;
    for (Statement& inner : loop->body) {
      if (Load* load = std::get_if<Load>(&inner)) load->lanes = LaneStride::uniform;
    }
  }
  EXPECT_NE(key_bytes(other), key_bytes(nest));
}

TEST(ScheduleKey, HoldsTheTables) {
  const auto key = [](double last) {
    LookupTable table{};
    table.back() = last;
    Graph graph;
    graph.output("y", graph.input("i", DType::i32, {100}).lut16(table));
    return key_bytes(schedule(graph, Target::parse("x86-64-v4")).nest);
  };
  EXPECT_EQ(key(1), key(1));
  EXPECT_NE(key(1), key(2));
}

TEST(Schedule, SharesOneNestAmongSlopesOfAClass) {
  const auto key = [](double slope) {
    Graph graph;
    graph.output("y", graph.input("x", DType::f32, {100}).leaky_relu(slope));
    return key_bytes(schedule(graph, Target::parse("x86-64-v4")).nest);
  };
  EXPECT_EQ(key(0.01), key(0.3));
  EXPECT_EQ(key(2), key(-0.5));
  EXPECT_NE(key(0.01), key(2));
}

TEST(Schedule, StreamsWhatIsLargerThanTheCache) {
  Target target = Target::parse("x86-64-v4");
  target.model.streaming_bytes = 4096;
  const auto streams = [&](std::int64_t n) {
    const Graph body = leaky_relu_kernel(n);
    return should_stream(body, target);
  };
  EXPECT_FALSE(streams(1024));
  EXPECT_TRUE(streams(1025));
}

/// Returns the loop of `block` that stores non-temporally; null if there is none.
const Loop* streaming_loop(const Block& block) {
  for (const Statement& statement : block) {
    const Loop* loop = std::get_if<Loop>(&statement);
    if (loop == nullptr) continue;
    for (const Statement& inner : loop->body) {
      const Store* store = std::get_if<Store>(&inner);
      if (store != nullptr && store->streaming) return loop;
    }
    if (const Loop* inside = streaming_loop(loop->body)) return inside;
  }
  return nullptr;
}

/// Returns the arguments beside which `id` asks whether an output lies on them.
std::set<std::int64_t> compared(const LoopNest& nest, IndexId id) {
  const Index& index = nest.index(id);
  if (index.op == IndexOp::distinct) return {index.immediate};
  std::set<std::int64_t> all;
  // The fields of operands that an op lacks are 0, and index 0 is a constant.
  for (const IndexId operand : {index.a, index.b}) {
    if (operand.index < id.index) all.merge(compared(nest, operand));
  }
  return all;
}

TEST(Schedule, StreamsInPlaceOnlyWhereThatPays) {
  const Target target = Target::parse("x86-64-v4");
  Graph graph;
  const Value x = graph.input("x", DType::f32, {5, 100});
  const Value row = graph.input("row", DType::f32, {100});
  const Value b = graph.input("b", DType::i32, {5, 100});
  const Value half = graph.input("half", DType::f16, {5, 100});
  graph.output("y", x + row + b.convert(DType::f32) + half.convert(DType::f32));
  const Graph body = expand(graph, graph.parameters());
  const LoopSpace space = collapse(body);
  const auto compares = [&](const ScheduleOptions& options) {
    const LoopNest nest = schedule_cpu(body, space, target, options);
    verify(nest);
    const Loop* loop = streaming_loop(nest.body);
    EXPECT_NE(loop, nullptr);
    return loop == nullptr ? std::set<std::int64_t>() : compared(nest, loop->to);
  };
  // Not the row, which has other strides, nor the f16, which has other elements.
  EXPECT_EQ(compares({.streaming = true}), (std::set<std::int64_t>{0, 2}));
  EXPECT_EQ(compares({.streaming = true, .streaming_in_place = true}), std::set<std::int64_t>());
}

TEST(Schedule, StreamsInPlaceFromALargerSizeOn) {
  Target target = Target::parse("x86-64-v4");
  target.model.in_place_streaming_bytes = 8192;
  EXPECT_FALSE(should_stream_in_place(leaky_relu_kernel(2048), target));
  EXPECT_TRUE(should_stream_in_place(leaky_relu_kernel(2049), target));
  const CpuModel model = CpuModel::of("small", {0, 0, std::int64_t{4} << 20});
  EXPECT_EQ(model.in_place_streaming_bytes, 4 * model.streaming_bytes);
}

/// Strides of 0 are allowed where there is no element to overlap. They must not make an output
/// uniform, which would be stored once, after the loop that computes it.
TEST(Schedule, OutputsWithoutElementsMayHaveStridesOfZero) {
  for (const auto& shape : {Shape{0, 2}, Shape{2, 0}, Shape{3, 0, 5}}) {
    Graph body;
    const Value x = body.input("x", DType::f32, shape);
    Strides zeros;
    for (int axis = 0; axis < shape.rank(); ++axis) zeros.push_back(0);
    body.output("copy", x, zeros);
    body.output("sum", x.sum(-1, true));
    for (const char* name : {"x86-64-v3", "x86-64-v4", "aarch64"}) {
      static_cast<void>(schedule(body, Target::parse(name)));
    }
  }
}

TEST(Schedule, NeverStreamsMasks) {
  const Target target = Target::parse("x86-64-v4");
  EXPECT_EQ(schedule(only_masks_kernel(100), target, true).nest.body,
            schedule(only_masks_kernel(100), target, false).nest.body);
  const std::string text = print(schedule(mask_kernel(100), target, true).nest);
  EXPECT_EQ(text.find("store streaming a2"), std::string::npos) << text;
  EXPECT_NE(text.find("store streaming a3"), std::string::npos) << text;
}

TEST(Schedule, HoistsLoopInvariantsOutOfAllLoops) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {10, 10});
  Value scalar = graph.input("scalar", DType::f32, {});
  graph.output("y", x * (scalar.sqrt() + 1));
  const LoopNest nest = schedule(graph, Target::parse("x86-64-v4")).nest;
  int before_loops = 0;
  while (!std::holds_alternative<Loop>(nest.body[static_cast<std::size_t>(before_loops)])) {
    ++before_loops;
  }
  EXPECT_EQ(before_loops, 4) << print(nest);  // load, sqrt, 1, add
}

TEST(Schedule, LeavesOutWhatNoOutputNeeds) {
  Graph graph;
  Value x = graph.input("x", DType::f32, {10});
  Value unused = graph.input("unused", DType::f64, {10});
  static_cast<void>(unused.sqrt() + 1);
  graph.output("y", x.neg());
  const LoopNest nest = schedule(graph, Target::parse("x86-64-v4")).nest;
  EXPECT_EQ(nest.arguments.size(), 3U);
  EXPECT_EQ(main_loop(nest).lanes, 16);
  EXPECT_EQ(main_loop(nest).body.size(), 3U) << print(nest);
}

// --- specialize_shape ----------------------------------------------------------------------------

TEST(SpecializeShape, LeavesNoLengthInTheNestAndNoEmptyTail) {
  const Scheduled made = schedule(rows_kernel(64, 1797), Target::parse("x86-64-v4"));
  const LoopNest special = specialize_shape(made.nest, made.space);
  verify(special);
  expect_golden("loops/digits_specialized_v4.txt", print(special));
}

// --- Bits ----------------------------------------------------------------------------------------

struct Form {
  Target target;
  bool streaming = false;
  bool specialized = false;
};

std::vector<Form> forms() {
  std::vector<Form> result;
  for (const Target& target : targets()) {
    for (bool streaming : {false, true}) {
      for (bool specialized : {false, true}) result.push_back({target, streaming, specialized});
    }
  }
  return result;
}

LoopNest nest_of(const Scheduled& made, const Form& form) {
  if (!form.specialized) return made.nest;
  LoopNest special = specialize_shape(made.nest, made.space);
  verify(special);
  return special;
}

std::string to_string(const Form& form) {
  return form.target.name + (form.streaming ? " streaming" : "") +
         (form.specialized ? " specialized" : "");
}

TEST(ScheduleBits, EveryLength) {
  const std::vector<Form> every_form = forms();
  Random random(1);
  for (const NamedKernel& kernel : all_kernels()) {
    for (std::int64_t n = 0; n <= 130; ++n) {
      const Graph graph = kernel.make(n);
      const auto inputs = test::random_inputs(graph, random.next());
      std::vector<std::int64_t> offsets;
      for (std::size_t i = 0; i < graph.inputs().size() + graph.outputs().size(); ++i) {
        offsets.push_back(random.between(0, 15));
      }
      const Form form = every_form[random.below(every_form.size())];
      SCOPED_TRACE(kernel.name + " " + std::to_string(n) + " " + to_string(form));
      const Scheduled made = schedule(graph, form.target, form.streaming);
      expect_same_bits(graph, nest_of(made, form), made.space, inputs,
                       {.offsets = offsets, .cuts = 2, .seed = random.next()});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ScheduleBits, EveryOffsetOfTheBasePointers) {
  Random random(2);
  for (const NamedKernel& kernel : all_kernels()) {
    const Graph graph = kernel.make(211);
    const auto inputs = test::random_inputs(graph, 3);
    for (const Form& form : forms()) {
      const Scheduled made = schedule(graph, form.target, form.streaming);
      const LoopNest nest = nest_of(made, form);
      for (std::int64_t offset = 0; offset < 16; ++offset) {
        SCOPED_TRACE(kernel.name + " " + std::to_string(offset) + " " + to_string(form));
        const std::vector<std::int64_t> offsets(graph.inputs().size() + graph.outputs().size(),
                                                offset);
        expect_same_bits(graph, nest, made.space, inputs,
                         {.offsets = offsets, .cuts = 1, .seed = random.next()});
        if (HasFatalFailure()) return;
      }
    }
  }
}

/// Checks every kernel of the plan of `graph` in every form.
void check_kernels(const Graph& graph, std::uint64_t seed) {
  const PlanLimits limits = Target::parse("x86-64-v3").plan_limits();
  const Plan plan = partition(simplify(graph), limits, Fuse::all);
  Random random(seed);
  for (const PlanKernel& kernel : plan.kernels) {
    const auto inputs = test::random_inputs(kernel.body, random.next());
    for (const Form& form : forms()) {
      const Scheduled made = schedule(kernel.body, form.target, form.streaming);
      SCOPED_TRACE("seed " + std::to_string(seed) + " " + to_string(form));
      std::vector<std::int64_t> offsets;
      for (const Argument& argument : made.nest.arguments) {
        offsets.push_back(random.between(0, 64 / info(argument.dtype).bytes - 1));
      }
      expect_same_bits(kernel.body, nest_of(made, form), made.space, inputs,
                       {.offsets = offsets, .cuts = 3, .seed = random.next()});
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << print(kernel.body);
    }
  }
}

TEST(ScheduleBits, RandomGraphs) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    const Graph graph =
        test::random_graph(seed, {.random_strides = seed % 2 == 1, .structural = false});
    check_kernels(widen(graph, Rounding::at_store), seed);
    if (HasFatalFailure()) return;
  }
}

TEST(ScheduleBits, ProductsOfEveryWidth) {
  Random random(5);
  for (const Form& form : forms()) {
    for (std::int64_t n = 0; n <= 40; ++n) {
      SCOPED_TRACE(std::to_string(n) + " " + to_string(form));
      const Graph graph = layer_kernel(n);
      const Scheduled made = schedule(graph, form.target, form.streaming);
      expect_same_bits(graph, nest_of(made, form), made.space,
                       test::random_inputs(graph, random.next()),
                       {.offsets = {}, .cuts = 2, .seed = random.next()});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ScheduleBits, ReductionsAfterProductsOfEveryWidth) {
  Random random(6);
  for (const Form& form : forms()) {
    for (std::int64_t n = 2; n <= 40; ++n) {
      SCOPED_TRACE(std::to_string(n) + " " + to_string(form));
      const Graph graph = reduced_layer_kernel(n);
      const Graph body = expand(graph, graph.parameters());
      const Scheduled made = schedule(graph, form.target, form.streaming);
      expect_same_bits(body, nest_of(made, form), made.space,
                       test::random_inputs(graph, random.next()),
                       {.offsets = {}, .cuts = 2, .seed = random.next()});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ScheduleBits, OutputInTheVeryBufferOfAnInput) {
  for (const Form& form : forms()) {
    const Graph graph = several_outputs_kernel(150);
    const auto inputs = test::random_inputs(graph, 4);
    const Scheduled made = schedule(graph, form.target, form.streaming);
    std::vector<TensorData> memory = {inputs[0], inputs[1],
                                      TensorData::zeros(DType::boolean, {150})};
    // sum overwrites x, and root overwrites y. The mask reads x after sum has been computed.
    void* pointers[] = {memory[0].bytes.data(), memory[1].bytes.data(), memory[0].bytes.data(),
                        memory[2].bytes.data(), memory[1].bytes.data()};
    const std::vector<std::uint64_t> slots = test::parameter_slots(graph);
    const KernelArguments arguments{pointers, made.space.extents.data(), made.space.strides.data(),
                                    slots.data()};
    interpret(made.nest, arguments, 0, 150);
    const std::vector<TensorData> expected = interpret(graph, inputs);
    EXPECT_EQ(first_difference(expected[0], memory[0]), -1) << to_string(form);
    EXPECT_EQ(first_difference(expected[1], memory[2]), -1) << to_string(form);
    EXPECT_EQ(first_difference(expected[2], memory[1]), -1) << to_string(form);
  }
}

}  // namespace
}  // namespace sinter
