// Typed attributes: what they read from a node, and their conversions from and to the generic form.
#include <gtest/gtest.h>

#include <set>

#include <sinter/ir/graph.h>

#include "graph/layout.h"

namespace sinter {
namespace {

/// A graph to record nodes in. Their operands are x: f32[2, 3] and mask: bool[2, 3].
struct Nodes {
  Graph graph;
  Value x = graph.input("x", DType::f32, {2, 3});
  Value mask = graph.input("mask", DType::boolean, {2, 3});
  std::set<Op> checked;

  /// Expects that `value` has these attributes, and that each conversion keeps them.
  template <typename Typed>
  void expect(const Value& value, const Typed& expected) {
    const NodeId id = value.id();
    const Node node = graph.node(id);
    const std::string_view op = to_string(node.op);
    const Attributes generic = expected.generic();
    EXPECT_TRUE(Typed::of(graph, id) == expected) << op;
    EXPECT_TRUE(Typed::of(graph.attributes(id)) == expected) << op;
    EXPECT_TRUE(Typed::of(generic) == expected) << op;
    EXPECT_EQ(generic.lists, graph.attributes(id).lists) << op;
    checked.insert(node.op);
    if (node.op == Op::view) return;  // `apply` takes no views
    EXPECT_EQ(graph.node(graph.apply(node.op, node.inputs(), generic)), node) << op;
  }

  Value reduced(Op op, const ReductionAttributes& attributes) const {
    const Value& of = info(op).rule == DTypeRule::logical ? mask : x;
    return Value::apply(op, std::span(&of, 1), attributes.generic());
  }
};

TEST(Attributes, OfEveryOpWithListsAreTyped) {
  Nodes of;
  of.expect(of.x.transpose(), TransposeAttributes{{1, 0}});
  of.expect(of.x.reshape({3, -1}), ReshapeAttributes{{3, 2}});
  of.expect(of.x.slice(1, 2, std::nullopt, -2), SliceAttributes{{2, 2}, {0, 2}, {1, -2}});
  of.expect(Value::concat({of.x, of.x}, -1), ConcatAttributes{1});
  of.expect(of.x.pad({1, 0}, {2, 3}), PadAttributes{{1, 0}, {2, 3}});
  const NodeId view = of.graph.view(of.x.id(), {{3, 2}, {-1, 3}, 2});
  of.expect(of.graph.value(view), ViewAttributes{{3, 2}, {-1, 3}, 2});
  for (const OpInfo& row : all_ops()) {
    if (row.kind == OpKind::reduction) {
      const ReductionAttributes rows{.axes = {1}, .keeps = false};
      of.expect(of.reduced(row.op, rows), rows);
    }
    EXPECT_TRUE(row.lists[0].empty() || of.checked.contains(row.op)) << row.name;
  }
}

TEST(Attributes, OfAReductionKeepAxesOrChunks) {
  Nodes of;
  const ReductionAttributes dropped{.axes = {0, 1}, .keeps = false};
  const ReductionAttributes kept{.axes = {0, 1}, .keeps = true};
  const ReductionAttributes chunks{.axes = {0, 1}, .keeps = true, .chunk = 4};
  EXPECT_EQ(of.reduced(Op::reduce_max, dropped).shape(), Shape());
  EXPECT_EQ(of.reduced(Op::reduce_max, kept).shape(), Shape({1, 1}));
  EXPECT_EQ(of.reduced(Op::reduce_max, chunks).shape(), Shape({1, 2}));
  for (const auto& attributes : {dropped, kept, chunks}) {
    of.expect(of.reduced(Op::reduce_max, attributes), attributes);
  }
  EXPECT_EQ(dropped.generic().lists[1], Dims{0});
  EXPECT_EQ(kept.generic().lists[1], Dims{1});
  EXPECT_EQ(chunks.generic().lists[1], Dims({1, 4}));
}

TEST(Attributes, OfAReductionToASingleChunkAreThoseOfTheWhole) {
  Nodes of;
  const Value single = of.reduced(Op::reduce_max, {.axes = {1}, .keeps = true, .chunk = 3});
  of.expect(single, ReductionAttributes{.axes = {1}, .keeps = true});
}

}  // namespace
}  // namespace sinter
