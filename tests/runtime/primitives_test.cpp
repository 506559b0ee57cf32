// Every primitive in machine code, on special values of all its operands, against the interpreter.
#include "runtime/compiled_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/ir/interpret.h>

namespace sinter::detail {
namespace {

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

/// One way to use a primitive: what its operands are, and what the result of `convert` is.
struct Use {
  Op op{};
  std::vector<DType> operands;
  DType to{};
  [[nodiscard]] Attributes attributes() const {
    const bool named = op == Op::convert || op == Op::bitcast;
    return named ? Attributes{.dtype = to, .shape = std::nullopt} : Attributes{};
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
      case DTypeRule::bitcast:
        for (const DTypeInfo& to : all_dtypes()) {
          const bool fits = to.bytes == type.bytes && to.dtype != DType::boolean;
          if (fits) uses.push_back({row.op, {type.dtype}, to.dtype});
        }
        break;
      case DTypeRule::same:
      case DTypeRule::alike:
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
    EXPECT_EQ(difference(graph, GetParam(), CompiledKernel(graph, GetParam()), grid), "")
        << text(use);
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
    const CompiledKernel kernel(graph, GetParam());
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
    EXPECT_EQ(difference(graph, GetParam(), CompiledKernel(graph, GetParam()), grid), "")
        << text(use);
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
    CompiledKernel(graph, target)
        .run(std::vector<void*>{bytes.data(), same.data(), inverse.data()});
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      ASSERT_EQ(same[i], i != 0) << target.name;
      ASSERT_EQ(inverse[i], i == 0) << target.name;
    }
  }
}

}  // namespace
}  // namespace sinter::detail
