// The choice of a backend. Another one is a folder and a case in backends.cpp; docs/adding.md has
// the steps.
#pragma once

#include <memory>

#include <sinter/runtime/executor.h>
#include <sinter/runtime/options.h>

#include "backend.h"

namespace sinter::detail {

/// Opens the device that `options` name. `allocator` supplies memory of the host. Throws
/// Error(unsupported), with the reason, if there is no such device.
[[nodiscard]] std::shared_ptr<const Backend> open_backend(const EngineOptions& options,
                                                          std::shared_ptr<Allocator> allocator);

/// The generator that prints `stage`, one after Stage::loops: the backend's own if it supports the
/// stage, else that of a default GPU, which shows CUDA C without a device. If neither supports it,
/// the backend's own, whose `text` throws Error(unsupported).
[[nodiscard]] const CodeGenerator& generator_of(const Backend& backend, Stage stage);

}  // namespace sinter::detail
