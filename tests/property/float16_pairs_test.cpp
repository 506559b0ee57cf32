// Binary ops on all pairs of f16 and all pairs of bf16, and conversions of all f32 to both. Without
// SINTER_TEST_LONG, only a sample of the values.
//
// The interpreter is too slow for 2^32 pairs, so the expected results come from a small reference
// in integer arithmetic. The reference is compared with the interpreter on a sample first.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <sinter/fuzz/run.h>
#include "support/fuzz.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

using Bits = std::uint16_t;
constexpr std::int64_t kValues = 1 << 16;

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }

/// A 16-bit format, independent of sinter's code. It uses conditional moves instead of branches,
/// because it runs about 2^35 times.
struct F16 {
  static constexpr DType kDType = DType::f16;
  static constexpr Bits kInfinity = 0x7c00;
  static float widen(Bits bits) {
    const int exponent = bits >> 10 & 31;
    const auto fraction = static_cast<float>(bits & 1023);
    float magnitude =
        exponent == 0 ? fraction * 0x1p-24F : std::ldexp(1 + fraction * 0x1p-10F, exponent - 15);
    if (exponent == 31) {
      magnitude = fraction != 0 ? std::numeric_limits<float>::quiet_NaN()
                                : std::numeric_limits<float>::infinity();
    }
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
  }
  static Bits round(float x) {
    const std::uint32_t sign = bits_of(x) >> 16 & 0x8000;
    const std::uint32_t magnitude = bits_of(x) & 0x7fffffff;
    // Floats near 1/2 have the spacing of f16's subnormals, so adding 1/2 rounds to a subnormal.
    const std::uint32_t small = bits_of(float_of(magnitude) + 0.5F) - bits_of(0.5F);
    const std::uint32_t even = magnitude - (112U << 23) + 0xfff + (magnitude >> 13 & 1);
    std::uint32_t result = magnitude < bits_of(0x1p-14F) ? small : even >> 13;
    result = magnitude >= bits_of(65520) ? kInfinity : result;
    result = magnitude > 0x7f800000 ? 0x7e00 : result;
    return static_cast<Bits>(sign | result);
  }
};

struct BF16 {
  static constexpr DType kDType = DType::bf16;
  static constexpr Bits kInfinity = 0x7f80;
  static float widen(Bits bits) { return float_of(static_cast<std::uint32_t>(bits) << 16); }
  static Bits round(float x) {
    const std::uint32_t bits = bits_of(x);
    const std::uint32_t even = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return static_cast<Bits>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : even);
  }
};

template <typename Format>
bool is_nan(Bits bits) {
  return (bits & 0x7fff) > Format::kInfinity;
}

struct Add {
  static constexpr Op kOp = Op::add;
  static float apply(float a, float b) { return a + b; }
};
struct Multiply {
  static constexpr Op kOp = Op::mul;
  static float apply(float a, float b) { return a * b; }
};
/// Orders equal numbers by sign: -0 < +0. The sum a + b is NaN if one of them is.
struct Minimum {
  static constexpr Op kOp = Op::min;
  static float apply(float a, float b) {
    const float smaller = a < b ? a : b;
    const float equal = float_of(bits_of(a) | bits_of(b));
    const float number = a == b ? equal : smaller;
    return a != a || b != b ? a + b : number;
  }
};
struct Maximum {
  static constexpr Op kOp = Op::max;
  static float apply(float a, float b) {
    const float larger = a > b ? a : b;
    const float equal = float_of(bits_of(a) & bits_of(b));
    const float number = a == b ? equal : larger;
    return a != a || b != b ? a + b : number;
  }
};

template <typename Format>
std::string first_difference(std::span<const Bits> expected, std::span<const Bits> got) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == got[i]) continue;
    if (is_nan<Format>(expected[i]) && is_nan<Format>(got[i])) continue;
    return "element " + std::to_string(i) + ": expected bits " + std::to_string(expected[i]) +
           ", got " + std::to_string(got[i]);
  }
  return "";
}

std::span<const Bits> bits_of(const TensorData& data) {
  return {reinterpret_cast<const Bits*>(data.bytes.data()), data.bytes.size() / sizeof(Bits)};
}

/// Applies an operation to every value of the format and one second operand.
template <typename Format, typename Operation>
class Pairs {
 public:
  Pairs() {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      values_[i] = static_cast<Bits>(i);
      wide_[i] = Format::widen(values_[i]);
    }
    const Value a = graph_.input("a", Format::kDType, {kValues});
    const Value b = graph_.input("b", Format::kDType, {1});
    const std::array operands{a, b};
    graph_.output("y", Value::apply(Operation::kOp, operands));
  }

  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] std::vector<Bits> expected(Bits b) const {
    std::vector<Bits> result(values_.size());
    const float other = Format::widen(b);
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = Format::round(Operation::apply(wide_[i], other));
    }
    return result;
  }
  [[nodiscard]] std::vector<Bits> interpreted(Bits b) const {
    std::vector<TensorData> inputs{TensorData::zeros(Format::kDType, {kValues}),
                                   TensorData::zeros(Format::kDType, {1})};
    std::memcpy(inputs[0].bytes.data(), values_.data(), inputs[0].bytes.size());
    std::memcpy(inputs[1].bytes.data(), &b, sizeof b);
    const TensorData result = interpret(graph_, inputs)[0];
    return {bits_of(result).begin(), bits_of(result).end()};
  }
  [[nodiscard]] std::vector<Bits> compiled(const Executable& program, Bits b) const {
    std::vector<Bits> result(values_.size());
    const TensorView output{result.data(), Format::kDType, {kValues}, {}};
    const ConstTensorView all{values_.data(), Format::kDType, {kValues}, {}};
    const ConstTensorView one{&b, Format::kDType, {1}, {}};
    program.run({all, one}, {output});
    return result;
  }

 private:
  std::vector<Bits> values_ = std::vector<Bits>(kValues);
  std::vector<float> wide_ = std::vector<float>(kValues);
  Graph graph_;
};

template <typename Format, typename Operation>
void expect_all_pairs() {
  const Pairs<Format, Operation> pairs;
  Random random(1);
  for (int i = 0; i < 8; ++i) {
    const auto b = static_cast<Bits>(random.next());
    ASSERT_EQ(first_difference<Format>(pairs.interpreted(b), pairs.expected(b)), "")
        << "the reference of this test differs from the interpreter for the second operand " << b;
  }
  std::vector<Executable> programs;
  for (const Target& target : targets_here()) {
    programs.push_back(Engine({.target = target, .threads = 1}).compile(pairs.graph()));
  }
  // By default every 127th value: 517 values with both signs and all exponents.
  const std::int64_t step = is_long() ? 1 : 127;
  on_all_threads((kValues + step - 1) / step, [&](std::int64_t i) {
    const auto b = static_cast<Bits>(i * step);
    const std::vector<Bits> expected = pairs.expected(b);
    for (const Executable& program : programs) {
      const std::string found = first_difference<Format>(expected, pairs.compiled(program, b));
      if (!found.empty())
        ADD_FAILURE() << to_string(Operation::kOp) << " with second operand " << b << ": " << found;
    }
  });
}

template <typename Format>
class Float16Pairs : public testing::Test {};
using Formats = testing::Types<F16, BF16>;
TYPED_TEST_SUITE(Float16Pairs, Formats);

TYPED_TEST(Float16Pairs, Add) { expect_all_pairs<TypeParam, Add>(); }
TYPED_TEST(Float16Pairs, Multiply) { expect_all_pairs<TypeParam, Multiply>(); }
TYPED_TEST(Float16Pairs, Minimum) { expect_all_pairs<TypeParam, Minimum>(); }
TYPED_TEST(Float16Pairs, Maximum) { expect_all_pairs<TypeParam, Maximum>(); }

TYPED_TEST(Float16Pairs, ConvertEveryF32) {
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {kValues}).convert(TypeParam::kDType));
  std::vector<Executable> programs;
  for (const Target& target : targets_here()) {
    programs.push_back(Engine({.target = target, .threads = 1}).compile(graph));
  }
  // A block holds all f32 with one lower half.
  const std::int64_t step = is_long() ? 1 : 127;
  on_all_threads((kValues + step - 1) / step, [&](std::int64_t block) {
    std::vector<float> x(kValues);
    std::vector<Bits> expected(kValues);
    std::vector<Bits> got(kValues);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] =
          float_of(static_cast<std::uint32_t>(i << 16) | static_cast<std::uint32_t>(block * step));
      expected[i] = TypeParam::round(x[i]);
    }
    for (const Executable& program : programs) {
      const TensorView output{got.data(), TypeParam::kDType, {kValues}, {}};
      program.run({view(x, {kValues})}, {output});
      const std::string found = first_difference<TypeParam>(expected, got);
      if (!found.empty()) ADD_FAILURE() << "lower half " << block * step << ": " << found;
    }
    if (block % 512 != 0) return;
    const Shape shape{kValues};
    const std::vector<TensorData> inputs{
        TensorData::from<float>(shape, std::span(std::as_const(x)))};
    const std::string found =
        first_difference<TypeParam>(bits_of(interpret(graph, inputs)[0]), expected);
    if (!found.empty())
      ADD_FAILURE() << "the reference of this test differs from the interpreter: " << found;
  });
}

}  // namespace
}  // namespace sinter::test
