#include "backends.h"

#include <optional>
#include <utility>

#include <sinter/ir/error.h>
#include <sinter/runtime/engine.h>

#include "cpu/open.h"
#include "cuda/generator.h"
#include "cuda/open.h"

namespace sinter::detail {

std::shared_ptr<const Backend> open_backend(const EngineOptions& options,
                                            std::shared_ptr<Allocator> allocator) {
  const std::optional<Target>& asked = options.target;
  switch (options.device.kind()) {
    case Device::Kind::cuda:
      return open_cuda(options.device.index(),
                       asked.has_value() ? *asked : host_target_or_default());
    case Device::Kind::cpu: break;
  }
  return open_cpu(asked.has_value() ? *asked : host_target(), std::move(allocator));
}

const CodeGenerator& generator_of(const Backend& backend, Stage stage) {
  static const CudaGenerator default_gpu{GpuTarget{}};
  if (backend.generator().shows(stage) || !default_gpu.shows(stage)) return backend.generator();
  return default_gpu;
}

}  // namespace sinter::detail
