// CpuJit: LoopNest to callable machine code in this process, through LLVM and ORC.
//
// The only LLVM users in runtime are cpu_jit.cpp and host.cpp. Thread-safe: concurrent compiles use
// one TargetMachine each, from a pool that is kept.
#pragma once

#include <memory>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/target.h>
#include <sinter/runtime/stats.h>

namespace sinter::detail {

/// Machine code of one kernel. Unloads with the last owner, and keeps the JIT alive until then.
class MachineCode {
 public:
  virtual ~MachineCode() = default;
  [[nodiscard]] virtual KernelFunction entry() const = 0;
};

class CpuJit : public std::enable_shared_from_this<CpuJit> {
 public:
  /// Throws Error(unsupported) when LLVM cannot make code for `target`.
  [[nodiscard]] static std::shared_ptr<CpuJit> make(const Target& target);
  virtual ~CpuJit() = default;
  /// Adds to `times` what emit, codegen and link took. Throws Error(internal) when linking fails.
  [[nodiscard]] virtual std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                                   CompileTimes& times) = 0;
};

}  // namespace sinter::detail
