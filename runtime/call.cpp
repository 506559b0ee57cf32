// Call: a program bound to checked buffers.
#include <sinter/runtime/executable.h>

#include "backend.h"

namespace sinter {

Call::Call(std::unique_ptr<detail::BoundProgram> bound) : bound_(std::move(bound)) {}
Call::Call(Call&&) noexcept = default;
Call& Call::operator=(Call&&) noexcept = default;
Call::~Call() = default;

void Call::operator()(const RunOptions& options) { bound_->run(options); }
DirectCall Call::direct() const { return bound_->direct(); }

}  // namespace sinter
