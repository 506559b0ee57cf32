// Mathematical functions in the interpreter: special values and hard cases from tests/data, and
// functions with an attribute at values other than the default.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <sinter/ir/interpret.h>

#include "support/exact_functions.h"
#include "support/special_values.h"

namespace sinter::test {
namespace {

/// A row of tests/data/function_values.csv.
struct Known {
  double x = 0;
  double y = 0;
  double rest = 0;    ///< the exact value minus y
  bool only = false;  ///< true if y is the only correct result
};

/// Rows by function and dtype.
using Table = std::map<std::pair<Op, DType>, std::vector<Known>>;

double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

Table read_table() {
  std::ifstream file(SINTER_TEST_DIR "/data/function_values.csv");
  Table table;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#') || line.starts_with("function,")) continue;
    std::istringstream fields(line);
    std::string function, dtype, x, y, rest, only;
    std::getline(fields, function, ',');
    std::getline(fields, dtype, ',');
    std::getline(fields, x, ',');
    std::getline(fields, y, ',');
    std::getline(fields, rest, ',');
    std::getline(fields, only, ',');
    const std::optional<Op> op = op_from_name(function);
    EXPECT_TRUE(op.has_value()) << function;
    table[{op.value_or(Op::input), *dtype_from_name(dtype)}].push_back(
        {number(x), number(y), number(rest), only == "="});
  }
  return table;
}

template <typename T>
void expect_known(const ExactFunction& function, const std::vector<Known>& rows) {
  std::vector<T> x;
  for (const Known& row : rows) x.push_back(static_cast<T>(row.x));
  const auto n = static_cast<std::int64_t>(x.size());
  const std::vector<TensorData> inputs{TensorData::from<T>({n}, std::span(std::as_const(x)))};
  const TensorData result = interpret(function_graph(function.op, *dtype_of<T>, n), inputs)[0];
  const double limit = sizeof(T) == 4 ? function.limit32 : function.limit64;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const T got = result.as<T>()[i];
    const T want = static_cast<T>(rows[i].y);
    std::ostringstream call;
    call << std::hexfloat << to_string(function.op) << "(" << rows[i].x << ") = " << got
         << ", expected " << rows[i].y;
    if (rows[i].only) {
      EXPECT_TRUE(same_value(got, want)) << call.str();
      continue;
    }
    using Exact = std::conditional_t<std::is_same_v<T, float>, double, long double>;
    const Exact exact = static_cast<Exact>(rows[i].y) + static_cast<Exact>(rows[i].rest);
    EXPECT_LE(error_in_ulp(got, exact), limit) << call.str();
    EXPECT_EQ(std::signbit(got), std::signbit(want)) << call.str();
  }
}

TEST(Functions, HaveTheirKnownValues) {
  const Table table = read_table();
  for (const ExactFunction& function : exact_functions()) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      const auto rows = table.find({function.op, dtype});
      ASSERT_TRUE(rows != table.end()) << "no values for " << to_string(function.op);
      EXPECT_GE(rows->second.size(), 20u);
      if (dtype == DType::f32) expect_known<float>(function, rows->second);
      if (dtype == DType::f64) expect_known<double>(function, rows->second);
    }
  }
}

TEST(Functions, EveryInexactCompositeOfOneTensorIsListed) {
  // Functions are the rows of the op table from exp on.
  const auto functions = exact_functions();
  bool behind = false;
  for (const OpInfo& row : all_ops()) {
    behind = behind || row.op == Op::exp;
    if (!behind || row.op == Op::pow) continue;
    EXPECT_NE(std::ranges::find(functions, row.op, &ExactFunction::op), functions.end())
        << row.name;
  }
}

template <typename T>
void expect_elu_and_celu(double alpha) {
  std::vector<T> x;
  for (int i = -200; i <= 200; ++i) x.push_back(static_cast<T>(i) / 16);
  for (const T value : {-std::numeric_limits<T>::infinity(), T(-1e-30), -T(0)}) x.push_back(value);
  Graph graph;
  const Value input = graph.input("x", *dtype_of<T>, {x.size()});
  graph.output("elu", input.elu(alpha));
  graph.output("celu", input.celu(alpha));
  const std::vector<TensorData> inputs{
      TensorData::from<T>({x.size()}, std::span(std::as_const(x)))};
  const std::vector<TensorData> result = interpret(graph, inputs);
  using Exact = std::conditional_t<std::is_same_v<T, float>, double, long double>;
  const auto rounded = static_cast<Exact>(static_cast<T>(alpha));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto exact = static_cast<Exact>(x[i]);
    const Exact elu = exact > 0 ? exact : rounded * std::expm1(exact);
    const Exact celu = exact > 0 ? exact : rounded * std::expm1(exact / rounded);
    EXPECT_LE(error_in_ulp(result[0].as<T>()[i], elu), 2) << x[i] << ", alpha " << alpha;
    EXPECT_LE(error_in_ulp(result[1].as<T>()[i], celu), 3) << x[i] << ", alpha " << alpha;
  }
}

TEST(Functions, EluAndCeluTakeTheirAlpha) {
  for (double alpha : {1.0, 0.5, 2.0, 1.6732632423543772, 0.1, 3.0}) {
    expect_elu_and_celu<float>(alpha);
    expect_elu_and_celu<double>(alpha);
  }
}

}  // namespace
}  // namespace sinter::test
