// pow in machine code: errors against exact values over random pairs, whole exponents and special
// values, and the same bits on every target and in the interpreter.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>
#include <vector>

#include <sinter/fuzz/run.h>

#include "support/accuracy_table.h"
#include "support/exact_functions.h"
#include "support/fuzz.h"
#include "support/special_values.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

template <typename T>
Graph pow_graph(std::int64_t n) {
  Graph graph;
  const Value x = graph.input("x", *dtype_of<T>, {n});
  const Value y = graph.input("y", *dtype_of<T>, {n});
  graph.output("z", x.pow(y));
  return graph;
}

/// Returns the error against the C library's pow of a wider type, in ULP.
template <typename T>
double error_of_pow(T x, T y, T got) {
  using Wider = std::conditional_t<std::is_same_v<T, float>, double, long double>;
  return error_in_ulp(got, std::pow(static_cast<Wider>(x), static_cast<Wider>(y)));
}

std::vector<TensorData> run_on(const Target& target, const Graph& graph,
                               const std::vector<TensorData>& inputs) {
  const Executable program = Engine({.target = target, .threads = 1}).compile(graph);
  return run_guarded(program, graph, inputs, {});
}

template <typename T>
struct Pairs {
  std::vector<T> x;
  std::vector<T> y;
};

template <typename T>
double worst_error(const Pairs<T>& pairs, double limit, bool interpreter) {
  const auto n = static_cast<std::int64_t>(pairs.x.size());
  const Graph graph = pow_graph<T>(n);
  const std::vector<TensorData> inputs{TensorData::from<T>({n}, std::span(pairs.x)),
                                       TensorData::from<T>({n}, std::span(pairs.y))};
  std::vector<std::vector<TensorData>> results;
  for (const Target& target : targets_here()) results.push_back(run_on(target, graph, inputs));
  if (interpreter) results.push_back(interpret(graph, inputs));
  for (const auto& result : results) EXPECT_EQ(difference(results[0], result), "");
  double worst = 0;
  for (std::size_t i = 0; i < pairs.x.size(); ++i) {
    const T got = results[0][0].template as<T>()[i];
    const double error = error_of_pow(pairs.x[i], pairs.y[i], got);
    worst = std::max(worst, error);
    EXPECT_LE(error, limit) << pairs.x[i] << " ^ " << pairs.y[i] << " gave " << got;
  }
  return worst;
}

template <typename T>
class Pow : public testing::Test {};
using Floats = testing::Types<float, double>;
TYPED_TEST_SUITE(Pow, Floats);

TYPED_TEST(Pow, HasTheSpecialValuesOfC) {
  using T = TypeParam;
  std::vector<T> values(special_values<T>().begin(), special_values<T>().end());
  for (const T value : {T(4), T(5), T(7), T(-5), T(0.25), T(-8)}) values.push_back(value);
  Pairs<T> pairs;
  for (const T x : values) {
    for (const T y : values) {
      pairs.x.push_back(x);
      pairs.y.push_back(y);
    }
  }
  (void)worst_error(pairs, 1, true);
  // The limit of the error does not check the signs of zeros.
  const auto n = static_cast<std::int64_t>(pairs.x.size());
  const std::vector<TensorData> inputs{TensorData::from<T>({n}, std::span(pairs.x)),
                                       TensorData::from<T>({n}, std::span(pairs.y))};
  const TensorData result = interpret(pow_graph<T>(n), inputs)[0];
  for (std::size_t i = 0; i < pairs.x.size(); ++i) {
    const T want = std::pow(pairs.x[i], pairs.y[i]);
    const T got = result.as<T>()[i];
    EXPECT_EQ(std::isnan(want), std::isnan(got)) << pairs.x[i] << " ^ " << pairs.y[i];
    if (!std::isnan(want)) {
      EXPECT_EQ(std::signbit(want), std::signbit(got)) << pairs.x[i] << " ^ " << pairs.y[i];
    }
  }
}

TYPED_TEST(Pow, IsExactWherePowersAre) {
  using T = TypeParam;
  Pairs<T> pairs;
  for (int x = -40; x <= 40; ++x) {
    for (int y = 0; y <= 4; ++y) {
      pairs.x.push_back(static_cast<T>(x));
      pairs.y.push_back(static_cast<T>(y));
      pairs.x.push_back(static_cast<T>(x * x));
      pairs.y.push_back(static_cast<T>(y) / 2);
    }
  }
  EXPECT_EQ(worst_error(pairs, 0, true), 0);
}

TYPED_TEST(Pow, IsAsExactAsPromised) {
  using T = TypeParam;
  using Bits = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;
  constexpr std::int64_t kBlock = std::int64_t{1} << 16;
  std::mutex mutex;
  double worst = 0;
  on_all_threads(is_long() ? 160 : 10, [&](std::int64_t block) {
    Random random(static_cast<std::uint64_t>(block));
    Pairs<T> pairs;
    for (std::int64_t i = 0; i < kBlock; ++i) {
      const T any = std::bit_cast<T>(static_cast<Bits>(random.next()));
      const T near_one = 1 + static_cast<T>(random.unit() - 0.5) / static_cast<T>(1 << (i % 20));
      const T x = random.one_in(2) ? near_one : any;
      // An exponent with which the power falls anywhere into the range, and sometimes beyond it.
      const double reach = 1.05 * std::numeric_limits<T>::max_exponent * (2 * random.unit() - 1);
      const double to_reach = reach / std::log2(std::abs(static_cast<double>(x)));
      const T whole = static_cast<T>(random.between(-9, 9));
      pairs.x.push_back(x);
      pairs.y.push_back(random.one_in(4) ? whole : static_cast<T>(to_reach));
    }
    const double error = worst_error(pairs, 1, block % 40 == 0);
    const std::lock_guard lock(mutex);
    worst = std::max(worst, error);
  });
  expect_accuracy(Op::pow, *dtype_of<T>, 1, worst);
}

}  // namespace
}  // namespace sinter::test
