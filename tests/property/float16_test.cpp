// All values of 16-bit floats: loads, arithmetic, conversions and stores on every target that runs
// here.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <sinter/fuzz/portable_target.h>
#include <sinter/fuzz/run.h>

#include "support/fuzz.h"

namespace sinter::test {
namespace {

constexpr int kValues = 1 << 16;

struct Format {
  DType dtype;
  int exponent_bits;
  int fraction_bits;
};
constexpr Format kFormats[] = {{DType::f16, 5, 10}, {DType::bf16, 8, 7}};

TensorData every_value(DType dtype) {
  TensorData tensor = TensorData::zeros(dtype, {kValues});
  for (int i = 0; i < kValues; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    std::memcpy(tensor.bytes.data() + 2 * i, &bits, 2);
  }
  return tensor;
}

/// Returns the value of the bits by the definition of a binary format, independent of sinter's
/// code.
double value_of(const Format& format, int bits) {
  const int fraction = bits & ((1 << format.fraction_bits) - 1);
  const int exponent = (bits >> format.fraction_bits) & ((1 << format.exponent_bits) - 1);
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == (1 << format.exponent_bits) - 1) {
    return fraction != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  }
  const double unit = std::exp2(1 - bias - format.fraction_bits);
  if (exponent == 0) return sign * fraction * unit;
  return sign * (fraction + (1 << format.fraction_bits)) * unit * std::exp2(exponent - 1);
}

std::vector<TensorData> run_on(const Target& target, const Graph& graph,
                               const std::vector<TensorData>& inputs, Rounding rounding) {
  const Engine engine(EngineOptions{.target = target, .threads = 1});
  return run_guarded(engine.compile(graph, {.rounding = rounding}), graph, inputs, {});
}

void expect_same_everywhere(const Graph& graph, const std::vector<TensorData>& inputs,
                            Rounding rounding = Rounding::at_store) {
  const std::vector<TensorData> expected = interpret(graph, inputs, rounding);
  std::vector<Target> targets = targets_here();
  targets.push_back(fuzz::portable(Target::parse("x86-64-v3")));
  for (const Target& target : targets) {
    EXPECT_EQ(difference(expected, run_on(target, graph, inputs, rounding)), "") << target.name;
  }
}

TEST(Float16, WidensEveryValue) {
  for (const Format& format : kFormats) {
    Graph graph;
    graph.output("wide", graph.input("x", format.dtype, {kValues}).convert(DType::f32));
    const std::vector<TensorData> inputs{every_value(format.dtype)};
    const TensorData wide = interpret(graph, inputs)[0];
    for (int i = 0; i < kValues; ++i) {
      const double want = value_of(format, i);
      const auto got = static_cast<double>(wide.as<float>()[static_cast<std::size_t>(i)]);
      ASSERT_EQ(std::bit_cast<std::uint64_t>(std::isnan(want) ? 0.0 : want),
                std::bit_cast<std::uint64_t>(std::isnan(got) ? 0.0 : got))
          << i;
    }
    expect_same_everywhere(graph, inputs);
  }
}

/// Returns, in both signs, all finite values, the midpoints between neighbours, and the f64 just
/// below and above each midpoint. The last midpoint decides between the largest value and infinity.
std::vector<double> decisive_values(const Format& format) {
  std::vector<double> values;
  const int infinity = ((1 << format.exponent_bits) - 1) << format.fraction_bits;
  for (int bits = 0; bits < infinity; ++bits) {
    const double low = value_of(format, bits);
    const double above = value_of(format, bits + 1);
    const double high = std::isinf(above) ? 2 * low - value_of(format, bits - 1) : above;
    const double middle = low + (high - low) / 2;
    for (double value : {low, middle, std::nextafter(middle, low), std::nextafter(middle, high)}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  return values;
}

/// Returns the correctly rounded bits of a decisive value, given its position in the list.
int rounded_bits(std::size_t position) {
  const auto low = static_cast<int>(position / 8);
  const int sign = position % 2 != 0 ? 0x8000 : 0;
  switch (position % 8 / 2) {
    case 0:
    case 2: return sign | low;
    case 1: return sign | (low + (low & 1));
    default: return sign | (low + 1);
  }
}

TEST(Float16, RoundsF64OnceToNearestEven) {
  for (const Format& format : kFormats) {
    const std::vector<double> values = decisive_values(format);
    Graph graph;
    const Value x = graph.input("x", DType::f64, {values.size()});
    graph.output("narrow", x.convert(format.dtype));
    const Shape shape{values.size()};
    const std::vector<TensorData> inputs{TensorData::from<double>(shape, values)};
    const TensorData narrow = interpret(graph, inputs)[0];
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, narrow.bytes.data() + 2 * i, 2);
      ASSERT_EQ(bits, rounded_bits(i)) << values[i] << " to " << to_string(format.dtype);
    }
    expect_same_everywhere(graph, inputs);
  }
}

TEST(Float16, RoundsF32AsEveryTargetDoes) {
  for (const Format& format : kFormats) {
    std::vector<float> values;
    for (double value : decisive_values(format)) values.push_back(static_cast<float>(value));
    for (std::uint64_t i = 0; i < 1 << 16; ++i) {
      values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(i * 65'521 + 17)));
    }
    Graph graph;
    graph.output("y", graph.input("x", DType::f32, {values.size()}).convert(format.dtype));
    const Shape shape{values.size()};
    expect_same_everywhere(graph,
                           {TensorData::from<float>(shape, std::span(std::as_const(values)))});
  }
}

TEST(Float16, KeepsEveryNaNWhateverItsBitsAndWhereverTheyComeFrom) {
  const std::vector<std::uint32_t> bits{0x7f800001, 0x7fffffff, 0xffffffff, 0x7f808000, 0xff80ffff,
                                        0x7fc00000, 0x7f800000, 0x7f7fffff, 0x00000001};
  std::vector<std::int32_t> values;
  for (std::uint32_t word : bits) values.push_back(std::bit_cast<std::int32_t>(word));
  Graph graph;
  const Value x = graph.input("x", DType::i32, {values.size()}).bitcast(DType::f32);
  for (const Format& format : kFormats) {
    const std::string name(to_string(format.dtype));
    graph.output(name, x.convert(format.dtype));
    graph.output("neg " + name, x.neg().convert(format.dtype));
    graph.output("leaky " + name, x.leaky_relu(0.01).convert(format.dtype));
  }
  const Shape shape{values.size()};
  expect_same_everywhere(graph,
                         {TensorData::from<std::int32_t>(shape, std::span(std::as_const(values)))});
}

TEST(Float16, TakesEveryValueThroughEveryUnaryOp) {
  for (const Format& format : kFormats) {
    const std::vector<TensorData> inputs{every_value(format.dtype)};
    for (const OpInfo& row : all_ops()) {
      const bool computes = row.kind == OpKind::primitive || row.kind == OpKind::composite;
      const bool unary = row.arity == 1 && computes;
      if (!unary || row.rule == DTypeRule::logical || row.rule == DTypeRule::integer) continue;
      if (row.rule == DTypeRule::raw_bitcast) continue;  // a NaN's bits are not defined
      if (row.rule == DTypeRule::lookup) continue;       // takes integers
      for (Rounding rounding : {Rounding::at_store, Rounding::each_op}) {
        Graph graph;
        const Value x = graph.input("x", format.dtype, {kValues});
        const DType to = row.op == Op::bitcast  ? DType::i16
                         : row.op == Op::recast ? DType::f32
                                                : DType::i32;
        const Value once =
            Value::apply(row.op, std::span(&x, 1), {.dtype = to, .shape = Shape{kValues}});
        graph.output("y", once);
        if (once.dtype() == format.dtype) graph.output("z", (once * 3).leaky_relu(0.3));
        SCOPED_TRACE(row.name);
        expect_same_everywhere(graph, inputs, rounding);
      }
    }
  }
}

TEST(Float16, ConvertsEveryValueToEveryDType) {
  for (const Format& format : kFormats) {
    Graph graph;
    const Value x = graph.input("x", format.dtype, {kValues});
    for (const DTypeInfo& to : all_dtypes()) {
      graph.output("to " + std::string(to.name), x.convert(to.dtype));
    }
    expect_same_everywhere(graph, {every_value(format.dtype)});
  }
}

TEST(Float16, RoundsAfterEachOpWhenAsked) {
  // In f32, 2048 + 1 - 2048 is 1; f16 has no 2049.
  Graph graph;
  const Value x = graph.input("x", DType::f16, {1});
  graph.output("y", x + 1 - 2048);
  TensorData input = TensorData::zeros(DType::f16, {1});
  input.as<float16>()[0] = float16(2048);
  const std::vector<TensorData> inputs{input};
  EXPECT_EQ(static_cast<double>(interpret(graph, inputs)[0].as<float16>()[0]), 1);
  const TensorData each = interpret(graph, inputs, Rounding::each_op)[0];
  EXPECT_EQ(static_cast<double>(each.as<float16>()[0]), 0);
  for (Rounding rounding : {Rounding::at_store, Rounding::each_op}) {
    expect_same_everywhere(graph, inputs, rounding);
  }
}

TEST(Float16, OpByOpEqualsFusedUnderEachOp) {
  Graph graph;
  const Value x = graph.input("x", DType::f16, {kValues});
  const Value first = x * 1.5;
  const Value second = first + 0.1;
  graph.output("y", second.leaky_relu(0.01).hardswish());
  const std::vector<TensorData> inputs{every_value(DType::f16)};
  // The reference: one graph for each op, so that every result is stored as f16.
  std::vector<TensorData> now = inputs;
  for (int step = 0; step < 4; ++step) {
    Graph one;
    const Value v = one.input("x", DType::f16, {kValues});
    one.output("y", step == 0   ? v * 1.5
                    : step == 1 ? v + 0.1
                    : step == 2 ? v.leaky_relu(0.01)
                                : v.hardswish());
    now = interpret(one, now);
  }
  for (const Target& target : targets_here()) {
    EXPECT_EQ(difference(now, run_on(target, graph, inputs, Rounding::each_op)), "");
  }
}

}  // namespace
}  // namespace sinter::test
