// CpuJit and the LLVM emitter behind it: what machine code computes, against the interpreter.
#include "../../runtime/cpu_jit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <numbers>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/interpret.h>
#include <sinter/ir/passes.h>
#include <sinter/runtime/engine.h>

namespace sinter::detail {
namespace {

std::vector<Target> targets_here() {
  std::vector<Target> targets{host_target()};
  for (const char* name : {"x86-64-v3", "x86-64-v4"}) {
    if (runs_here(Target::parse(name))) targets.push_back(Target::parse(name));
  }
  return targets;
}

/// A graph that is one kernel, compiled.
class Kernel {
 public:
  Kernel(const Graph& graph, const Target& target, bool streaming = false)
      : body_(lowered(graph)), space_(collapse(body_)) {
    const LoopNest nest = schedule_cpu(body_, space_, target, {.streaming = streaming});
    verify(nest);
    CompileTimes times;
    code_ = CpuJit::make(target)->compile(nest, times);
    for (const DType dtype : nest.parameter_dtypes) {
      parameters_.push_back(element_bits(body_.parameters()[parameters_.size()], dtype));
    }
  }

  void run(std::span<void* const> buffers) const { run(buffers, 0, space_.parallel_extent()); }
  void run(std::span<void* const> buffers, std::int64_t begin, std::int64_t end) const {
    const KernelArguments arguments{buffers.data(), space_.extents.data(), space_.strides.data(),
                                    parameters_.data()};
    code_->entry()(&arguments, begin, end);
  }

  [[nodiscard]] std::vector<TensorData> run(std::vector<TensorData> inputs) const {
    std::vector<TensorData> outputs;
    for (const GraphOutput& output : body_.outputs()) {
      outputs.push_back(TensorData::zeros(body_.node(output.node).dtype, body_.shape(output.node)));
    }
    std::vector<void*> buffers;
    for (TensorData& input : inputs) buffers.push_back(input.bytes.data());
    for (TensorData& output : outputs) buffers.push_back(output.bytes.data());
    run(buffers);
    return outputs;
  }

 private:
  static Graph lowered(const Graph& graph) {
    const Graph wide = widen(graph, Rounding::at_store);
    return expand(wide, wide.parameters());
  }

  Graph body_;
  LoopSpace space_;
  std::shared_ptr<const MachineCode> code_;
  std::vector<std::uint64_t> parameters_;
};

/// "" when `graph` compiled for `target` gives what the interpreter gives.
std::string difference(const Graph& graph, const Target& target, const Kernel& kernel,
                       const std::vector<TensorData>& inputs) {
  const std::vector<TensorData> expected = interpret(graph, inputs);
  const std::vector<TensorData> got = kernel.run(inputs);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::int64_t at = first_difference(expected[i], got[i]);
    if (at == -1) continue;
    return "output " + graph.outputs()[i].name + " differs at element " + std::to_string(at) +
           " on " + target.name;
  }
  return "";
}

// --- Primitives on special values ----------------------------------------------------------------

template <typename T>
std::vector<double> special_values() {
  using Limits = std::numeric_limits<T>;
  std::vector<double> values;
  for (const T magnitude :
       {T{0}, Limits::denorm_min(), Limits::min() / 2, Limits::min(), T{0.5}, T{1}, T{1.5}, T{2.5},
        std::numbers::pi_v<T>, 1 / Limits::epsilon(), Limits::max(), Limits::infinity()}) {
    values.push_back(static_cast<double>(magnitude));
    values.push_back(static_cast<double>(-magnitude));
  }
  values.push_back(std::numeric_limits<double>::quiet_NaN());
  return values;
}

std::vector<double> special_values(DType dtype) {
  if (dtype == DType::boolean) return {0, 1};
  if (dtype == DType::f64) return special_values<double>();
  if (dtype == DType::f32) return special_values<float>();
  std::vector<double> values;
  if (is_integer(dtype)) {
    constexpr double kHuge = 0x1p70;
    for (double value : {0.,   1.,  2.,  3.,  7.,  8.,    31.,    32.,    63.,     64.,
                         100., -1., -2., -3., -8., kHuge, -kHuge, 0x1p30, -0x1p40, 0x1p53 + 2}) {
      values.push_back(element_value(element_bits(value, dtype), dtype));
    }
    return values;
  }
  for (double value : special_values<float>()) {
    values.push_back(element_value(element_bits(value, dtype), dtype));
  }
  return values;
}

TensorData tensor_of(DType dtype, const std::vector<double>& values) {
  TensorData data = TensorData::zeros(dtype, {values.size()});
  std::byte* element = data.bytes.data();
  for (double value : values) {
    const std::uint64_t bits = element_bits(value, dtype);
    std::memcpy(element, &bits, info(dtype).bytes);
    element += info(dtype).bytes;
  }
  return data;
}

/// One way to use a primitive: what its operands are, and what the result of `convert` is.
struct Use {
  Op op{};
  std::vector<DType> operands;
  DType to{};
  [[nodiscard]] Attributes attributes() const {
    return op == Op::convert ? Attributes{.dtype = to, .shape = std::nullopt} : Attributes{};
  }
};

std::vector<Use> uses_of(const OpInfo& row) {
  const auto arity = static_cast<std::size_t>(row.arity);
  std::vector<Use> uses;
  for (const DTypeInfo& type : all_dtypes()) {
    const auto add_if = [&](bool fits) {
      if (fits) uses.push_back({row.op, std::vector(arity, type.dtype), type.dtype});
    };
    switch (row.rule) {
      case DTypeRule::floating: add_if(is_floating(type.dtype)); break;
      case DTypeRule::integer: add_if(is_integer(type.dtype)); break;
      case DTypeRule::numeric:
      case DTypeRule::comparison: add_if(type.dtype != DType::boolean); break;
      case DTypeRule::logical: add_if(type.dtype == DType::boolean); break;
      case DTypeRule::select:
        uses.push_back({row.op, {DType::boolean, type.dtype, type.dtype}, type.dtype});
        break;
      case DTypeRule::convert:
        for (const DTypeInfo& to : all_dtypes()) uses.push_back({row.op, {type.dtype}, to.dtype});
        break;
      case DTypeRule::same:
      case DTypeRule::leaf: break;
    }
  }
  return uses;
}

std::vector<Use> all_uses() {
  std::vector<Use> uses;
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::primitive) continue;
    for (Use& use : uses_of(row)) uses.push_back(std::move(use));
  }
  return uses;
}

std::string text(const Use& use) {
  std::string text(to_string(use.op));
  for (DType dtype : use.operands) text += " " + std::string(to_string(dtype));
  return text + " -> " + std::string(to_string(use.to));
}

/// Every combination of special values: one tensor an operand.
std::vector<TensorData> special_grid(const Use& use) {
  std::size_t count = 1;
  for (DType dtype : use.operands) count *= special_values(dtype).size();
  std::vector<TensorData> tensors;
  std::size_t repeat = 1;
  for (DType dtype : use.operands) {
    const std::vector<double> values = special_values(dtype);
    std::vector<double> column;
    for (std::size_t i = 0; i < count; ++i) column.push_back(values[i / repeat % values.size()]);
    repeat *= values.size();
    tensors.push_back(tensor_of(dtype, column));
  }
  return tensors;
}

class Primitives : public testing::TestWithParam<Target> {};

TEST_P(Primitives, EqualTheInterpreterInVectors) {
  for (const Use& use : all_uses()) {
    const std::vector<TensorData> grid = special_grid(use);
    Graph graph;
    std::vector<Value> operands;
    for (std::size_t i = 0; i < grid.size(); ++i) {
      operands.push_back(graph.input("x" + std::to_string(i), use.operands[i], grid[i].shape));
    }
    graph.output("y", Value::apply(use.op, operands, use.attributes()));
    EXPECT_EQ(difference(graph, GetParam(), Kernel(graph, GetParam()), grid), "") << text(use);
  }
}

TEST_P(Primitives, EqualTheInterpreterInScalars) {
  for (const Use& use : all_uses()) {
    const std::vector<TensorData> grid = special_grid(use);
    Graph graph;
    std::vector<Value> operands;
    for (std::size_t i = 0; i < grid.size(); ++i) {
      operands.push_back(graph.input("x" + std::to_string(i), use.operands[i], {}));
    }
    graph.output("y", Value::apply(use.op, operands, use.attributes()).broadcast_to({5}));
    const Kernel kernel(graph, GetParam());
    for (std::size_t at = 0; at < grid[0].bytes.size() / info(use.operands[0]).bytes; ++at) {
      std::vector<TensorData> inputs;
      for (const TensorData& column : grid) {
        inputs.push_back(TensorData::zeros(column.dtype, {}));
        const std::size_t bytes = info(column.dtype).bytes;
        std::copy_n(column.bytes.data() + at * bytes, bytes, inputs.back().bytes.data());
      }
      ASSERT_EQ(difference(graph, GetParam(), kernel, inputs), "") << text(use) << " case " << at;
    }
  }
}

// LLVM rewrites arithmetic with constants (x / 4, x + 0, x * -1, ...): only where it is exact.
TEST_P(Primitives, EqualTheInterpreterBesideConstants) {
  for (const Use& use : all_uses()) {
    if (use.operands.size() < 2 || use.operands.back() == DType::boolean) continue;
    const std::vector<TensorData> grid = special_grid(use);
    Graph graph;
    std::vector<Value> inputs;
    for (std::size_t i = 0; i < grid.size(); ++i) {
      inputs.push_back(graph.input("x" + std::to_string(i), use.operands[i], grid[i].shape));
    }
    for (std::size_t i = 0; i < grid.size(); ++i) {
      if (use.operands[i] == DType::boolean) continue;
      for (double value : special_values(use.operands[i])) {
        std::vector<Value> operands = inputs;
        operands[i] = graph.constant(value, use.operands[i]);
        graph.output("x" + std::to_string(i) + " = " + std::to_string(value) +
                         (std::signbit(value) ? " negative " : " ") +
                         std::to_string(graph.outputs().size()),
                     Value::apply(use.op, operands, use.attributes()));
      }
    }
    EXPECT_EQ(difference(graph, GetParam(), Kernel(graph, GetParam()), grid), "") << text(use);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Primitives, testing::ValuesIn(targets_here()),
                         [](const auto& test) {
                           std::string name = test.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Masks, AnyByteButZeroIsTrueAndTrueIsOne) {
  for (const Target& target : targets_here()) {
    Graph graph;
    const Value mask = graph.input("m", DType::boolean, {256});
    graph.output("same", mask.logical_or(mask));
    graph.output("not", mask.logical_not());
    std::vector<std::uint8_t> bytes(256), same(256), inverse(256);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
    Kernel(graph, target).run(std::vector<void*>{bytes.data(), same.data(), inverse.data()});
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      ASSERT_EQ(same[i], i != 0) << target.name;
      ASSERT_EQ(inverse[i], i == 0) << target.name;
    }
  }
}

// --- Ranges and memory ---------------------------------------------------------------------------

/// f32 and f64 and masks, loaded, computed and stored side by side.
Graph mixed_graph(std::int64_t length) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {length});
  const Value d = graph.input("d", DType::f64, {length});
  const Value m = graph.input("m", DType::boolean, {length});
  graph.output("y", m.select(x.leaky_relu(0.1), x * 2));
  graph.output("wide", x.convert(DType::f64) + d);
  graph.output("mask", x.greater(0.25).logical_xor(m));
  return graph;
}

std::vector<TensorData> mixed_inputs(std::int64_t length) {
  std::vector<double> values, bits;
  for (std::int64_t i = 0; i < length; ++i) {
    values.push_back(static_cast<double>((i * 37) % 101) / 16 - 3);
    bits.push_back(static_cast<double>((i * 5) % 7 % 2));
  }
  return {tensor_of(DType::f32, values), tensor_of(DType::f64, values),
          tensor_of(DType::boolean, bits)};
}

TEST(CpuJit, ServesEveryTailLength) {
  for (const Target& target : targets_here()) {
    const Graph longest = mixed_graph(130);
    const std::vector<TensorData> inputs = mixed_inputs(130);
    const std::vector<TensorData> expected = interpret(longest, inputs);
    const Kernel kernel(longest, target);
    for (std::int64_t length = 0; length <= 130; ++length) {
      std::vector<TensorData> got;
      std::vector<void*> buffers;
      for (const TensorData& input : inputs) {
        buffers.push_back(const_cast<std::byte*>(input.bytes.data()));
      }
      for (const TensorData& output : expected) {
        got.push_back(TensorData::zeros(output.dtype, output.shape));
        buffers.push_back(got.back().bytes.data());
      }
      kernel.run(buffers, 0, length);
      for (std::size_t i = 0; i < got.size(); ++i) {
        const auto bytes = static_cast<std::ptrdiff_t>(length * info(got[i].dtype).bytes);
        ASSERT_TRUE(std::equal(got[i].bytes.begin(), got[i].bytes.begin() + bytes,
                               expected[i].bytes.begin()))
            << target.name << ", output " << i << ", length " << length;
        ASSERT_TRUE(std::all_of(got[i].bytes.begin() + bytes, got[i].bytes.end(),
                                [](std::byte b) { return b == std::byte{0}; }))
            << target.name << " wrote behind output " << i << ", length " << length;
      }
    }
  }
}

TEST(CpuJit, ReadsStridedAndRepeatedInputs) {
  for (const Target& target : targets_here()) {
    for (const DType dtype : {DType::boolean, DType::f32, DType::f64}) {
      Graph graph;
      const Shape shape{7, 45};
      const Value transposed = graph.input("transposed", dtype, shape, {1, 7});
      const Value row = graph.input("row", dtype, {45});
      const Value column = graph.input("column", dtype, {7, 1});
      const auto joined = [](const Value& a, const Value& b) {
        return is_floating(a.dtype()) ? a * b : a.logical_xor(b);
      };
      graph.output("y", joined(joined(transposed, row), column));

      const auto numbers = [&](std::size_t count) {
        std::vector<double> values;
        for (std::size_t i = 0; i < count; ++i)
          values.push_back(static_cast<double>(i * 13 % 29) - 9);
        return values;
      };
      const std::vector<double> matrix = numbers(7 * 45);
      std::vector<double> in_memory(matrix.size());
      for (std::size_t i = 0; i < 7; ++i) {
        for (std::size_t j = 0; j < 45; ++j) in_memory[j * 7 + i] = matrix[i * 45 + j];
      }
      TensorData logical = tensor_of(dtype, matrix);
      logical.shape = shape;
      TensorData column_data = tensor_of(dtype, numbers(7));
      column_data.shape = {7, 1};
      const TensorData row_data = tensor_of(dtype, numbers(45));
      const std::vector<TensorData> expected =
          interpret(graph, std::vector{logical, row_data, column_data});
      const std::vector<TensorData> got =
          Kernel(graph, target).run({tensor_of(dtype, in_memory), row_data, column_data});
      EXPECT_EQ(first_difference(expected[0], got[0]), -1) << target.name << to_string(dtype);
    }
  }
}

TEST(CpuJit, MayWriteOverItsInput) {
  for (const Target& target : targets_here()) {
    for (const bool streaming : {false, true}) {
      Graph graph;
      const Value x = graph.input("x", DType::f32, {1000});
      const Value y = graph.input("y", DType::f32, {1000});
      graph.output("sum", x + y);
      graph.output("difference", x - y);
      const std::vector<double> numbers(1000, 3);
      const std::vector<TensorData> inputs{tensor_of(DType::f32, numbers),
                                           tensor_of(DType::f32, std::vector<double>(1000, 4))};
      const std::vector<TensorData> expected = interpret(graph, inputs);
      std::vector<TensorData> memory = inputs;
      void* const a = memory[0].bytes.data();
      void* const b = memory[1].bytes.data();
      Kernel(graph, target, streaming).run(std::vector<void*>{a, b, b, a});
      EXPECT_EQ(first_difference(expected[0], memory[1]), -1) << target.name;
      EXPECT_EQ(first_difference(expected[1], memory[0]), -1) << target.name;
    }
  }
}

TEST(CpuJit, StreamsWhateverTheAlignment) {
  for (const Target& target : targets_here()) {
    const Graph graph = mixed_graph(3000);
    const Kernel kernel(graph, target, /*streaming=*/true);
    const std::vector<TensorData> inputs = mixed_inputs(3000);
    const std::vector<TensorData> expected = interpret(graph, inputs);
    for (std::size_t offset = 0; offset < 17; ++offset) {
      std::vector<void*> buffers;
      for (const TensorData& input : inputs) {
        buffers.push_back(const_cast<std::byte*>(input.bytes.data()));
      }
      std::vector<std::vector<std::byte>> outputs;
      for (const TensorData& output : expected) {
        const std::size_t shift = offset * info(output.dtype).bytes;
        outputs.emplace_back(output.bytes.size() + shift);
        buffers.push_back(outputs.back().data() + shift);
      }
      kernel.run(buffers);
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        ASSERT_TRUE(std::ranges::equal(std::span(outputs[i]).last(expected[i].bytes.size()),
                                       expected[i].bytes))
            << target.name << ", output " << i << ", offset " << offset;
      }
    }
  }
}

// --- The life of machine code --------------------------------------------------------------------

LoopNest leaky_nest(const Target& target) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {1000}).leaky_relu());
  const Graph body = expand(graph, graph.parameters());
  return schedule_cpu(body, collapse(body), target);
}

float call(const MachineCode& code, float x) {
  float y = 0;
  void* const buffers[] = {&x, &y};
  const std::int64_t extents[] = {1};
  const std::int64_t strides[] = {1, 1};
  const std::uint64_t slope = std::bit_cast<std::uint32_t>(0.5F);
  const KernelArguments arguments{buffers, extents, strides, &slope};
  code.entry()(&arguments, 0, 1);
  return y;
}

/// Resident pages, and mappings.
std::pair<long, long> memory_use() {
  long total = 0, resident = 0, mappings = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) ++mappings;
  return {resident, mappings};
}

TEST(CpuJit, ReportsTheTimeOfEachStage) {
  CompileTimes times;
  const Target target = host_target();
  const auto code = CpuJit::make(target)->compile(leaky_nest(target), times);
  EXPECT_GT(times.emit, 0);
  EXPECT_GT(times.codegen, 0);
  EXPECT_GT(times.link, 0);
}

TEST(CpuJit, MachineCodeOutlivesTheJit) {
  CompileTimes times;
  const Target target = host_target();
  const auto code = CpuJit::make(target)->compile(leaky_nest(target), times);
  EXPECT_EQ(call(*code, -3), -1.5F);
}

TEST(CpuJit, CompilesOnManyThreads) {
  const Target target = host_target();
  const auto jit = CpuJit::make(target);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        CompileTimes times;
        EXPECT_EQ(call(*jit->compile(leaky_nest(target), times), -3), -1.5F);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// Sanitizers keep freed memory for a while, and map memory of their own.
#if defined(__has_feature)
#define SINTER_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SINTER_SANITIZED 0
#endif

TEST(CpuJit, UnloadingGivesMemoryBack) {
  if (SINTER_SANITIZED) GTEST_SKIP() << "what a sanitizer holds cannot be told from a leak";
  const Target target = host_target();
  const auto jit = CpuJit::make(target);
  const LoopNest nest = leaky_nest(target);
  CompileTimes times;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(call(*jit->compile(nest, times), -3), -1.5F);
  const auto [pages, mappings] = memory_use();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(call(*jit->compile(nest, times), -3), -1.5F);
  const auto [pages_after, mappings_after] = memory_use();
  EXPECT_LT(pages_after - pages, 100);
  EXPECT_LT(mappings_after - mappings, 4);
}

TEST(CpuJit, ManyKernelsNeedFewMappings) {
  const Target target = host_target();
  const auto jit = CpuJit::make(target);
  const LoopNest nest = leaky_nest(target);
  CompileTimes times;
  std::vector<std::shared_ptr<const MachineCode>> codes{jit->compile(nest, times)};
  const auto [pages, mappings] = memory_use();
  for (int i = 0; i < 500; ++i) codes.push_back(jit->compile(nest, times));
  const auto [pages_after, mappings_after] = memory_use();
  EXPECT_LT(mappings_after - mappings, 20);
  for (const auto& code : codes) EXPECT_EQ(call(*code, -3), -1.5F);
}

TEST(CpuJit, RefusesATargetThatLlvmDoesNotKnow) {
  Target target = Target::parse("x86-64-v3");
  target.name = "riscv";
  target.triple = "riscv64-unknown-linux-gnu";
  try {
    static_cast<void>(CpuJit::make(target));
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("no code can be made for target 'riscv'"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace sinter::detail
