// Nvrtc: NVIDIA's compiler from CUDA C to machine code, if the machine has it. Needs neither a
// device nor a driver.
//
// The only file that calls NVRTC is nvrtc.cpp; no header of CUDA's is used. Thread-safe: programs
// of NVRTC share nothing.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nvrtc_search.h"

namespace sinter::detail {

/// What is asked of NVRTC: machine code for one compute capability, or PTX from one on.
struct CudaArchitecture {
  int number = 0;  ///< major * 10 + minor
  bool ptx = false;
  friend bool operator==(const CudaArchitecture&, const CudaArchitecture&) = default;
};

/// Machine code where the compiler knows the device, PTX of the nearest older one where the device
/// is newer. Throws Error(unsupported) that names the oldest one served. `known` ascends.
[[nodiscard]] CudaArchitecture choose_architecture(int compute_capability,
                                                   std::span<const int> known,
                                                   std::string_view compiler);

class Nvrtc {
 public:
  /// Throws Error(unsupported) with every path that was tried.
  [[nodiscard]] static std::shared_ptr<const Nvrtc> load(
      const EnvironmentLookup& environment = process_environment);
  virtual ~Nvrtc() = default;

  /// "NVRTC 13.0, /path/to/libnvrtc.so.13"
  [[nodiscard]] virtual const std::string& description() const = 0;
  /// Compute capabilities that it makes code for, ascending.
  [[nodiscard]] virtual std::span<const int> architectures() const = 0;
  /// A cubin, or PTX as text. Throws Error(internal) with the compiler's log and the path of a file
  /// that holds the source.
  [[nodiscard]] virtual std::string compile(const std::string& source,
                                            CudaArchitecture architecture) const = 0;
};

}  // namespace sinter::detail
