// The gradient of every composite of one tensor at infinities, zeros and NaN, against
// tests/data/gradient_special.csv. A new composite fails until it has a row there.
#include <sinter/ir/gradients.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <sinter/ir/interpret.h>

namespace sinter {
namespace {

constexpr std::size_t kPoints = 5;
using Gradients = std::array<double, kPoints>;

struct Table {
  Gradients at{};  ///< the points x
  std::map<std::string, Gradients> of;
};

Gradients numbers_of(std::istringstream& fields) {
  Gradients numbers{};
  for (double& number : numbers) {
    std::string field;
    std::getline(fields, field, ',');
    number = std::strtod(field.c_str(), nullptr);
  }
  return numbers;
}

Table read_table() {
  Table table;
  std::ifstream file(SINTER_TEST_DIR "/data/gradient_special.csv");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string op;
    std::getline(fields, op, ',');
    (op == "op" ? table.at : table.of[op]) = numbers_of(fields);
  }
  return table;
}

/// Returns the op over `x`, or nothing for an op of several tensors. Attributes without a default
/// are -1 for the first and 2 for the others.
std::optional<Value> applied(const OpInfo& row, const Value& x) {
  std::vector<Value> operands{x};
  for (int i = 1; i < row.arity; ++i) {
    const OperandInfo& operand = row.operands[static_cast<std::size_t>(i)];
    if (!operand.attribute) return std::nullopt;
    operands.push_back(x.scalar(operand.default_value.value_or(i == 1 ? -1 : 2)));
  }
  return Value::apply(row.op, operands, {.dtype = x.dtype(), .shape = {}});
}

template <typename T>
void expect_table(double tolerance) {
  const Table table = read_table();
  int rows = 0;
  for (const OpInfo& row : all_ops()) {
    if (row.kind != OpKind::composite || row.rule == DTypeRule::comparison) continue;
    Graph graph;
    const Value x = graph.input("x", *dtype_of<T>, {kPoints});
    const std::optional<Value> y = applied(row, x);
    if (!y.has_value()) continue;
    graph.output("dx", gradients(y->sum(), {x})[0]);
    const std::array<T, kPoints> points = [&] {
      std::array<T, kPoints> all{};
      for (std::size_t i = 0; i < kPoints; ++i) all[i] = static_cast<T>(table.at[i]);
      return all;
    }();
    const TensorData input = TensorData::from<T>({kPoints}, std::span(points));
    const std::vector<TensorData> results = interpret(graph, std::span(&input, 1));
    const auto expected = table.of.find(std::string(row.name));
    ASSERT_NE(expected, table.of.end()) << row.name << " has no row in gradient_special.csv";
    for (std::size_t i = 0; i < kPoints; ++i) {
      const double got = static_cast<double>(results[0].as<T>()[i]);
      const double want = expected->second[i];
      const bool equal = got == want || (std::isnan(got) && std::isnan(want)) ||
                         std::abs(got - want) <= tolerance * std::abs(want);
      EXPECT_TRUE(equal) << row.name << " at " << table.at[i] << ": " << got << ", not " << want;
    }
    ++rows;
  }
  EXPECT_EQ(rows, table.of.size()) << "the file has rows of unknown ops";
}

TEST(Gradients, OfCompositesFollowTheTableOfSpecialValuesOnF64) { expect_table<double>(1e-15); }
TEST(Gradients, OfCompositesFollowTheTableOfSpecialValuesOnF32) { expect_table<float>(3e-7); }

}  // namespace
}  // namespace sinter
