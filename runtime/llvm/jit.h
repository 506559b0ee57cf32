// CpuJit: compiles a LoopNest to callable machine code in this process, through LLVM and ORC.
//
// Only jit.cpp and host.cpp use LLVM in this room; a build without LLVM has no_llvm.cpp in their
// place. Thread-safe: each concurrent compile takes a TargetMachine from a pool. A forked child
// links into memory of its own and does not touch that of its parent.
#pragma once

#include <memory>

#include <sinter/codegen/target.h>

#include "backend.h"

namespace sinter::detail {

/// True if this build can make code for CPUs.
[[nodiscard]] bool serves_cpus();

/// A scope in which this thread calls LLVM.
///
/// LLVM fills process-wide tables during the first compile; other threads wait until it ends. A
/// child that is forked during that compile has incomplete tables, and LLVM locks that no thread
/// will unlock. In such a child, and only there, the constructor throws Error(unsupported). LLVM
/// terminates the process when memory is exhausted.
class LlvmScope {
 public:
  LlvmScope();
  ~LlvmScope();
  LlvmScope(const LlvmScope&) = delete;
  LlvmScope& operator=(const LlvmScope&) = delete;
  /// Call after a compile: LLVM's tables are complete.
  void has_compiled();
  /// True if this thread is in such a scope.
  [[nodiscard]] static bool is_inside();

 private:
  bool locked_ = false;
};

/// Compiles kernels for one target. Thread-safe.
class CpuJit : public std::enable_shared_from_this<CpuJit> {
 public:
  virtual ~CpuJit() = default;
  /// Compiles and loads a kernel. Adds the times of emit, codegen and link to `times`. Throws
  /// Error(internal) if LLVM fails.
  [[nodiscard]] virtual std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                                   CompileTimes& times) = 0;
  /// Throws Error(unsupported) if LLVM cannot make code for `target`.
  [[nodiscard]] static std::shared_ptr<CpuJit> make(const Target& target);
};

}  // namespace sinter::detail
