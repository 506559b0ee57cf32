#include "host_program.h"

#include <utility>

#include <fmt/format.h>

#include <sinter/ir/error.h>

namespace sinter::detail {

void refuse_stream(const RunOptions& how) {
  if (how.stream == nullptr) [[likely]]
    return;
  fail(ErrorCode::invalid_argument,
       "RunOptions::stream is given, but the program runs on a CPU, which has none");
}

HostBinding::HostBinding(std::shared_ptr<const Program> bound,
                         std::span<const ConstTensorView> inputs,
                         std::span<const TensorView> outputs)
    : BoundProgram(std::move(bound)),
      workspace_(program().services->workspaces, program().workspace_bytes) {
  std::vector<void*> slots(program().slots());
  program().fill_slots(inputs, outputs, workspace_.data(), slots.data());
  for (const Kernel& kernel : program().kernels) {
    for (const BufferPlace& place : kernel.places) buffers_.push_back(place.in(slots.data()));
  }
  void* const* of_kernel = buffers_.data();
  for (const Kernel& kernel : program().kernels) {
    arguments_.push_back(kernel.arguments(of_kernel, workspace_.data() + program().scratch_begin));
    of_kernel += kernel.places.size();
  }
}

DirectCall HostBinding::direct() const {
  const std::vector<Kernel>& kernels = program().kernels;
  if (kernels.size() != 1) {
    fail(ErrorCode::unsupported,
         fmt::format("a direct call needs a program of one kernel, this one has {}: call the Call",
                     kernels.size()));
  }
  if (kernels[0].entry == nullptr) {
    fail(ErrorCode::unsupported, "a direct call needs machine code, this program is interpreted");
  }
  return {kernels[0].entry, arguments_.data(), 0, kernels[0].extent, kernels[0].scratch_bytes};
}

}  // namespace sinter::detail
