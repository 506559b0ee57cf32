// Device: where an engine runs its kernels. RunOptions: how one run goes about it.
#pragma once

#include <cstdint>
#include <string>

#include <sinter/ir/export.h>

namespace sinter {

/// The CPU, or one of the machine's NVIDIA GPUs, numbered as the driver numbers them.
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

/// "cpu", "cuda:0".
[[nodiscard]] SINTER_API std::string to_string(Device device);

struct RunOptions {
  /// A CUstream (or cudaStream_t) on which the kernels are launched; the default stream where null.
  /// A run returns once they are launched. Not for the CPU.
  void* stream = nullptr;
};

}  // namespace sinter
