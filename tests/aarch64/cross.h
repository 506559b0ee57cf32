// Compiles kernels for AArch64 on this machine and runs them under qemu-user: a cross compiler
// links them with driver.c, and one process makes all calls.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <sinter/codegen/target.h>

#include "codegen/run_nest.h"

namespace sinter::test {

/// Reason why kernels for AArch64 cannot be run here, as a sentence; "" if they can.
[[nodiscard]] std::string why_not_aarch64();

struct CallOptions {
  bool streaming = false;
  bool one_by_one = false;  ///< one call per element, so that only the tail runs
  std::int64_t offset = 0;  ///< elements between a 64-byte boundary and each buffer
};

/// Collects calls of kernels, then makes and checks them. Kernels with equal nests are compiled
/// once.
class AArch64Calls {
 public:
  explicit AArch64Calls(Target target = Target::parse("aarch64"));
  ~AArch64Calls();
  AArch64Calls(const AArch64Calls&) = delete;
  AArch64Calls& operator=(const AArch64Calls&) = delete;

  /// Adds a call. `graph` must be one kernel.
  void add(std::string name, const Graph& graph, std::span<const TensorData> inputs,
           const CallOptions& options = {});
  /// Makes all calls. Expects the bits of the interpreter.
  void run();

 private:
  struct Call {
    std::string name;
    Graph reference;
    LoopNest nest;
    KernelMemory memory;
  };
  [[nodiscard]] std::size_t kernel_of(const LoopNest& nest);
  void write(const Call& call, const LoopSpace& space, std::span<const std::uint64_t> parameters,
             const CallOptions& options);
  [[nodiscard]] bool link_and_run();

  const Target target_;
  std::string directory_;
  std::map<std::string, std::size_t> kernels_;  // number of the kernel, by key of its nest
  std::vector<Call> calls_;
  std::string input_;  // standard input of the driver
};

}  // namespace sinter::test
