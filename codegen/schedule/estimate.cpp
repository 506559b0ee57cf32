// The estimated time of a kernel: the greater of moving its bytes and computing its operations.
#include <algorithm>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/op_cost.h>
#include <sinter/ir/rethrow.h>

namespace sinter {
namespace {

double elements_of(const Shape& shape) { return static_cast<double>(shape.elements()); }

/// Bytes that the kernel reads and writes. An element that is read for several places counts once.
double bytes_moved(const Graph& body, const LoopSpace& space) {
  double bytes = 0;
  std::size_t argument = 0;
  const auto add = [&](NodeId node) {
    double elements = 1;
    for (int axis = 0; axis < space.rank(); ++axis) {
      const auto slot = argument * static_cast<std::size_t>(space.rank());
      const bool repeats = space.strides[slot + static_cast<std::size_t>(axis)] == 0;
      if (!repeats) elements *= static_cast<double>(space.extents[axis]);
    }
    bytes += elements * info(body.node(node).dtype).bytes;
    ++argument;
  };
  for (const GraphInput& input : body.inputs()) add(input.node);
  for (const GraphOutput& output : body.outputs()) add(output.node);
  return bytes;
}

/// Operations on whole vectors. An op over fewer elements than the kernel's, such as one that
/// follows a reduction, counts for its own elements. Multiply-adds of a product keep two vector
/// units busy.
double vector_operations(const Graph& body, const LoopSpace& space, const Target& target) {
  double operations = 0;
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    const Node& node = body.node({i});
    if (node.operand_count == 0 || node.op == Op::broadcast) continue;
    const Node& first = body.node(node.operands[0]);
    const double lanes = static_cast<double>(target.vector_bytes) /
                         std::max(info(first.dtype).bytes, info(node.dtype).bytes);
    if (node.op == Op::dot) {
      operations += static_cast<double>(space.multiplications()) / (2 * lanes);
      continue;
    }
    const bool reduces = info(node.op).kind == OpKind::reduction;
    const double elements = elements_of(body.shape(reduces ? node.operands[0] : NodeId{i}));
    operations += elements * count_operations(node.op, first.dtype, node.dtype) / lanes;
  }
  return operations;
}

}  // namespace

double estimate_nanoseconds(const Graph& body, const LoopSpace& space, const Target& target) try {
  const detail::FloatEnvironment environment;
  const CpuModel& model = target.model;
  const double bytes = bytes_moved(body, space);
  const bool near = bytes <= static_cast<double>(model.l2_bytes);
  const double moving = bytes / (near ? model.near_bytes_per_ns : model.far_bytes_per_ns);
  const double computing = vector_operations(body, space, target) / model.operations_per_ns;
  return model.start_ns + std::max(moving, computing);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
