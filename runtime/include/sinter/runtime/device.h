// Device: the CPU or GPU that an engine runs its kernels on. RunOptions: options of one run.
#pragma once

#include <cstdint>
#include <string>

#include <sinter/ir/export.h>

namespace sinter {

/// The CPU, or one of the machine's NVIDIA GPUs, by the driver's index.
class Device {
 public:
  enum class Kind : std::uint8_t { cpu, cuda };

  constexpr Device() = default;
  [[nodiscard]] static constexpr Device cpu() { return {}; }
  [[nodiscard]] static constexpr Device cuda(int index = 0) { return Device(Kind::cuda, index); }

  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr int index() const { return index_; }
  friend constexpr bool operator==(Device, Device) = default;

 private:
  constexpr Device(Kind kind, int index) : kind_(kind), index_(index) {}
  Kind kind_ = Kind::cpu;
  int index_ = 0;
};

/// The text form of a device: "cpu", "cuda:0".
[[nodiscard]] SINTER_API std::string to_string(Device device);

/// Options of one run.
struct RunOptions {
  /// CUstream (or cudaStream_t) on which the kernels are launched; null for the default stream. A
  /// run on a GPU returns once its kernels are launched. On a CPU, a stream is an error.
  void* stream = nullptr;
};

}  // namespace sinter
