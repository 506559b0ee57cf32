#include "schedule/nest_draft.h"

#include <bit>
#include <utility>

#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>
#include <sinter/ir/reduction.h>

namespace sinter::detail {

StatementBuilder::StatementBuilder(const Graph& body, const LoopSpace& space, Placement placement)
    : body_(body),
      space_(space),
      placement_(std::move(placement)),
      values_(body.nodes().size()),
      identities_(body.nodes().size()) {
  nest_.rank = space_.rank();
  for (const GraphInput& input : body_.inputs()) {
    nest_.arguments.push_back({body_.node(input.node).dtype, false});
  }
  for (const GraphOutput& output : body_.outputs()) {
    nest_.arguments.push_back({body_.node(output.node).dtype, true});
  }
  nest_.tables.assign(body_.tables().begin(), body_.tables().end());
  nest_.parameter_dtypes.resize(body_.parameters().size());
  for (const Node& node : body_.nodes()) {
    if (node.op == Op::parameter) nest_.parameter_dtypes[node.payload] = node.dtype;
  }
}

IndexId StatementBuilder::stride(std::size_t argument, int axis) {
  switch (stride_class(space_, argument, axis)) {
    case LaneStride::uniform: return indices_.constant(0);
    case LaneStride::contiguous: return indices_.constant(1);
    case LaneStride::reversed: return indices_.constant(-1);
    case LaneStride::strided: break;
  }
  return indices_.stride(stride_slot(space_, argument, axis));
}

Loop StatementBuilder::new_loop(LoopKind kind, IndexId from, IndexId to) {
  return {.kind = kind,
          .variable = indices_.new_variable(),
          .from = from,
          .to = to,
          .digits = {},
          .carried = {},
          .body = {}};
}

ValueId StatementBuilder::new_value(DType dtype) {
  const ValueId id{static_cast<std::uint32_t>(nest_.values.size())};
  nest_.values.push_back({dtype});
  return id;
}

ValueId StatementBuilder::new_value(NodeId node) {
  return values_[node.index] = new_value(body_.node(node).dtype);
}

Compute StatementBuilder::compute(NodeId id) {
  const Node& node = body_.node(id);
  SINTER_ASSERT(info(node.op).kind != OpKind::composite, "composites are expanded");
  Compute compute{{}, node.op, node.operand_count, {}, node.payload};
  for (std::size_t i = 0; i < node.operand_count; ++i) {
    compute.operands[i] = values_[placement_.value(node.operands[i]).index];
  }
  compute.result = new_value(id);
  return compute;
}

ValueId StatementBuilder::new_identity(NodeId reduction, Block& block) {
  const auto [op, dtype] = std::pair(body_.node(reduction).op, body_.node(reduction).dtype);
  const std::uint64_t bits = identity_bits(op, dtype);
  const auto constant = [&](double value) {
    const ValueId id = new_value(dtype);
    block.emplace_back(Compute{id, Op::constant, 0, {}, std::bit_cast<std::uint64_t>(value)});
    return id;
  };
  const double value = element_value(bits, dtype);
  if (element_bits(value, dtype) == bits && value != 0x1p63) return constant(value);
  // An f64 payload cannot hold the highest i64, which is the complement of the lowest.
  const ValueId lowest = constant(-0x1p63);
  const ValueId result = new_value(dtype);
  block.emplace_back(Compute{result, Op::bit_not, 1, {lowest}, 0});
  return result;
}

void StatementBuilder::define_identities(Block& block) {
  for (std::uint32_t i = 0; i < body_.nodes().size(); ++i) {
    const bool reduces = info(body_.node({i}).op).kind == OpKind::reduction;
    if (reduces && placement_.is_needed({i})) identities_[i] = new_identity({i}, block);
  }
}

std::vector<ValueId> StatementBuilder::identities(const ReductionPass& pass) const {
  std::vector<ValueId> values;
  for (NodeId reduction : pass.reductions) values.push_back(identity(reduction));
  return values;
}

std::vector<ValueId> StatementBuilder::operand_values(const ReductionPass& pass) const {
  std::vector<ValueId> values;
  for (NodeId reduction : pass.reductions) {
    values.push_back(values_[placement_.value(body_.node(reduction).operands[0]).index]);
  }
  return values;
}

void StatementBuilder::carry(const ReductionPass& pass, const std::vector<ValueId>& first,
                             Loop& loop) {
  for (std::size_t i = 0; i < first.size(); ++i) {
    const DType dtype = body_.node(pass.reductions[i]).dtype;
    loop.carried.push_back({first[i], new_value(dtype), {}, new_value(dtype)});
  }
}

std::vector<ValueId> StatementBuilder::accumulate(const ReductionPass& pass,
                                                  const std::vector<ValueId>& x, Loop& loop) {
  std::vector<ValueId> results;
  for (std::size_t i = 0; i < x.size(); ++i) {
    Carry& carry = loop.carried[i];
    carry.next = combine(pass.reductions[i], carry.value, x[i], loop.body);
    results.push_back(carry.result);
  }
  return results;
}

ValueId StatementBuilder::combine(NodeId reduction, ValueId a, ValueId b, Block& block) {
  const Node& node = body_.node(reduction);
  const ValueId result = new_value(node.dtype);
  block.emplace_back(Compute{result, combiner(node.op), 2, {a, b}, 0});
  return result;
}

std::vector<ValueId> StatementBuilder::fold(const ReductionPass& pass,
                                            const std::vector<ValueId>& lanes, Block& block) {
  std::vector<ValueId> results;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const Node& node = body_.node(pass.reductions[i]);
    results.push_back(new_value(node.dtype));
    block.emplace_back(Fold{results.back(), combiner(node.op), lanes[i]});
  }
  return results;
}

LoopNest StatementBuilder::take() {
  nest_.indices = indices_.take();
  drop_unused_indices(nest_);
  return std::move(nest_);
}

}  // namespace sinter::detail
