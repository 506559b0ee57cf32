// The counts of operations, and the formulas of the cost model.
#include "plan/cost.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "functions/composites.h"
#include "graph/merging.h"
#include "passes/rewrite.h"

namespace sinter {
namespace detail {
namespace {

/// Number of operations that a division of floats or a square root counts as.
constexpr int kDivision = 4;
/// Numbers of instructions that replace, on a vector, an op that some CPU has no vector instruction
/// for. Integers of 8, 16 and 32 bits are divided as floats, 64-bit ones lane by lane. Measured on
/// the named targets; tests compare the size of their code with these numbers.
constexpr int kDivisionOfBytes = 40;
constexpr int kDivisionOfIntegers = 24;
constexpr int kDivisionOfLongs = 72;
constexpr int kShiftOfBytes = 32;
constexpr int kShiftOfShorts = 16;
constexpr int kProductOfLongs = 16;
constexpr int kHardConversion = 32;

int count_on_integers(Op op, int bytes) {
  switch (op) {
    case Op::div:
      return bytes == 1 ? kDivisionOfBytes : bytes == 8 ? kDivisionOfLongs : kDivisionOfIntegers;
    case Op::shift_left:
    case Op::shift_right: return bytes == 1 ? kShiftOfBytes : bytes == 2 ? kShiftOfShorts : 1;
    case Op::mul: return bytes == 8 ? kProductOfLongs : 1;
    default: return 1;
  }
}

/// True if a conversion takes many instructions: AVX2 converts floats to 64-bit integers lane by
/// lane, and a sequence of instructions rounds f64 to a 16-bit float.
bool is_hard_conversion(DType from, DType to) {
  if (!is_floating(from)) return false;
  return to == DType::i64 || (from == DType::f64 && is_storage_float(to));
}

int count_primitive(Op op, DType from, DType to) {
  if (op == Op::convert && is_hard_conversion(from, to)) return kHardConversion;
  if (is_integer(from)) return count_on_integers(op, info(from).bytes);
  return op == Op::div || op == Op::sqrt ? kDivision : 1;
}

/// The dtype in which an op computes: that of its last operand. The last operand of a select is one
/// of the two values.
DType operand_dtype(const Graph& graph, const Node& node) {
  return graph.node(node.operands[node.operand_count - 1U]).dtype;
}

int count_operations(const Graph& graph, const Node& node) {
  if (node.operand_count == 0) return 0;
  return sinter::count_operations(node.op, operand_dtype(graph, node), node.dtype);
}

/// Number of operations per element in the body of the composite `op`.
int count_in_body(Op op, DType dtype) {
  Graph graph;
  const Merging merging(graph);
  std::array<Value, kMaxOperands> operands;
  const DType compute = compute_dtype(dtype);
  const OpInfo& row = info(op);
  for (int i = 0; i < row.arity; ++i) {
    const auto at = static_cast<std::size_t>(i);
    operands[at] = row.operands[at].attribute ? graph.parameter(1, compute)
                                              : graph.input(row.operands[at].name, compute, {2});
  }
  graph.output("body", composite_body(op, {operands.data(), static_cast<std::size_t>(row.arity)}));
  const std::vector<bool> live = live_nodes(graph);
  int count = 0;
  for (std::uint32_t i = 0; i < live.size(); ++i) {
    if (live[i]) count += count_operations(graph, graph.nodes()[i]);
  }
  return std::max(count, 1);
}

/// Counts the operations of nodes, and records the body of each composite once.
class NodeCounter {
 public:
  explicit NodeCounter(const Graph& graph) : graph_(graph) {}
  int operator()(const Node& node) {
    if (info(node.op).kind != OpKind::composite) return count_operations(graph_, node);
    const DType dtype = operand_dtype(graph_, node);
    const auto [entry, made] = bodies_.try_emplace({node.op, dtype});
    if (made) entry->second = count_in_body(node.op, dtype);
    return entry->second;
  }

 private:
  const Graph& graph_;
  std::map<std::pair<Op, DType>, int> bodies_;
};

}  // namespace

double computed_with(const Shape& value, const Shape& user) {
  int axis = user.rank() - 1;
  while (axis >= 0 && user[axis] == 1) --axis;
  const int own = axis - (user.rank() - value.rank());
  const bool varies = own >= 0 && value[own] > 1;
  return static_cast<double>(varies ? user.elements() : value.elements());
}

CostModel::CostModel(const Graph& graph, const PlanLimits& limits)
    : graph_(graph), costs_(limits.costs) {
  const auto cache = static_cast<double>(limits.cache_bytes);
  moving_.reserve(graph.nodes().size());
  operations_.reserve(graph.nodes().size());
  NodeCounter count(graph);
  for (const Node& node : graph.nodes()) {
    const auto elements = static_cast<double>(graph.shape(node.shape).elements());
    const double bytes = elements * static_cast<double>(info(node.dtype).bytes);
    moving_.push_back(bytes > cache ? bytes * costs_.far_memory : bytes);
    operations_.push_back(count(node));
  }
}

double CostModel::computing(NodeId value, int operations, double elements) const {
  const double bytes = elements * static_cast<double>(info(graph_.node(value).dtype).bytes);
  return bytes * operations / costs_.operations_per_move;
}

bool CostModel::pays_to_store(NodeId value, int operations, const Shape& user) const {
  const auto own = static_cast<double>(graph_.shape(value).elements());
  const double repeated = computed_with(graph_.shape(value), user) - own;
  return own > 0 && computing(value, operations - costs_.hidden, repeated) >
                        moving(value) + costs_.kernel_start;
}

bool CostModel::pays_to_recompute(NodeId value, int operations, double reads, int distance) const {
  const auto elements = static_cast<double>(graph_.shape(value).elements());
  const double computed = computing(value, operations, elements);
  const double kept =
      costs_.keeping * std::clamp(distance - 1, 0, costs_.most_kept) * moving(value);
  const double spared = 2 * moving(value) + (computed <= moving(value) ? kept : 0);
  return computed + reads <= spared;
}

int CostModel::max_before_product() const { return costs_.before_product; }

int CostModel::max_recomputed() const {
  return static_cast<int>(2 * costs_.far_memory * costs_.operations_per_move);
}

}  // namespace detail

int count_operations(Op op, DType from, DType to) {
  if (op == Op::broadcast) return 0;
  switch (info(op).kind) {
    case OpKind::leaf:
    case OpKind::structural: return 0;
    case OpKind::composite: return detail::count_in_body(op, from);
    case OpKind::primitive: return detail::count_primitive(op, from, to);
    case OpKind::reduction:
    case OpKind::product: return 1;
  }
  return 1;
}

}  // namespace sinter
