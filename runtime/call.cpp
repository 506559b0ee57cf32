// Call: a program bound to checked buffers.
#include <sinter/runtime/executable.h>

#include <fmt/format.h>

#include <sinter/ir/float_environment.h>

#include "program.h"

namespace sinter {

Call::Call(std::unique_ptr<detail::BoundProgram> bound) : bound_(std::move(bound)) {}
Call::Call(Call&&) noexcept = default;
Call& Call::operator=(Call&&) noexcept = default;
Call::~Call() = default;

void Call::operator()(const RunOptions& options) {
  const detail::Program& program = *bound_->program;
  program.check(options);
  if (bound_->cuda.has_value()) return bound_->cuda->run(options);
  const detail::FloatEnvironment environment;
  const KernelArguments* arguments = bound_->arguments.data();
  for (const detail::Kernel& kernel : program.kernels) {
    detail::launch(kernel, *arguments++, *program.services);
  }
}

DirectCall Call::direct() const {
  if (bound_->cuda.has_value()) {
    fail(ErrorCode::unsupported, "a direct call needs a program for a CPU, this one is for a GPU");
  }
  const std::vector<detail::Kernel>& kernels = bound_->program->kernels;
  if (kernels.size() != 1) {
    fail(ErrorCode::unsupported,
         fmt::format("a direct call needs a program of one kernel, this one has {}: call the Call",
                     kernels.size()));
  }
  return {kernels[0].entry, bound_->arguments.data(), 0, kernels[0].extent,
          kernels[0].scratch_bytes};
}

}  // namespace sinter
