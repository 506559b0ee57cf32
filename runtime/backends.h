// The one place that knows every backend. Another backend is a folder and a line in backends.cpp.
#pragma once

#include <memory>

#include <sinter/runtime/executor.h>
#include <sinter/runtime/options.h>

#include "backend.h"

namespace sinter::detail {

/// Opens the device that `options` name. `allocator` serves memory of the host. Throws
/// Error(unsupported), with the reason, if there is no such device.
[[nodiscard]] std::shared_ptr<const Backend> open_backend(const EngineOptions& options,
                                                          std::shared_ptr<Allocator> allocator);

/// The generator that shows a stage after Stage::loops of a program: that of its own backend, or
/// that of a default GPU. Throws Error(unsupported) if neither shows it.
[[nodiscard]] const CodeGenerator& generator_of(const Backend& backend, Stage stage);

}  // namespace sinter::detail
