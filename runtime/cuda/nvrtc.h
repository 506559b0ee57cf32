// Nvrtc: NVIDIA's run-time compiler from CUDA C to machine code, if it is installed. Needs no GPU
// and no driver.
//
// Only nvrtc.cpp calls NVRTC; no CUDA header is used. Thread-safe: NVRTC's programs share no state.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cuda/nvrtc_search.h"

namespace sinter::detail {

/// The output of NVRTC: machine code for one compute capability, or PTX for it and all later ones.
struct CudaArchitecture {
  int number = 0;  ///< major * 10 + minor
  bool ptx = false;
  friend bool operator==(const CudaArchitecture&, const CudaArchitecture&) = default;
};

/// Chooses machine code if the compiler knows the device's compute capability, else PTX for the
/// nearest older one. `known` is in ascending order. Throws Error(unsupported) if all known ones
/// are newer; the message names the oldest.
[[nodiscard]] CudaArchitecture choose_architecture(int compute_capability,
                                                   std::span<const int> known,
                                                   std::string_view compiler);

/// A loaded NVRTC library.
class Nvrtc {
 public:
  /// Finds and loads NVRTC. Throws Error(unsupported) with every path that was tried.
  [[nodiscard]] static std::shared_ptr<const Nvrtc> load(
      const EnvironmentLookup& environment = process_environment);
  virtual ~Nvrtc() = default;

  /// Version and path, such as "NVRTC 13.0, /path/to/libnvrtc.so.13".
  [[nodiscard]] virtual const std::string& description() const = 0;
  /// Compute capabilities that it makes code for, as major * 10 + minor, ascending.
  [[nodiscard]] virtual std::span<const int> architectures() const = 0;
  /// Compiles to a cubin, or to PTX as text. Throws Error(internal) with the compiler's log and the
  /// path of a file with the source.
  [[nodiscard]] virtual std::string compile(const std::string& source,
                                            CudaArchitecture architecture) const = 0;
};

}  // namespace sinter::detail
