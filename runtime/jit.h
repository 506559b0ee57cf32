// Jit: the interface that compiles a LoopNest to MachineCode, the loaded code of one kernel.
#pragma once

#include <memory>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/loop_nest.h>
#include <sinter/runtime/stats.h>

namespace sinter::detail {

/// Machine code of one kernel. Unloaded with its last owner; keeps its Jit, or its device, alive
/// until then.
class MachineCode {
 public:
  virtual ~MachineCode() = default;
  /// The function of a CPU kernel; null for a GPU kernel, see CudaCode.
  [[nodiscard]] virtual KernelFunction entry() const { return nullptr; }
};

/// Compiles kernels for one target. Thread-safe.
class Jit {
 public:
  virtual ~Jit() = default;
  /// Compiles and loads a kernel. Adds the times of emit, codegen and link to `times`. Throws
  /// Error(internal) if a compiler or linker fails.
  [[nodiscard]] virtual std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                                   CompileTimes& times) = 0;
};

}  // namespace sinter::detail
