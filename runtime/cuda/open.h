// The backend of a GPU: loops to CUDA C, compiled by NVRTC and launched by the driver.
#pragma once

#include <memory>

#include <sinter/codegen/target.h>

#include "backend.h"

namespace sinter::detail {

/// Opens GPU `index`. Engine::target returns `cpu`, which nothing else uses. Throws
/// Error(unsupported), with the reason, if the device, its driver or NVRTC is missing.
[[nodiscard]] std::shared_ptr<const Backend> open_cuda(int index, Target cpu);

}  // namespace sinter::detail
