// chunk_reductions: splits a long reduction with few results into two: one from the elements to the
// results of chunks, and one from the results of chunks to the final ones. Each of the two has many
// units of work or is small, so all threads are busy. The chunks are those that reduction.h
// defines, so the bits do not change.
#include <sinter/ir/passes.h>

#include <algorithm>

#include <sinter/ir/reduction.h>

#include "passes/rewrite.h"

namespace sinter {
namespace {

class ReductionChunker {
 public:
  ReductionChunker(const Graph& from, const PlanLimits& limits) : from_(from), limits_(limits) {}

  NodeId operator()(Graph& to, NodeId id, std::span<const NodeId> operands) const {
    const std::int64_t chunk = is_whole_reduction(id) ? chosen_chunk(id) : 0;
    if (chunk == 0) return to.copy_node(from_, id, operands);
    const Op op = from_.node(id).op;
    const auto whole = ReductionAttributes::of(from_, id);
    const ReductionAttributes parts{.axes = whole.axes, .keeps = true, .chunk = chunk};
    const Value x = to.value(operands[0]);
    const Value results = Value::apply(op, std::span(&x, 1), parts.generic());
    return Value::apply(op, std::span(&results, 1), whole.generic()).id();
  }

 private:
  [[nodiscard]] bool is_whole_reduction(NodeId id) const {
    const bool reduces = info(from_.node(id).op).kind == OpKind::reduction;
    return reduces && ReductionAttributes::of(from_, id).chunk == 0;
  }

  /// Elements of the longest chunk with which all threads have work; 0 if they have work without
  /// chunks, the reduction is small, or its rows are short. For long columns, whose rows lie far
  /// apart in memory, it is the shortest chunk (see PlanLimits::column_bytes).
  [[nodiscard]] std::int64_t chosen_chunk(NodeId id) const {
    const Node& node = from_.node(id);
    const Dims axes = ReductionAttributes::of(from_, id).axes;
    const GroupExtents n = group_extents(from_.shape(node.operands[0]), axes);
    const std::int64_t width = info(node.dtype).bytes;
    const std::int64_t columns = limits_.column_block;
    const std::int64_t units = n.outer * ((n.inner + columns - 1) / columns);
    const bool is_small = n.outer * n.group * n.inner * width < limits_.chunked_bytes;
    const bool is_near = n.inner == 1 && n.group * width <= limits_.row_bytes;
    const bool is_apart = n.inner >= columns && n.group * columns * width > limits_.column_bytes;
    if (is_small || is_near || (units >= limits_.units && !is_apart)) return 0;
    // Unordered reductions may use any chunk. All use that of f32, so that their frames are equal
    // and they can share a kernel.
    const DType dtype = is_ordered(node.op, node.dtype) ? node.dtype : DType::f32;
    const std::int64_t shortest = chunk_elements(dtype, n.inner == 1);
    std::int64_t chunk = shortest;
    while (!is_apart && units * (n.group / chunk / shortest) >= limits_.units) chunk *= shortest;
    return chunk < n.group ? chunk : 0;
  }

  const Graph& from_;
  const PlanLimits& limits_;
};

}  // namespace

Graph chunk_reductions(Graph graph, const PlanLimits& limits) {
  const bool has_reductions = std::ranges::any_of(
      graph.nodes(), [](const Node& node) { return info(node.op).kind == OpKind::reduction; });
  if (!has_reductions) return graph;
  return detail::rewrite(graph, ReductionChunker(graph, limits));
}

}  // namespace sinter
