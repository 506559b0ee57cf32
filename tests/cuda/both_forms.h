// Runs a conversion on a device in both forms of its helpers: the hardware conversion, and the
// integer arithmetic that host compilers use instead.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <sinter/codegen/cuda.h>
#include <sinter/ir/passes.h>
#include <sinter/sinter.h>

#include "../../runtime/cuda/device.h"
#include "../../runtime/cuda/nvrtc.h"

namespace sinter::test {

class BothForms {
 public:
  explicit BothForms(Device device)
      : device_(detail::CudaDevice::open(device.index())), nvrtc_(detail::Nvrtc::load()) {}

  /// Converts the values with the bit patterns from 0 to `count`, a power of two, in both forms,
  /// `step` values per launch. Returns the first pattern whose results differ, or -1.
  [[nodiscard]] std::int64_t first_difference(DType from, DType to, std::uint64_t count,
                                              std::int64_t step) const {
    Graph graph;
    graph.output("y", graph.input("x", from, {step}).convert(to));
    const Graph body = expand(graph, graph.parameters());
    const LoopSpace space = collapse(body);
    const CudaKernel kernel = emit_cuda(schedule_cuda(body, space, device_->target()));
    const std::int64_t blocks = block_count(kernel, space);
    std::string integers = kernel.source;
    for (std::size_t at = 0; (at = integers.find(kHardware, at)) != std::string::npos;) {
      integers.replace(at, kHardware.size(), "BY_INTEGERS");
    }
    const detail::CudaScope scope(*device_);
    const Loaded hardware = load(kernel.source);
    const Loaded arithmetic = load(integers);
    std::int64_t different = -1;
    for (std::uint64_t first = 0; first < count && different < 0;
         first += static_cast<std::uint64_t>(step)) {
      const std::vector<std::byte> values = numbers(first, step, info(from).bytes);
      const auto a = convert(hardware, kernel, blocks, values, step * info(to).bytes);
      const auto b = convert(arithmetic, kernel, blocks, values, step * info(to).bytes);
      const auto at = std::ranges::mismatch(a, b).in1 - a.begin();
      if (at < std::ssize(a)) {
        different = static_cast<std::int64_t>(first) + at / info(to).bytes;
      }
    }
    for (const Loaded& one : {hardware, arithmetic}) device_->driver().module_unload(one.module);
    return different;
  }

 private:
  static constexpr std::string_view kHardware = "__CUDA_ARCH__";
  struct Loaded {
    detail::CudaModule module = nullptr;
    detail::CudaFunction function = nullptr;
  };

  [[nodiscard]] Loaded load(const std::string& source) const {
    const auto architecture = detail::choose_architecture(
        device_->target().compute_capability, nvrtc_->architectures(), nvrtc_->description());
    const std::string image = nvrtc_->compile(source, architecture);
    Loaded made;
    device_->check(device_->driver().module_load(&made.module, image.c_str()), "loading");
    device_->check(device_->driver().module_function(&made.function, made.module, "sinter_kernel"),
                   "finding");
    return made;
  }

  /// `count` consecutive integers from `first`, of `bytes` bytes each.
  static std::vector<std::byte> numbers(std::uint64_t first, std::int64_t count,
                                        std::size_t bytes) {
    std::vector<std::byte> all(static_cast<std::size_t>(count) * bytes);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const std::uint64_t number = first + i;
      std::memcpy(all.data() + i * bytes, &number, bytes);
    }
    return all;
  }

  [[nodiscard]] std::vector<std::byte> convert(const Loaded& form, const CudaKernel& kernel,
                                               std::int64_t blocks,
                                               const std::vector<std::byte>& values,
                                               std::int64_t bytes) const {
    const detail::CudaDriver& driver = device_->driver();
    std::vector<std::byte> results(static_cast<std::size_t>(bytes));
    std::array<detail::CudaPointer, 2> buffers{};
    device_->check(driver.allocate(&buffers[0], values.size()), "allocating");
    device_->check(driver.allocate(&buffers[1], results.size()), "allocating");
    device_->check(driver.copy_to_device(buffers[0], values.data(), values.size()), "copying");
    auto length =
        static_cast<std::int64_t>(results.size()) / info(kernel.parameters[1].dtype).bytes;
    std::vector<void*> parameters{&buffers[0], &buffers[1], &length};
    device_->check(driver.launch(form.function, static_cast<unsigned>(blocks), 1, 1,
                                 static_cast<unsigned>(kernel.threads), 1, 1, 0, nullptr,
                                 parameters.data(), nullptr),
                   "launching");
    device_->check(driver.copy_to_host(results.data(), buffers[1], results.size()), "copying");
    for (detail::CudaPointer buffer : buffers) driver.release(buffer);
    return results;
  }

  const std::shared_ptr<const detail::CudaDevice> device_;
  const std::shared_ptr<const detail::Nvrtc> nvrtc_;
};

}  // namespace sinter::test
