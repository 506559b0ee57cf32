// Forward kernels are found by walking back from the loss.
#include "step_plan.h"

#include <algorithm>
#include <vector>

using namespace sinter;

std::int64_t bytes_of(const PlanBuffer& buffer) {
  return buffer.shape.elements() * info(buffer.dtype).bytes;
}

bool uses(const std::vector<PlanOperand>& operands, std::size_t buffer) {
  return std::any_of(operands.begin(), operands.end(),
                     [&](const PlanOperand& operand) { return operand.buffer.index == buffer; });
}

std::int64_t kept_for_backward(const Plan& step) {
  std::vector<bool> wanted(step.buffers.size(), false);
  for (std::size_t b = 0; b < step.buffers.size(); ++b) {
    const PlanBuffer& buffer = step.buffers[b];
    wanted[b] = buffer.kind == PlanBuffer::Kind::output &&
                step.graph.outputs()[buffer.position].name == "loss";
  }
  std::vector<bool> forward(step.kernels.size(), false);
  for (std::size_t k = step.kernels.size(); k-- > 0;) {
    const PlanKernel& kernel = step.kernels[k];
    forward[k] = std::ranges::any_of(
        kernel.outputs, [&](const PlanOperand& output) { return wanted[output.buffer.index]; });
    if (!forward[k]) continue;
    for (const PlanOperand& input : kernel.inputs) wanted[input.buffer.index] = true;
  }
  std::int64_t bytes = 0;
  for (std::size_t b = 0; b < step.buffers.size(); ++b) {
    bool stored = false;
    bool read = false;
    for (std::size_t k = 0; k < step.kernels.size(); ++k) {
      stored = stored || (forward[k] && uses(step.kernels[k].outputs, b));
      read = read || (!forward[k] && uses(step.kernels[k].inputs, b));
    }
    if (stored && read) bytes += bytes_of(step.buffers[b]);
  }
  return bytes;
}
