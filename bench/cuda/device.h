// A GPU as the measurements need it: times between events, launches without sinter, and the peers
// that nvcc made, where it was installed. The driver is opened at run time, as sinter does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <sinter/bench/timing.h>

namespace sinter::bench {

class DeviceClock {
 public:
  /// Makes the primary context of a device this thread's own. Null where there is no GPU, and why
  /// is in `reason`.
  [[nodiscard]] static std::unique_ptr<DeviceClock> open(int device, std::string& reason);
  virtual ~DeviceClock() = default;

  /// Nanoseconds of device time a call, by round: contestants in turn, each after an untimed call,
  /// as `interleave` takes them on a CPU.
  [[nodiscard]] virtual std::vector<Samples> interleave(std::span<const Contestant> contestants,
                                                        const Timing& timing) const = 0;
  /// The same of one call, which launches on the stream that it is given: several of them captured
  /// into a graph, so that no time of the host's is among them.
  [[nodiscard]] virtual Samples captured(const std::function<void(void* stream)>& call,
                                         const Timing& timing) const = 0;
  /// Waits for everything that was launched.
  virtual void wait() const = 0;
  /// One memory copy on the device.
  virtual void copy(void* to, const void* from, std::size_t bytes) const = 0;
  /// cuLaunchKernel of a kernel that does nothing.
  virtual void launch_nothing() const = 0;
  /// "NVIDIA H200"
  [[nodiscard]] virtual const std::string& name() const = 0;
};

/// What nvcc compiled from peers.cu: null where the build had no nvcc.
struct Peers {
  /// y = a | b | ..., of 16-byte words: the bound of a kernel with these inputs.
  void (*copy)(const void* const* inputs, int count, void* output, std::int64_t bytes) = nullptr;
  /// leaky_relu(x, 0.01), and leaky_relu(x + y, 0.01), by cub::DeviceTransform.
  void (*transform_f32)(const void* x, void* y, std::int64_t n) = nullptr;
  void (*transform_f16)(const void* x, void* y, std::int64_t n) = nullptr;
  void (*transform_sum)(const void* a, const void* b, void* y, std::int64_t n) = nullptr;
};
[[nodiscard]] const Peers& peers();

}  // namespace sinter::bench
