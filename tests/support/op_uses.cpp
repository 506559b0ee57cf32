#include "support/op_uses.h"

#include <cstring>
#include <limits>
#include <numbers>
#include <utility>

#include <sinter/ir/element.h>

namespace sinter::test {
namespace {

template <typename T>
std::vector<double> edge_values() {
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

std::vector<OpUse> uses_of(const OpInfo& row) {
  const auto arity = static_cast<std::size_t>(row.arity);
  std::vector<OpUse> uses;
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
      case DTypeRule::recast:
        for (const DTypeInfo& to : all_dtypes()) {
          const bool fits = is_floating(type.dtype) && is_floating(to.dtype);
          if (fits) uses.push_back({row.op, {type.dtype}, to.dtype});
        }
        break;
      case DTypeRule::bitcast:
      case DTypeRule::raw_bitcast:
        if (row.rule == DTypeRule::raw_bitcast && is_floating(type.dtype))
          break;  // a NaN has no defined bits
        for (const DTypeInfo& to : all_dtypes()) {
          const bool fits = to.bytes == type.bytes && to.dtype != DType::boolean;
          if (fits) uses.push_back({row.op, {type.dtype}, to.dtype});
        }
        break;
      case DTypeRule::lookup:
        if (type.dtype == DType::i32) uses.push_back({row.op, {type.dtype}, DType::f32});
        if (type.dtype == DType::i64) uses.push_back({row.op, {type.dtype}, DType::f64});
        break;
      case DTypeRule::same:
      case DTypeRule::alike:
      case DTypeRule::leaf: break;
    }
  }
  return uses;
}

}  // namespace

Attributes OpUse::attributes() const {
  Attributes attributes;
  const DTypeRule rule = info(op).rule;
  if (rule == DTypeRule::convert || rule == DTypeRule::recast || rule == DTypeRule::bitcast ||
      rule == DTypeRule::raw_bitcast) {
    attributes.dtype = to;
  }
  if (op == Op::lut16) {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    attributes.table = {0.0,  -0.0, 1,     -1.5, kInf, -kInf, kNaN, 0x1p-149,
                        0.25, 3e38, -1e-9, 7,    8,    -9,    10,   0x1.fffffep-1};
  }
  return attributes;
}

std::vector<OpUse> uses_of(OpKind kind) {
  std::vector<OpUse> uses;
  for (const OpInfo& row : all_ops()) {
    if (row.kind != kind) continue;
    for (OpUse& use : uses_of(row)) uses.push_back(std::move(use));
  }
  return uses;
}

std::string text(const OpUse& use) {
  std::string text(to_string(use.op));
  for (DType dtype : use.operands) text += " " + std::string(to_string(dtype));
  return text + " -> " + std::string(to_string(use.to));
}

Graph graph_of(const OpUse& use, const Shape& shape) {
  Graph graph;
  std::vector<Value> operands;
  for (std::size_t i = 0; i < use.operands.size(); ++i) {
    const OperandInfo& operand = info(use.op).operands[i];
    const std::string name = "x" + std::to_string(i);
    operands.push_back(operand.attribute
                           ? graph.parameter(operand.default_value.value_or(1), use.operands[i])
                           : graph.input(name, use.operands[i], shape));
  }
  graph.output("y", Value::apply(use.op, operands, use.attributes()));
  return graph;
}

std::vector<double> operand_values(DType dtype) {
  if (dtype == DType::boolean) return {0, 1};
  if (dtype == DType::f64) return edge_values<double>();
  if (dtype == DType::f32) return edge_values<float>();
  std::vector<double> values;
  if (is_integer(dtype)) {
    constexpr double kHuge = 0x1p70;
    for (double value : {0.,   1.,  2.,  3.,  7.,  8.,    31.,    32.,    63.,     64.,
                         100., -1., -2., -3., -8., kHuge, -kHuge, 0x1p30, -0x1p40, 0x1p53 + 2}) {
      values.push_back(element_value(element_bits(value, dtype), dtype));
    }
    return values;
  }
  for (double value : edge_values<float>()) {
    values.push_back(element_value(element_bits(value, dtype), dtype));
  }
  return values;
}

namespace {

/// Values around the ends of the range of every integer dtype, where conversions saturate.
std::vector<double> range_ends(DType dtype) {
  std::vector<double> values;
  for (const double end : {0x1p7, 0x1p8, 0x1p15, 0x1p31, 0x1p63}) {
    for (const double value : {end, end * (1 - 0x1p-8), end * (1 - 0x1p-24), end * (1 - 0x1p-53)}) {
      values.push_back(element_value(element_bits(value, dtype), dtype));
      values.push_back(-values.back());
    }
  }
  return values;
}

std::vector<double> values_for(Op op, DType dtype) {
  std::vector<double> values = operand_values(dtype);
  if (op == Op::lut16) {
    for (int index = -20; index < 20; ++index) values.push_back(index);
  }
  if (op != Op::convert || !is_floating(dtype)) return values;
  for (double value : range_ends(dtype)) values.push_back(value);
  return values;
}

}  // namespace

std::vector<TensorData> operand_grid(const OpUse& use) {
  std::size_t count = 1;
  for (DType dtype : use.operands) count *= values_for(use.op, dtype).size();
  std::vector<TensorData> tensors;
  std::size_t repeat = 1;
  for (DType dtype : use.operands) {
    const std::vector<double> values = values_for(use.op, dtype);
    std::vector<double> column;
    for (std::size_t i = 0; i < count; ++i) column.push_back(values[i / repeat % values.size()]);
    repeat *= values.size();
    tensors.push_back(tensor_of(dtype, column));
  }
  return tensors;
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

}  // namespace sinter::test
