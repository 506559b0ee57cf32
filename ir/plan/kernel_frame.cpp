// The frame of a kernel: its product, else its reductions, else the shape of its outputs.
#include <optional>

#include <sinter/ir/assert.h>
#include <sinter/ir/attributes.h>
#include <sinter/ir/plan.h>
#include <sinter/ir/rethrow.h>

namespace sinter {
namespace {

KernelFrame of_product(const Graph& body, NodeId dot) {
  const auto operands = body.node(dot).operands;
  Shape shape;
  SINTER_ASSERT(broadcast_shapes(body.shape(operands[0]), body.shape(operands[1]), shape),
                "the operands of a dot broadcast");
  return {.kind = KernelFrame::Kind::product,
          .shape = shape,
          .first = shape.rank() - 1,
          .count = 1,
          .accumulator = body.node(dot).dtype};
}

KernelFrame of_reduction(const Graph& body, NodeId reduction) {
  const auto of = ReductionAttributes::of(body, reduction);
  return {.kind = KernelFrame::Kind::reduction,
          .shape = body.shape(body.node(reduction).operands[0]),
          .first = static_cast<int>(of.axes[0]),
          .count = of.axes.rank(),
          .chunk = of.chunk};
}

}  // namespace

KernelFrame frame_of(const Graph& body) try {
  SINTER_ASSERT(!body.outputs().empty(), "a kernel has an output");
  std::optional<NodeId> dot;
  std::optional<NodeId> reduction;
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    if (body.node({i}).op == Op::dot) dot = {i};
    if (info(body.node({i}).op).kind == OpKind::reduction) reduction = {i};
  }
  if (dot.has_value()) {
    KernelFrame frame = of_product(body, *dot);
    frame.reduces_product = reduction.has_value();
    return frame;
  }
  if (reduction.has_value()) return of_reduction(body, *reduction);
  const Shape& shape = body.shape(body.outputs()[0].node);
  return {.shape = shape, .first = shape.rank()};
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
