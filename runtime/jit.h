// Jit: what makes machine code of a LoopNest. MachineCode: what it made.
#pragma once

#include <memory>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/loop_nest.h>
#include <sinter/runtime/stats.h>

namespace sinter::detail {

/// Machine code of one kernel. Unloads with the last owner, and keeps what made it alive until
/// then.
class MachineCode {
 public:
  virtual ~MachineCode() = default;
  /// A CPU's kernel; null for a GPU's, see CudaCode.
  [[nodiscard]] virtual KernelFunction entry() const { return nullptr; }
};

class Jit {
 public:
  virtual ~Jit() = default;
  /// Adds to `times` what emit, codegen and link took. Throws Error(internal) when a compiler or
  /// linker fails.
  [[nodiscard]] virtual std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                                   CompileTimes& times) = 0;
};

}  // namespace sinter::detail
