// CudaJit: compiles with NVRTC, and loads each image once per context.
#include "cuda/jit.h"

#include <algorithm>

#include <fmt/format.h>

#include <sinter/ir/error.h>

#include "stopwatch.h"

namespace sinter::detail {
namespace {

/// True if the driver rejected the image but may accept PTX instead.
bool is_refused_image(CudaResult result) {
  return result == kCudaInvalidImage || result == kCudaNoBinaryForGpu ||
         result == kCudaInvalidPtx || result == kCudaUnsupportedPtxVersion;
}

/// Returns compile(). Puts the device's description before the message of its errors.
auto on_device(const CudaDevice& device, auto&& compile) {
  try {
    return compile();
  } catch (const Error& error) {
    fail(error.code(), fmt::format("{}: {}", device.description(), error.what()));
  }
}

}  // namespace

std::pair<std::string, bool> compile_cuda(const CudaKernel& kernel, int compute_capability,
                                          const Nvrtc& nvrtc) {
  const CudaArchitecture architecture =
      choose_architecture(compute_capability, nvrtc.architectures(), nvrtc.description());
  return {nvrtc.compile(kernel.source, architecture), architecture.ptx};
}

CudaCode::CudaCode(std::shared_ptr<const CudaDevice> device, std::shared_ptr<const Nvrtc> nvrtc,
                   CudaKernel kernel, std::string image, bool ptx)
    : device_(std::move(device)),
      nvrtc_(std::move(nvrtc)),
      kernel_(std::move(kernel)),
      image_(std::move(image)),
      ptx_(ptx) {}

CudaCode::~CudaCode() {
  for (const Loaded& loaded : loaded_) {
    device_->release_in(loaded.owner,
                        [&](const CudaDriver& driver) { driver.module_unload(loaded.module); });
  }
}

CudaFunction CudaCode::function(const CudaOwner& owner) const {
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(loaded_, owner, &Loaded::owner);
  if (known != loaded_.end()) return known->function;
  // Modules of an earlier context at the same address were destroyed with that context.
  std::erase_if(loaded_, [&](const Loaded& one) { return one.owner.context == owner.context; });
  Loaded& loaded = loaded_.emplace_back(Loaded{owner, load(), nullptr});
  const CudaResult result =
      device_->driver().module_function(&loaded.function, loaded.module, kernel_.entry.c_str());
  if (result == 0) return loaded.function;
  device_->driver().module_unload(loaded.module);
  loaded_.pop_back();
  device_->check(result, fmt::format("finding {}", kernel_.entry));
  return nullptr;
}

/// Loads the image. If the driver rejects machine code, compiles to PTX instead, which the driver
/// itself compiles.
CudaModule CudaCode::load() const {
  CudaModule module = nullptr;
  CudaResult result = device_->driver().module_load(&module, image_.c_str());
  if (!ptx_ && is_refused_image(result)) {
    image_ = on_device(*device_, [this] {
      const int capability = device_->target().compute_capability;
      const int nearest =
          choose_architecture(capability, nvrtc_->architectures(), nvrtc_->description()).number;
      return nvrtc_->compile(kernel_.source, {nearest, true});
    });
    ptx_ = true;
    result = device_->driver().module_load(&module, image_.c_str());
  }
  device_->check(result, fmt::format("loading a kernel made by {}", nvrtc_->description()));
  return module;
}

CudaJit::CudaJit(std::shared_ptr<const CudaDevice> device)
    : device_(std::move(device)), nvrtc_(Nvrtc::load()) {
  static_cast<void>(on_device(*device_, [this] {
    return choose_architecture(device_->target().compute_capability, nvrtc_->architectures(),
                               nvrtc_->description());
  }));
}

std::shared_ptr<const MachineCode> CudaJit::compile(const LoopNest& nest,
                                                    CompileTimes& times) const {
  Stopwatch watch;
  CudaKernel kernel = emit_cuda(nest);
  watch.lap(times.emit);
  auto [image, ptx] = on_device(*device_, [&] {
    return compile_cuda(kernel, device_->target().compute_capability, *nvrtc_);
  });
  watch.lap(times.codegen);
  auto code =
      std::make_shared<const CudaCode>(device_, nvrtc_, std::move(kernel), std::move(image), ptx);
  const CudaScope scope(*device_);
  static_cast<void>(code->function(scope.owner()));
  watch.lap(times.link);
  return code;
}

}  // namespace sinter::detail
