// Mathematical functions in machine code: errors against exact values, and the same bits on every
// target and in the interpreter. f32: a sample of all inputs, or all inputs if SINTER_TEST_LONG is
// set. f64: random inputs.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <sinter/fuzz/run.h>

#include "support/accuracy_table.h"
#include "support/exact_functions.h"
#include "support/fuzz.h"
#include "support/special_values.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

constexpr std::int64_t kBlock = std::int64_t{1} << 16;

/// The largest error of a sweep, and its input.
struct Worst {
  double error = 0;
  double x = 0;
  void note(double other_error, double other_x) {
    if (other_error <= error) return;
    error = other_error;
    x = other_x;
  }
};

/// Runs one function on blocks of inputs. Thread-safe.
template <typename T>
class Sweep {
 public:
  explicit Sweep(const ExactFunction& function)
      : function_(function), graph_(function_graph(function.op, *dtype_of<T>, kBlock)) {
    for (const Target& target : targets_here()) {
      programs_.push_back(Engine({.target = target, .threads = 1}).compile(graph_));
    }
  }

  /// Compares all targets on one block, and the interpreter only if asked, because it is slow.
  void block(const std::vector<T>& x, bool interpreter) {
    const std::vector<T> got = run(programs_[0], x);
    for (std::size_t other = 1; other < programs_.size(); ++other) {
      expect_same(x, run(programs_[other], x), got, "another target");
    }
    if (interpreter) expect_same(x, interpreted(x), got, "the interpreter");
    Worst worst;
    for (std::size_t i = 0; i < x.size(); ++i) {
      worst.note(error(x[i], got[i]), static_cast<double>(x[i]));
    }
    const std::lock_guard lock(mutex_);
    worst_.note(worst.error, worst.x);
  }

  void expect_at_most(double limit) const {
    SCOPED_TRACE("the worst x is " + std::to_string(worst_.x));
    expect_accuracy(function_.op, *dtype_of<T>, limit, worst_.error);
  }

 private:
  [[nodiscard]] double error(T x, T got) const {
    if constexpr (std::is_same_v<T, float>) {
      return error_in_ulp(got, function_.of_f32(static_cast<double>(x)));
    } else {
      return error_in_ulp(got, function_.of_f64(static_cast<long double>(x)));
    }
  }
  static std::vector<T> run(const Executable& program, const std::vector<T>& x) {
    std::vector<T> y(x.size());
    program.run({view(x, {kBlock})}, {view(y, {kBlock})});
    return y;
  }
  [[nodiscard]] std::vector<T> interpreted(const std::vector<T>& x) const {
    const std::vector<TensorData> inputs{TensorData::from<T>({kBlock}, std::span(x))};
    const TensorData result = interpret(graph_, inputs)[0];
    return {result.as<T>().begin(), result.as<T>().end()};
  }
  void expect_same(const std::vector<T>& x, const std::vector<T>& a, const std::vector<T>& b,
                   std::string_view who) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (same_value(a[i], b[i])) continue;
      ADD_FAILURE() << to_string(function_.op) << "(" << x[i] << ") = " << b[i] << ", but " << a[i]
                    << " by " << who;
      return;
    }
  }

  const ExactFunction& function_;
  Graph graph_;
  std::vector<Executable> programs_;
  std::mutex mutex_;
  Worst worst_;
};

class Functions : public testing::TestWithParam<ExactFunction> {};

TEST_P(Functions, AreAsExactAsPromisedOnF32) {
  Sweep<float> sweep(GetParam());
  // By default 256 lower halves for each upper half (sign, exponent, upper fraction): 2^24 inputs.
  const std::int64_t step = is_long() ? 1 : 256;
  on_all_threads(kBlock / step, [&](std::int64_t i) {
    const std::int64_t low = i * step + (i * 37) % step;
    std::vector<float> x(kBlock);
    for (std::size_t k = 0; k < x.size(); ++k) {
      x[k] = std::bit_cast<float>(static_cast<std::uint32_t>(k << 16) |
                                  static_cast<std::uint32_t>(low));
    }
    sweep.block(x, i * step % 8192 == 0);
  });
  sweep.expect_at_most(GetParam().limit32);
}

TEST_P(Functions, AreAsExactAsPromisedOnF64) {
  Sweep<double> sweep(GetParam());
  on_all_threads(is_long() ? 160 : 12, [&](std::int64_t i) {
    Random random(static_cast<std::uint64_t>(i));
    std::vector<double> x(kBlock);
    for (double& value : x) {
      // Any bit pattern, or any sign and fraction with an exponent from -10 to 9.
      const std::uint64_t bits = random.next();
      const auto exponent = static_cast<std::uint64_t>(random.between(1013, 1032));
      const std::uint64_t usual = (bits & 0x800f'ffff'ffff'ffff) | exponent << 52;
      value = std::bit_cast<double>(random.one_in(4) ? bits : usual);
    }
    sweep.block(x, i % 40 == 0);
  });
  sweep.expect_at_most(GetParam().limit64);
}

INSTANTIATE_TEST_SUITE_P(Each, Functions, testing::ValuesIn(exact_functions()),
                         [](const auto& test) { return std::string(to_string(test.param.op)); });

}  // namespace
}  // namespace sinter::test
