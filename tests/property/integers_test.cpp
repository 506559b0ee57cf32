// Integer division and conversion of floats to integers in machine code of every target. Vectorised
// division uses floats. Divisions: all pairs of 8 bits, a sample of the pairs of 16 bits (all pairs
// in a long run), and 32 bits next to multiples of the divisor. Conversions: floats around the ends
// of every range.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <sinter/fuzz/run.h>

#include "support/fuzz.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

template <typename T>
std::vector<T> elements_of(const TensorData& data) {
  const auto* elements = reinterpret_cast<const T*>(data.bytes.data());
  return {elements, elements + data.bytes.size() / sizeof(T)};
}

/// The program of a graph for each target that runs here.
class Programs {
 public:
  explicit Programs(const Graph& graph) : graph_(graph.clone()) {
    for (const Target& target : targets_here()) {
      programs_.push_back(Engine({.target = target, .threads = 1}).compile(graph_));
      names_.push_back(target.name);
    }
  }
  /// Calls f(outputs, name of the target).
  void run(const std::vector<TensorData>& inputs, const auto& f) const {
    for (std::size_t i = 0; i < programs_.size(); ++i) {
      f(run_guarded(programs_[i], graph_, inputs, {}), names_[i]);
    }
  }

 private:
  Graph graph_;
  std::vector<Executable> programs_;
  std::vector<std::string> names_;
};

// --- Divisions -----------------------------------------------------------------------------------

/// Returns a / b rounded towards zero, computed in a wider type. x / 0 is 0, and the lowest value
/// divided by -1 wraps around.
template <typename T>
T exact_quotient(T a, T b) {
  if (b == 0) return 0;
  return static_cast<T>(std::int64_t{a} / std::int64_t{b});
}

template <typename T>
Graph division_graph(std::int64_t n) {
  Graph graph;
  const Value a = graph.input("a", *dtype_of<T>, {n});
  const Value b = graph.input("b", *dtype_of<T>, {n});
  graph.output("quotient", a / b);
  return graph;
}

template <typename T>
class Divisions {
 public:
  explicit Divisions(std::int64_t n) : n_(n), programs_(division_graph<T>(n)) {}

  void check(const std::vector<T>& a, const std::vector<T>& b) const {
    std::vector<T> expected(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) expected[i] = exact_quotient(a[i], b[i]);
    const std::vector<TensorData> inputs{TensorData::from<T>({n_}, std::span(a)),
                                         TensorData::from<T>({n_}, std::span(b))};
    programs_.run(inputs, [&](const std::vector<TensorData>& outputs, const std::string& target) {
      const std::vector<T> got = elements_of<T>(outputs[0]);
      for (std::size_t i = 0; i < a.size(); ++i) {
        ASSERT_EQ(got[i], expected[i]) << +a[i] << " / " << +b[i] << " on " << target;
      }
    });
  }

 private:
  std::int64_t n_;
  Programs programs_;
};

template <typename T>
void check_all_pairs_of_bytes() {
  constexpr int kValues = 256;
  const Divisions<T> divisions(kValues * kValues);
  std::vector<T> a;
  std::vector<T> b;
  for (int i = 0; i < kValues * kValues; ++i) {
    a.push_back(static_cast<T>(i % kValues));
    b.push_back(static_cast<T>(i / kValues));
  }
  divisions.check(a, b);
}

TEST(IntegerDivision, OfAllPairsOfBytes) {
  check_all_pairs_of_bytes<std::int8_t>();
  check_all_pairs_of_bytes<std::uint8_t>();
}

/// Every dividend, with divisors around powers of two and random divisors; in a long run, with all
/// divisors.
TEST(IntegerDivision, OfPairsOf16Bits) {
  constexpr int kValues = 1 << 16;
  std::vector<int> divisors;
  if (is_long()) {
    for (int b = -kValues / 2; b < kValues / 2; ++b) divisors.push_back(b);
  } else {
    for (int power = 1; power <= kValues / 2; power *= 2) {
      for (const int b : {power - 1, power, power + 1, 1 - power, -power}) divisors.push_back(b);
    }
    Random random(5);
    for (int i = 0; i < 60; ++i) {
      divisors.push_back(static_cast<int>(random.between(-kValues / 2, kValues / 2 - 1)));
    }
  }
  const Divisions<std::int16_t> divisions(kValues);
  std::vector<std::int16_t> a;
  for (int i = 0; i < kValues; ++i) a.push_back(static_cast<std::int16_t>(i - kValues / 2));
  on_all_threads(static_cast<std::int64_t>(divisors.size()), [&](std::int64_t i) {
    const auto b = static_cast<std::int16_t>(divisors[static_cast<std::size_t>(i)]);
    divisions.check(a, std::vector<std::int16_t>(kValues, b));
  });
}

/// Checks dividends next to multiples of the divisor, where a rounded quotient could be off by one.
template <typename T>
void check_next_to_multiples() {
  constexpr std::int64_t kPairs = 4096;
  using Limits = std::numeric_limits<T>;
  const Divisions<T> divisions(kPairs);
  on_all_threads(is_long() ? 4000 : 40, [&](std::int64_t seed) {
    Random random(static_cast<std::uint64_t>(seed));
    std::vector<T> a;
    std::vector<T> b;
    while (a.size() < static_cast<std::size_t>(kPairs)) {
      const auto shift = random.below(Limits::digits);
      const auto divisor = static_cast<T>(static_cast<T>(random.next()) >> shift);
      const T multiple =
          divisor == 0 ? static_cast<T>(random.next())
                       : static_cast<T>(static_cast<std::uint64_t>(divisor) *
                                        static_cast<std::uint64_t>(exact_quotient<std::int64_t>(
                                            static_cast<T>(random.next()), divisor)));
      a.push_back(static_cast<T>(static_cast<std::uint64_t>(multiple) +
                                 static_cast<std::uint64_t>(random.between(-1, 1))));
      b.push_back(divisor);
    }
    for (const T end : {Limits::min(), Limits::max()}) {
      a[0] = end;
      a[1] = end;
      a[2] = end;
      b[0] = static_cast<T>(-1);
      b[1] = 0;
      b[2] = end;
      divisions.check(a, b);
    }
  });
}

TEST(IntegerDivision, NextToMultiplesOf32Bits) { check_next_to_multiples<std::int32_t>(); }

// --- Conversions ---------------------------------------------------------------------------------

/// Returns x rounded towards zero and saturated to the range of T; 0 for NaN.
template <typename T, typename F>
T exact_conversion(F x) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(x)) return 0;
  const long double whole = std::trunc(static_cast<long double>(x));
  if (whole <= static_cast<long double>(Limits::min())) return Limits::min();
  if (whole >= static_cast<long double>(Limits::max())) return Limits::max();
  return static_cast<T>(whole);
}

template <typename T, typename F>
void check_output(const std::vector<F>& x, const TensorData& output, const std::string& target) {
  const std::vector<T> got = elements_of<T>(output);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(got[i], (exact_conversion<T>(x[i]))) << x[i] << " on " << target;
  }
}

template <typename F>
class Conversions {
 public:
  explicit Conversions(std::int64_t n) : n_(n), programs_(graph(n)) {}
  void check(const std::vector<F>& x) const {
    const std::vector<TensorData> inputs{TensorData::from<F>({n_}, std::span(x))};
    programs_.run(inputs, [&](const std::vector<TensorData>& outputs, const std::string& target) {
      check_output<std::int8_t>(x, outputs[0], target);
      check_output<std::uint8_t>(x, outputs[1], target);
      check_output<std::int16_t>(x, outputs[2], target);
      check_output<std::int32_t>(x, outputs[3], target);
      check_output<std::int64_t>(x, outputs[4], target);
    });
  }

 private:
  static Graph graph(std::int64_t n) {
    Graph graph;
    const Value x = graph.input("x", *dtype_of<F>, {n});
    for (const DType to : {DType::i8, DType::u8, DType::i16, DType::i32, DType::i64}) {
      graph.output(std::string(to_string(to)), x.convert(to));
    }
    return graph;
  }

  std::int64_t n_;
  Programs programs_;
};

/// Returns special values, values around the powers of two at which ranges end, random bits and
/// small random numbers.
template <typename F>
std::vector<F> around_range_ends(std::uint64_t seed, std::size_t count) {
  using Bits = std::conditional_t<std::is_same_v<F, float>, std::uint32_t, std::uint64_t>;
  Random random(seed);
  std::vector<F> values{std::numeric_limits<F>::quiet_NaN(), std::numeric_limits<F>::infinity(),
                        -std::numeric_limits<F>::infinity(), F(0), -F(0)};
  for (const F end : {F(0x1p7), F(0x1p8), F(0x1p15), F(0x1p31), F(0x1p63)}) {
    for (const F sign : {F(1), F(-1)}) {
      for (const F middle : {end, end - 1, end + 1}) {
        for (const F x : {middle, std::nextafter(middle, F(0)), std::nextafter(middle, 2 * end)}) {
          values.push_back(sign * x);
        }
      }
    }
  }
  while (values.size() < count) {
    const auto bits = static_cast<Bits>(random.next());
    const F small = static_cast<F>(random.between(-40000, 40000)) / 7;
    values.push_back(random.one_in(2) ? std::bit_cast<F>(bits) : small);
  }
  return values;
}

template <typename F>
void check_conversions() {
  constexpr std::size_t kValues = 4099;
  const Conversions<F> conversions(kValues);
  on_all_threads(is_long() ? 2000 : 20, [&](std::int64_t seed) {
    conversions.check(around_range_ends<F>(static_cast<std::uint64_t>(seed), kValues));
  });
}

TEST(FloatToInteger, AroundTheEndsOfEveryRange) {
  check_conversions<float>();
  check_conversions<double>();
}

/// By default all f32 with one of four lower halves; in a long run, all f32.
TEST(FloatToInteger, OfF32) {
  constexpr std::int64_t kValues = 1 << 16;
  const Conversions<float> conversions(kValues);
  on_all_threads(is_long() ? kValues : 4, [&](std::int64_t low) {
    std::vector<float> values;
    for (std::int64_t high = 0; high < kValues; ++high) {
      values.push_back(
          std::bit_cast<float>(static_cast<std::uint32_t>(high << 16 | low * 7919 % kValues)));
    }
    conversions.check(values);
  });
}

}  // namespace
}  // namespace sinter::test
