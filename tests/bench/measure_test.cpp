// measure(): every field of a report is filled in and consistent. Times are not compared with
// expected values.
#include <sinter/bench/measure.h>

#include <algorithm>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace sinter::bench {
namespace {

const Options kQuick{.timing = {.rounds = 3, .sample_seconds = 1e-6}, .compile_rounds = 2};

/// Reads x, 64 rows of 32 f32 (8 KiB), and a bias of 32 f32 (128 bytes). A third input is unused.
Graph example() {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {64, 32});
  const Value bias = graph.input("bias", DType::f32, {32});
  static_cast<void>(graph.input("unused", DType::f32, {1000}));
  graph.output("y", (x * 1.5 + bias).leaky_relu(0.01));
  return graph;
}

void expect_times(const Spread& spread) {
  EXPECT_GT(spread.median, 0);
  EXPECT_LE(spread.low, spread.median);
  EXPECT_LE(spread.median, spread.high);
}

TEST(Measure, FillsEveryFieldOnOneThread) {
  const Engine engine({.threads = 1});
  const Report report = measure(engine, example(), kQuick);
  EXPECT_EQ(report.target, engine.target().name);
  EXPECT_EQ(report.threads, 1);
  EXPECT_EQ(report.kernels, 1);
  EXPECT_EQ(report.kernels_op_by_op, 3);
  EXPECT_EQ(report.bytes_read, 64 * 32 * 4 + 32 * 4);
  EXPECT_EQ(report.bytes_written, 64 * 32 * 4);
  for (const Spread& spread : {report.fused, report.op_by_op, report.copy, report.against_op_by_op,
                               report.against_copy, report.compile.total, report.compile.known}) {
    expect_times(spread);
  }
  EXPECT_EQ(report.copy_threads, 1);
  EXPECT_GT(report.bandwidth(), 0);
  EXPECT_GT(report.compile.stages.plan, 0);
  EXPECT_GT(report.compile.stages.codegen, 0);
  EXPECT_LE(static_cast<double>(report.compile.stages.codegen), report.compile.total.high);
  ASSERT_TRUE(report.overhead.has_value());
  expect_times(report.overhead->direct);
}

TEST(Measure, LeavesOverheadOutWhereThreadsTakePart) {
  const Report report = measure(Engine({.threads = 2}), example(), kQuick);
  EXPECT_EQ(report.threads, 2);
  EXPECT_FALSE(report.overhead.has_value());
}

TEST(Measure, TakesGraphsWithoutElementsAndScalars) {
  for (std::int64_t n : {0, 1}) {
    Graph graph;
    graph.output("y", graph.input("x", DType::f64, {n}).leaky_relu());
    const Report report = measure(Engine({.threads = 1}), graph, kQuick);
    EXPECT_EQ(report.bytes_read, 8 * n);
  }
}

TEST(Report, PrintsEveryMeasurementAsATable) {
  std::ostringstream text;
  text << measure(Engine({.threads = 1}), example(), kQuick);
  for (const char* what : {"fused", "op by op", "copy", "compile, new", "codegen", "compile, known",
                           "direct kernel call", "bound call adds", "run() adds", "GB/s"}) {
    EXPECT_NE(text.str().find(what), std::string::npos) << what << " is not in\n" << text.str();
  }
}

TEST(Report, IsOneJsonObjectOnALine) {
  const std::string json = to_json(measure(Engine({.threads = 1}), example(), kQuick));
  EXPECT_EQ(json.front(), '{');
  EXPECT_EQ(json.back(), '}');
  EXPECT_EQ(std::ranges::count(json, '{'), std::ranges::count(json, '}'));
  EXPECT_EQ(std::ranges::count(json, '"') % 2, 0);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_EQ(json.find("nan"), std::string::npos);
  for (const char* key : {"\"fused_ns\": {\"median\": ", "\"compile_stages_ns\": {\"plan\": ",
                          "\"overhead_ns\": {\"direct\": ", "\"kernels_op_by_op\": 3"}) {
    EXPECT_NE(json.find(key), std::string::npos) << key << " is not in\n" << json;
  }
}

}  // namespace
}  // namespace sinter::bench
