// Executable: the public interface of a Program.
#include <sinter/ir/rethrow.h>
#include <sinter/runtime/executable.h>

#include "program.h"
#include "stage_text.h"

namespace sinter {

Executable::Executable(std::shared_ptr<const detail::Program> program)
    : program_(std::move(program)) {}

void Executable::run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                     const RunOptions& options) const try {
  program_->run(inputs, outputs, options);
} catch (...) {
  detail::rethrow_as_error();
}

Call Executable::bind(std::span<const ConstTensorView> inputs,
                      std::span<const TensorView> outputs) const try {
  program_->check(inputs, outputs);
  return Call(program_->services->backend->bind(program_, inputs, outputs));
} catch (...) {
  detail::rethrow_as_error();
}

std::string Executable::text(Stage stage) const try {
  return detail::stage_text(*program_, stage);
} catch (...) {
  detail::rethrow_as_error();
}

std::span<const GraphInput> Executable::inputs() const {
  return program_->planned->source.inputs();
}
std::span<const GraphOutput> Executable::outputs() const {
  return program_->planned->source.outputs();
}
int Executable::kernels() const { return static_cast<int>(program_->kernels.size()); }
CompileTimes Executable::compile_times() const { return program_->times; }
std::int64_t Executable::workspace_bytes() const { return program_->workspace_bytes; }
std::int64_t Executable::entry_bytes() const { return program_->entry_bytes; }

}  // namespace sinter
