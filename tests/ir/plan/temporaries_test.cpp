// Placement of temporaries: in the workspace, in outputs that are not written yet, and in donated
// inputs after their last read.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <sinter/ir/plan.h>

#include "support/linear_time.h"

namespace sinter::test {
namespace {

TEST(Temporaries, SharesMemoryBetweenTemporariesThatDoNotMeet) {
  Graph graph;
  Value value = graph.input("x", DType::f32, {8});
  for (int i = 0; i < 100; ++i) value = i % 2 == 0 ? value.leaky_relu(0.1) : value + 1;
  graph.output("y", value);
  const Plan plan = partition(std::move(graph), {}, Fuse::none);
  EXPECT_EQ(std::ranges::count(plan.buffers, PlanBuffer::Kind::temporary, &PlanBuffer::kind), 99);
  // Two temporaries are live at a time, one in the output and one in the workspace, where 32 bytes
  // take a place of 64. The last lies in the workspace: the kernel that reads it writes the output.
  EXPECT_EQ(plan.workspace_bytes, 64);
}

/// Returns the number of temporaries that lie in the output, if the last kernel reads an input of
/// shape `late`.
std::ptrdiff_t lent_by_output(const Shape& late) {
  Graph graph;
  Value value = graph.input("x", DType::f32, {8, 4}).relu();
  for (int i = 0; i < 4; ++i) value = value + 1;
  graph.output("y", value + graph.input("late", DType::f32, late));
  const Plan plan = partition(std::move(graph), {}, Fuse::none);
  return std::ranges::count_if(plan.buffers,
                               [](const PlanBuffer& buffer) { return buffer.within.has_value(); });
}

TEST(Temporaries, LiesInOutputsUnlessTheyMayBeInputsThatAreReadLater) {
  EXPECT_EQ(lent_by_output({4}), 2);
  EXPECT_EQ(lent_by_output({8, 4}), 0);
}

TEST(Temporaries, UsesDonatedInputsThatAreReadNoMore) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1024});
  Value value = x;
  for (int i = 0; i < 4; ++i) value = value.relu();
  graph.output("y", value.convert(DType::i8));
  EXPECT_EQ(partition(graph.clone(), {}, Fuse::none).workspace_bytes, 2 * 4096);
  graph.donate(x);
  const Plan plan = partition(std::move(graph), {}, Fuse::none);
  EXPECT_EQ(plan.workspace_bytes, 4096) << print(plan);
  EXPECT_NE(print(plan).find(" of input \"x\""), std::string::npos);
}

/// Returns a graph in which one kernel reduces exp(x) along axis 0 and another kernel reads exp(x)
/// again.
Graph kept_exponentials(bool donated) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {64, 64});
  const Value e = x.exp();
  graph.output("y", (e * e.amax(0, true)).sum());
  if (donated) graph.donate(x);
  return graph;
}

TEST(Temporaries, WritesInPlaceOverTheDonatedInputThatTheSameKernelReads) {
  const Plan plan = plan_graph(kept_exponentials(true), {}, Fuse::all);
  EXPECT_LT(plan.workspace_bytes, 64 * 64 * 4) << print(plan);
  EXPECT_GE(plan_graph(kept_exponentials(false), {}, Fuse::all).workspace_bytes, 64 * 64 * 4);
  EXPECT_NE(print(plan).find("at offset 0 of input \"x\", the result of exp"), std::string::npos)
      << print(plan);
}

/// Returns the workspace in bytes of an unfused plan whose ops read the donated x through `read`.
template <typename Read>
std::int64_t workspace_of(Read read) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {16, 16});
  graph.donate(x);
  graph.output("y", read(x).exp().sum());
  return plan_graph(graph, {}, Fuse::none).workspace_bytes;
}

TEST(Temporaries, WritesInPlaceOnlyWhereTheInputLiesAsItIsRead) {
  EXPECT_LT(workspace_of([](const Value& x) { return x; }), 1024);
  EXPECT_GE(workspace_of([](const Value& x) { return x.transpose(); }), 1024);
  EXPECT_GE(workspace_of([](const Value& x) { return x + x.transpose(); }), 1024);
  EXPECT_GE(workspace_of([](const Value& x) { return x.transpose() + x; }), 1024);
  EXPECT_GE(workspace_of([](const Value& x) { return x.mm(x); }), 1024);
}

TEST(Temporaries, PlacesTheLargestInDonatedInputsFirst) {
  Graph graph;
  const Value x = graph.input("x", DType::f32, {1024});
  graph.donate(x);
  const Value first = x.relu();
  const Value small = graph.input("s", DType::f32, {64}).exp();  // live to the end
  const Value last = (first + 1).square();
  graph.output("y", (last.sum() + small.sum()).convert(DType::i8));
  const Plan plan = plan_graph(graph, {}, Fuse::none);
  EXPECT_EQ(plan.workspace_bytes, 4096) << print(plan);
}

/// Returns what the text of a plan says about the donated input x.
std::string said_of_donated(Graph graph, Fuse fuse = Fuse::none) {
  graph.donate(graph.value(graph.inputs()[0].node));
  const std::string text = print(plan_graph(graph, {}, fuse));
  const std::string title = "donated inputs\n  input \"x\": ";
  const std::size_t line = text.find(title);
  if (line == std::string::npos) return text;
  const std::size_t begin = text.find(" holds ", line) + 7;
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(Temporaries, SaysWhatADonatedInputHoldsOrWhyItHoldsNothing) {
  const auto with_x = [](DType dtype, Shape shape, auto make) {
    Graph graph;
    const Value x = graph.input("x", dtype, shape);
    graph.output("y", make(x));
    return graph;
  };
  EXPECT_EQ(said_of_donated(with_x(DType::f32, {64}, [](Value x) { return x.exp().sum() + 1; })),
            "temporary 0");
  EXPECT_EQ(said_of_donated(with_x(DType::f32, {64}, [](Value x) { return x.exp(); })),
            "nothing: the plan has no temporaries");
  EXPECT_EQ(said_of_donated(with_x(DType::f32, {64}, [](Value x) { return x.sum() + x; })),
            "nothing: kernel 1 reads it last, and no temporary begins later");
  EXPECT_EQ(said_of_donated(with_x(
                DType::f32, {1}, [](Value x) { return (x.broadcast_to({64}) + 1).exp().relu(); })),
            "nothing: later temporaries are larger");
  EXPECT_EQ(said_of_donated(with_x(DType::i8, {4096},
                                   [](Value x) { return x.convert(DType::f32).exp().sum() + 1; })),
            "nothing: later temporaries of its size have wider elements, so need more alignment");
  Graph strided;
  const Value x = strided.input("x", DType::f32, {64}, {2});
  strided.output("y", x.exp().sum());
  EXPECT_EQ(said_of_donated(std::move(strided)), "nothing: it has strides");
}

TEST(Temporaries, ArePlacedInLinearTime) {
  expect_linear_time([](int size) {
    Graph graph;
    std::vector<Value> values;
    for (int i = 0; i < 10; ++i) {
      values.push_back(graph.input("x" + std::to_string(i), DType::f32, {1 + i * size}));
      graph.donate(values.back());
    }
    for (int i = 0; i < size / 4; ++i) {
      Value& value = values[static_cast<std::size_t>(i % 10)];
      value = value.exp();
      if (i % 3 == 0) graph.output("y" + std::to_string(i), value.sum());
    }
    static_cast<void>(plan_graph(graph, {}, Fuse::none));
  });
}

TEST(Temporaries, KeepsWideElementsOutOfNarrowMemory) {
  Graph graph;
  const Value x = graph.input("x", DType::i8, {1024});
  graph.donate(x);
  graph.output("y", (x.convert(DType::i32).sum() + 1).convert(DType::i8));
  for (const PlanBuffer& buffer : partition(std::move(graph), {}, Fuse::none).buffers) {
    EXPECT_FALSE(buffer.within.has_value());
  }
}

TEST(Temporaries, RefusesMoreMemoryThanThereIs) {
  Graph graph;
  const Value x = graph.input("x", DType::f64, {kMaxElements});
  Value sum = x;
  std::vector<Value> parts;
  for (int i = 0; i < 600; ++i) parts.push_back(x + i);
  for (const Value& part : parts) sum = sum + part;
  for (int i = 0; i < 600; ++i) sum = sum + parts[static_cast<std::size_t>(i)] * 2;
  graph.output("y", sum);
  try {
    static_cast<void>(partition(std::move(graph), {}, Fuse::none));
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::limit_exceeded);
    EXPECT_STREQ(error.what(),
                 "the values between this graph's kernels need more than 1152921504606846976 "
                 "bytes at once");
  }
}

}  // namespace
}  // namespace sinter::test
