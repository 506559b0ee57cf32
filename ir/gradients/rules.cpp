// The table of gradients, made from ops.def. The dtype rule of a row decides: leaves, bitcasts, and
// ops whose operands or results are never floating have no gradient. Every other row has the rule
// that rules.h declares under its name.
#include "gradients/rules.h"

namespace sinter::detail::gradient {
namespace {

#define SINTER_RULE_leaf(name) Flow::none
#define SINTER_RULE_integer(name) Flow::none
#define SINTER_RULE_comparison(name) Flow::none
#define SINTER_RULE_logical(name) Flow::none
#define SINTER_RULE_bitcast(name) Flow::none
#define SINTER_RULE_raw_bitcast(name) Flow::none
#define SINTER_RULE_lookup(name) Flow::none
#define SINTER_RULE_floating(name) rules::name
#define SINTER_RULE_numeric(name) rules::name
#define SINTER_RULE_select(name) rules::name
#define SINTER_RULE_convert(name) rules::name
#define SINTER_RULE_recast(name) rules::name
#define SINTER_RULE_same(name) rules::name
#define SINTER_RULE_alike(name) rules::name
constexpr Rule kRules[] = {
#define SINTER_OP(name, kind, rule, arity, names) SINTER_RULE_##rule(name),
#include <sinter/ir/ops.def>
#undef SINTER_OP
};
#undef SINTER_RULE_leaf
#undef SINTER_RULE_integer
#undef SINTER_RULE_comparison
#undef SINTER_RULE_logical
#undef SINTER_RULE_bitcast
#undef SINTER_RULE_raw_bitcast
#undef SINTER_RULE_lookup
#undef SINTER_RULE_floating
#undef SINTER_RULE_numeric
#undef SINTER_RULE_select
#undef SINTER_RULE_convert
#undef SINTER_RULE_recast
#undef SINTER_RULE_same
#undef SINTER_RULE_alike

}  // namespace

const Rule& rule(Op op) { return kRules[static_cast<std::size_t>(op)]; }

Flow flow(const Graph& graph, NodeId id, std::size_t i) {
  const Node& node = graph.node(id);
  const bool floats = is_floating(node.dtype) && is_floating(graph.node(node.operands[i]).dtype);
  if (!floats || info(node.op).operands[i].attribute) return Flow::none;
  // Only the planner makes reductions to the results of chunks, after all gradients.
  const bool reduces = info(node.op).kind == OpKind::reduction;
  if (reduces && ReductionAttributes::of(graph, id).chunk > 0) return Flow::none;
  return rule(node.op).flow;
}

}  // namespace sinter::detail::gradient
