#include "statement_builder.h"

#include <utility>

#include <sinter/ir/assert.h>

namespace sinter::detail {

StatementBuilder::StatementBuilder(const Graph& body, const LoopSpace& space, Placement placement)
    : body_(body), space_(space), placement_(std::move(placement)), values_(body.nodes().size()) {
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

LoopNest StatementBuilder::take() {
  nest_.indices = indices_.take();
  drop_unused_indices(nest_);
  return std::move(nest_);
}

}  // namespace sinter::detail
