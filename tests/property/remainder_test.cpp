// fmod, remainder and floor_divide of floats in machine code, against the C library's exact fmod:
// random bits, quotients of every size, and special values. Every target and the interpreter give
// the same bits.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include <sinter/fuzz/run.h>

#include "support/exact_functions.h"
#include "support/fuzz.h"
#include "support/special_values.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

template <typename T>
struct Pairs {
  std::vector<T> a;
  std::vector<T> b;
  void add(T x, T y) {
    a.push_back(x);
    b.push_back(y);
  }
};

template <typename T>
Graph division_graph(std::int64_t n) {
  Graph graph;
  const Value a = graph.input("a", *dtype_of<T>, {n});
  const Value b = graph.input("b", *dtype_of<T>, {n});
  graph.output("fmod", a.fmod(b));
  graph.output("remainder", a.remainder(b));
  graph.output("floor_divide", a.floor_divide(b));
  return graph;
}

template <typename T>
void expect_divided(const Pairs<T>& pairs) {
  const auto n = static_cast<std::int64_t>(pairs.a.size());
  const Graph graph = division_graph<T>(n);
  const std::vector<TensorData> inputs{TensorData::from<T>({n}, std::span(pairs.a)),
                                       TensorData::from<T>({n}, std::span(pairs.b))};
  const std::vector<TensorData> results = interpret(graph, inputs);
  for (const Target& target : targets_here()) {
    const Executable program = Engine({.target = target, .threads = 1}).compile(graph);
    ASSERT_EQ(difference(results, run_guarded(program, graph, inputs, {})), "") << target.name;
  }
  for (std::size_t i = 0; i < pairs.a.size(); ++i) {
    const T a = pairs.a[i];
    const T b = pairs.b[i];
    const Division<T> expected = exact_division(a, b);
    const auto got = [&](std::size_t output) { return results[output].template as<T>()[i]; };
    ASSERT_TRUE(same_value(got(0), std::fmod(a, b))) << a << " fmod " << b << ": " << got(0);
    ASSERT_TRUE(same_value(got(1), expected.rest)) << a << " % " << b << ": " << got(1);
    ASSERT_TRUE(same_value(got(2), expected.quotient)) << a << " // " << b << ": " << got(2);
  }
}

template <typename T>
class Remainder : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Remainder, Floats);

TYPED_TEST(Remainder, OfAllPairsOfSpecialValues) {
  Pairs<TypeParam> pairs;
  for (TypeParam a : special_values<TypeParam>()) {
    for (TypeParam b : special_values<TypeParam>()) pairs.add(a, b);
  }
  expect_divided(pairs);
}

/// Random bit patterns: quotients have up to 277 bits (f32) or 2098 bits (f64), and both operands
/// may be subnormal.
TYPED_TEST(Remainder, OfAnyBits) {
  using T = TypeParam;
  using Bits = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;
  on_all_threads(is_long() ? 400 : 8, [](std::int64_t seed) {
    Random random(static_cast<std::uint64_t>(seed));
    Pairs<T> pairs;
    for (int i = 0; i < 20000; ++i) {
      const T a = std::bit_cast<T>(static_cast<Bits>(random.next()));
      pairs.add(a, std::bit_cast<T>(static_cast<Bits>(random.next())));
    }
    expect_divided(pairs);
  });
}

/// Quotients of every size, of the smallest and the largest numbers, and dividends next to
/// multiples of the divisor.
TYPED_TEST(Remainder, NextToMultiples) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  Random random(7);
  Pairs<T> pairs;
  for (int exponent = Limits::min_exponent - Limits::digits; exponent < Limits::max_exponent;
       ++exponent) {
    pairs.add(Limits::max(), std::ldexp(T(1.5), exponent));
    pairs.add(std::ldexp(T(1.75), exponent), 3 * Limits::denorm_min());
    const T b = std::ldexp(static_cast<T>(1 + random.unit()), exponent);
    const T multiple = b * static_cast<T>(random.between(1, 1000));
    for (const T a :
         {multiple, std::nextafter(multiple, T(0)), -std::nextafter(multiple, Limits::max())}) {
      pairs.add(a, b);
      pairs.add(a, -b);
    }
  }
  expect_divided(pairs);
}

}  // namespace
}  // namespace sinter::test
