// Mathematical functions on machine code: how far f32 results are from the exact value, over a
// slice of all inputs, or all of them if SINTER_TEST_LONG is set; the same bits on every target and
// from the interpreter.
//
// The exact value comes from the C library's functions of double, whose errors are some 2^-29 ULP
// of an f32.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <numbers>
#include <string>
#include <vector>

#include <sinter/fuzz/run.h>

#include "support/fuzz.h"
#include "support/special_values.h"
#include "support/sweep.h"

namespace sinter::test {
namespace {

struct Function {
  Op op;
  double limit;  ///< the error that is promised, in ULP
  double (*exact)(double x);
};

double exact_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double exact_gelu(double x) {
  return x < -40 ? -0.0 : std::isinf(x) ? x : x / 2 * std::erfc(-x / std::numbers::sqrt2);
}

const Function kFunctions[] = {
    {Op::exp, 1, [](double x) { return std::exp(x); }},
    {Op::log, 1, [](double x) { return std::log(x); }},
    {Op::sigmoid, 1, exact_sigmoid},
    {Op::expm1, 1, [](double x) { return std::expm1(x); }},
    {Op::log1p, 1.3, [](double x) { return std::log1p(x); }},
    {Op::erf, 1.1, [](double x) { return std::erf(x); }},
    {Op::erfc, 2, [](double x) { return std::erfc(x); }},
    {Op::gelu, 2, exact_gelu},
    {Op::tanh, 1.1, [](double x) { return std::tanh(x); }},
};

/// In units of the last place that an f32 near `exact` has. Infinity counts as 2^128.
double error_in_ulp(float got, double exact) {
  if (std::isnan(got) || std::isnan(exact)) {
    return std::isnan(got) && std::isnan(exact) ? 0 : std::numeric_limits<double>::infinity();
  }
  const double limit = 0x1p128;
  const double bounded = std::clamp(exact, -limit, limit);
  const double value = std::clamp(static_cast<double>(got), -limit, limit);
  const int exponent = std::abs(bounded) < 0x1p-126 ? -126 : std::min(std::ilogb(bounded), 127);
  return std::ldexp(std::abs(value - bounded), 23 - exponent);
}

constexpr std::int64_t kBlock = std::int64_t{1} << 16;

/// The worst error of a sweep, and where.
struct Worst {
  double error = 0;
  float x = 0;
  void note(double other_error, float other_x) {
    if (other_error <= error) return;
    error = other_error;
    x = other_x;
  }
};

class Sweep {
 public:
  explicit Sweep(const Function& function) : function_(function) {
    const Value x = graph_.input("x", DType::f32, {kBlock});
    graph_.output("y", Value::apply(function.op, std::span(&x, 1)));
    for (const Target& target : targets_here()) {
      programs_.push_back(Engine({.target = target, .threads = 1}).compile(graph_));
    }
  }

  /// Inputs whose lower half is `low`, with every sign, exponent and upper fraction.
  void block(std::uint32_t low) {
    std::vector<float> x(kBlock);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(i << 16) | low);
    }
    const std::vector<float> got = run(programs_[0], x);
    for (std::size_t other = 1; other < programs_.size(); ++other) {
      expect_same(x, run(programs_[other], x), got, "another target");
    }
    if (low % 8192 == 0) expect_same(x, interpreted(x), got, "the interpreter");
    Worst worst;
    for (std::size_t i = 0; i < x.size(); ++i) {
      worst.note(error_in_ulp(got[i], function_.exact(static_cast<double>(x[i]))), x[i]);
    }
    const std::lock_guard lock(mutex_);
    worst_.note(worst.error, worst.x);
  }

  [[nodiscard]] const Worst& worst() const { return worst_; }

 private:
  static std::vector<float> run(const Executable& program, const std::vector<float>& x) {
    std::vector<float> y(x.size());
    program.run({view(x, {kBlock})}, {view(y, {kBlock})});
    return y;
  }
  [[nodiscard]] std::vector<float> interpreted(const std::vector<float>& x) const {
    const std::vector<TensorData> inputs{TensorData::from<float>({kBlock}, std::span(x))};
    const TensorData result = interpret(graph_, inputs)[0];
    return {result.as<float>().begin(), result.as<float>().end()};
  }
  void expect_same(const std::vector<float>& x, const std::vector<float>& a,
                   const std::vector<float>& b, std::string_view who) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (same_value(a[i], b[i])) continue;
      ADD_FAILURE() << to_string(function_.op) << "(" << x[i] << ") = " << b[i] << ", but " << a[i]
                    << " by " << who;
      return;
    }
  }

  const Function& function_;
  Graph graph_;
  std::vector<Executable> programs_;
  std::mutex mutex_;
  Worst worst_;
};

class Functions : public testing::TestWithParam<Function> {};

TEST_P(Functions, AreAsExactAsPromised) {
  Sweep sweep(GetParam());
  // By default every 256th lower half: 2^24 inputs.
  const std::int64_t step = is_long() ? 1 : 256;
  on_all_threads(kBlock / step, [&](std::int64_t i) {
    sweep.block(static_cast<std::uint32_t>(i * step + (i * 37) % step));
  });
  std::printf("%-12s %.6f ULP at %a\n", std::string(to_string(GetParam().op)).c_str(),
              sweep.worst().error, static_cast<double>(sweep.worst().x));
  EXPECT_LE(sweep.worst().error, GetParam().limit) << "at " << sweep.worst().x;
}

INSTANTIATE_TEST_SUITE_P(AllOfThem, Functions, testing::ValuesIn(kFunctions),
                         [](const auto& test) { return std::string(to_string(test.param.op)); });

}  // namespace
}  // namespace sinter::test
