// Kernels made here for AArch64, and run there: linked by a cross compiler with driver.c and
// called, all of them by one process, under qemu-user.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <sinter/codegen/target.h>

#include "codegen/run_nest.h"

namespace sinter::test {

/// Why kernels cannot be run here, in a sentence; "" when they can.
[[nodiscard]] std::string why_not_aarch64();

struct CallOptions {
  bool streaming = false;
  bool one_by_one = false;  ///< a call an element: what is left beside the vectors does all
  std::int64_t offset = 0;  ///< of every buffer behind a 64-byte boundary, in elements
};

/// Calls to make and to check. Kernels of equal nests are one.
class AArch64Calls {
 public:
  AArch64Calls();
  ~AArch64Calls();
  AArch64Calls(const AArch64Calls&) = delete;
  AArch64Calls& operator=(const AArch64Calls&) = delete;

  /// `graph` is one kernel.
  void add(std::string name, const Graph& graph, std::span<const TensorData> inputs,
           const CallOptions& options = {});
  /// Makes all calls, and expects the bits of the interpreter.
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

  Target target_ = Target::parse("aarch64");
  std::string directory_;
  std::map<std::string, std::size_t> kernels_;  // by the bytes of their nests
  std::vector<Call> calls_;
  std::string input_;  // of the driver
};

}  // namespace sinter::test
