#include "schedule/nest_draft.h"

#include <utility>

#include <sinter/ir/assert.h>

namespace sinter::detail {

NestDraft::NestDraft(const Graph& kernel, const LoopSpace& loops, Placement levels)
    : body(kernel),
      space(loops),
      placement(std::move(levels)),
      values(body.nodes().size()),
      identities(body.nodes().size()),
      defined(body.nodes().size()) {
  result.rank = space.rank();
  for (const GraphInput& input : body.inputs()) {
    result.arguments.push_back({body.node(input.node).dtype, false});
  }
  for (const GraphOutput& output : body.outputs()) {
    result.arguments.push_back({body.node(output.node).dtype, true});
  }
  result.tables.assign(body.tables().begin(), body.tables().end());
  result.parameter_dtypes.resize(body.parameters().size());
  for (const Node& node : body.nodes()) {
    if (node.op == Op::parameter) result.parameter_dtypes[node.payload] = node.dtype;
  }
}

std::uint8_t NestDraft::new_local(DType dtype, std::int64_t elements) {
  result.arguments.push_back({dtype, false, static_cast<std::uint32_t>(elements)});
  return static_cast<std::uint8_t>(result.arguments.size() - 1);
}

IndexId NestDraft::stride(std::size_t argument, int axis) {
  switch (stride_class(space, argument, axis)) {
    case LaneStride::uniform: return number(0);
    case LaneStride::contiguous: return number(1);
    case LaneStride::reversed: return number(-1);
    case LaneStride::strided: break;
  }
  return indices.stride(stride_slot(space, argument, axis));
}

Span NestDraft::part(Span whole, IndexId index, std::int64_t size) {
  const IndexId from = indices.add(whole.from, indices.mul(index, number(size)));
  return {from, indices.min(whole.to, indices.add(from, number(size)))};
}

Loop NestDraft::new_loop(LoopKind kind, Span range) {
  return {.kind = kind,
          .variable = indices.new_variable(),
          .from = range.from,
          .to = range.to,
          .digits = {},
          .carried = {},
          .body = {}};
}

IndexId NestDraft::add_digit(Loop& loop, IndexId radix) {
  loop.digits.push_back({indices.new_variable(), radix});
  return loop.digits.back().variable;
}

ValueId NestDraft::new_value(DType dtype) {
  const ValueId id{static_cast<std::uint32_t>(result.values.size())};
  result.values.push_back({dtype});
  return id;
}

ValueId NestDraft::new_value(NodeId node) {
  return values[node.index] = new_value(body.node(node).dtype);
}

Compute NestDraft::compute(NodeId id) {
  const Node& node = body.node(id);
  SINTER_ASSERT(info(node.op).kind != OpKind::composite, "composites are expanded");
  Compute compute{{}, node.op, node.operand_count, {}, node.payload};
  for (std::size_t i = 0; i < node.operand_count; ++i) {
    compute.operands[i] = value_of(node.operands[i]);
  }
  compute.result = new_value(id);
  return compute;
}

void NestDraft::define(const Wanted& wanted, const std::function<Statement(NodeId)>& read,
                       Block& block) {
  for (NodeId node : placement.order) {
    if (!wanted(node)) continue;
    const Op op = body.node(node).op;
    const bool is_read = op == Op::input || op == Op::iota || op == Op::dot;
    block.push_back(is_read ? read(node) : compute(node));
  }
}

LoopNest NestDraft::take() {
  result.indices = indices.take();
  drop_unused_indices(result);
  return std::move(result);
}

}  // namespace sinter::detail
