// DeviceClock: times on a GPU between events, and launches without sinter. Peers: kernels that nvcc
// compiled, to compare with. The driver is opened at run time, so nothing is built against it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <sinter/bench/timing.h>

namespace sinter::bench {

/// Serves one thread. A driver call that fails ends the program with a message.
class DeviceClock {
 public:
  /// Makes the primary context of a device current in this thread. Returns null if there is no GPU,
  /// and the cause in `reason`.
  [[nodiscard]] static std::unique_ptr<DeviceClock> open(int device, std::string& reason);
  virtual ~DeviceClock() = default;

  /// Nanoseconds of device time per call, by round. Contestants are interleaved as by `interleave`
  /// of timing.h, each after an untimed call.
  [[nodiscard]] virtual std::vector<Samples> interleave(std::span<const Contestant> contestants,
                                                        const Timing& timing) const = 0;
  /// Nanoseconds of device time per call of `call`, by round. `call` launches on the stream that it
  /// is given. Several calls are captured into one CUDA graph, so that host time does not count.
  [[nodiscard]] virtual Samples captured(const std::function<void(void* stream)>& call,
                                         const Timing& timing) const = 0;
  /// Waits for everything that was launched.
  virtual void wait() const = 0;
  /// Starts one memory copy on the device.
  virtual void copy(void* to, const void* from, std::size_t bytes) const = 0;
  /// Launches a kernel that does nothing, by a bare cuLaunchKernel.
  virtual void launch_nothing() const = 0;
  /// Name of the device, such as "NVIDIA H200".
  [[nodiscard]] virtual const std::string& name() const = 0;
};

/// The functions of peers.cu; null if the build had no nvcc.
struct Peers {
  /// y = a | b | ..., in 16-byte words: the bound of a kernel with these inputs.
  void (*copy)(const void* const* inputs, int count, void* output, std::int64_t bytes) = nullptr;
  /// leaky_relu(x, 0.01), and leaky_relu(x + y, 0.01), by cub::DeviceTransform.
  void (*transform_f32)(const void* x, void* y, std::int64_t n) = nullptr;
  void (*transform_f16)(const void* x, void* y, std::int64_t n) = nullptr;
  void (*transform_sum)(const void* a, const void* b, void* y, std::int64_t n) = nullptr;
};
[[nodiscard]] const Peers& peers();

}  // namespace sinter::bench
