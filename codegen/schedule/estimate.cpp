// The estimated time of a kernel: a start, and the time to move its bytes or the time to compute
// its operations, whichever is longer.
#include <algorithm>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "schedule/placement.h"

namespace sinter {
namespace {

double elements_of(const Shape& shape) { return static_cast<double>(shape.elements()); }

/// Bytes that the kernel reads and writes. A broadcast element counts once.
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
    int bytes = info(node.dtype).bytes;  // of the widest elements, which decide on the lanes
    for (NodeId operand : node.inputs()) {
      bytes = std::max<int>(bytes, info(body.node(operand).dtype).bytes);
    }
    const double lanes = static_cast<double>(target.vector_bytes) / bytes;
    if (node.op == Op::dot) {
      operations += space.multiplications() / (2 * lanes);
      continue;
    }
    const bool reduces = info(node.op).kind == OpKind::reduction;
    const double elements = elements_of(body.shape(reduces ? node.operands[0] : NodeId{i}));
    operations += elements * detail::instructions(body, node) / lanes;
  }
  return operations;
}

}  // namespace

double estimate_nanoseconds(const Graph& body, const LoopSpace& space, const Target& target) try {
  const detail::FloatEnvironment environment;
  const CpuModel& model = target.model;
  const double bytes = bytes_moved(body, space);
  const bool near = bytes <= static_cast<double>(model.l2_bytes);
  const double moving = bytes / (near ? model.l2_bytes_per_ns : model.memory_bytes_per_ns);
  const double computing = vector_operations(body, space, target) / model.operations_per_ns;
  return model.start_ns + std::max(moving, computing);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
