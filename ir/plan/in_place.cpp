// Computes the in-place rule in one pass over the operands of a plan's kernels.
#include <utility>

#include <sinter/ir/in_place.h>

namespace sinter::detail {
namespace {

/// Lengths and strides of the axes that are longer than 1.
std::vector<std::pair<std::int64_t, std::int64_t>> walked_axes(const Shape& shape,
                                                               const Strides& strides) {
  const Strides steps = strides.empty() ? dense_strides(shape) : strides;
  std::vector<std::pair<std::int64_t, std::int64_t>> axes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] != 1) axes.emplace_back(shape[axis], steps[axis]);
  }
  return axes;
}

/// True if an input or output of a kernel covers all of its buffer, with the buffer's own strides.
bool is_whole(const PlanBuffer& buffer, const Graph& body, NodeId node, const Strides& strides) {
  return walked_axes(body.shape(node), strides) == walked_axes(buffer.shape, buffer.strides);
}

/// `shape` without leading axes of length 1. Kernels align shapes at the last axis, so [1, 8] and
/// [8, 1] differ: their axes of length 8 are different axes of the kernel.
Shape walk_of(const Shape& shape) {
  Shape walk;
  for (std::int64_t length : shape) {
    if (!walk.empty() || length != 1) walk.push_back(length);
  }
  return walk;
}

}  // namespace

InPlaceRule::InPlaceRule(const Plan& plan, std::size_t buffers)
    : readers_(buffers), writers_(buffers) {
  for (std::size_t k = 0; k < plan.kernels.size(); ++k) {
    const PlanKernel& kernel = plan.kernels[k];
    const auto now = static_cast<std::int64_t>(k);
    for (std::size_t i = 0; i < kernel.inputs.size(); ++i) {
      const PlanOperand& operand = kernel.inputs[i];
      if (operand.buffer.index >= buffers) continue;
      const GraphInput& read = kernel.body.inputs()[i];
      const bool reads_whole = operand.in_place && is_whole(plan.buffers[operand.buffer.index],
                                                            kernel.body, read.node, read.strides);
      Reader& last = readers_[operand.buffer.index];
      const bool read_twice = last.kernel == now;
      Shape walk = walk_of(kernel.body.shape(read.node));
      const bool alike = !read_twice || (last.in_place && last.walk == walk);
      last = {now, reads_whole && alike, std::move(walk)};
    }
    for (std::size_t i = 0; i < kernel.outputs.size(); ++i) {
      const BufferId buffer = kernel.outputs[i].buffer;
      if (buffer.index >= buffers) continue;
      const GraphOutput& written = kernel.body.outputs()[i];
      const bool whole =
          is_whole(plan.buffers[buffer.index], kernel.body, written.node, written.strides);
      writers_[buffer.index] = {whole ? now : -1, walk_of(kernel.body.shape(written.node))};
    }
  }
}

bool InPlaceRule::reads_before_writing(BufferId read, BufferId written) const {
  const Reader& reader = readers_[read.index];
  const Writer& writer = writers_[written.index];
  const bool in_place = reader.in_place && reader.walk == writer.walk;
  return reader.kernel < writer.kernel || (reader.kernel == writer.kernel && in_place);
}

}  // namespace sinter::detail
