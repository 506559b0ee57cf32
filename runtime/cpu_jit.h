// CpuJit: LoopNest to callable machine code in this process, through LLVM and ORC.
//
// The only LLVM users in runtime are cpu_jit.cpp and host.cpp, in place of which a build without
// LLVM has no_cpu.cpp. Thread-safe: concurrent compiles use one TargetMachine each, from a pool
// that is kept. A forked child links into memory of its own, and leaves its parent's alone.
#pragma once

#include <memory>

#include <sinter/codegen/target.h>

#include "jit.h"

namespace sinter::detail {

/// Whether this build makes code for CPUs.
[[nodiscard]] bool serves_cpus();

/// A scope in which this thread calls LLVM, which keeps tables for the process. The first compile
/// of a process fills them in, alone: other threads wait for it. A child that was forked meanwhile
/// has them half filled in, and locks that nobody opens; there, and only there, the constructor
/// throws Error(unsupported). LLVM ends the process when memory is out.
class LlvmScope {
 public:
  LlvmScope();
  ~LlvmScope();
  LlvmScope(const LlvmScope&) = delete;
  LlvmScope& operator=(const LlvmScope&) = delete;
  /// Something was compiled, so the tables are filled in.
  void has_compiled();
  /// Whether this thread is in such a scope.
  [[nodiscard]] static bool is_inside();

 private:
  bool locked_ = false;
};

class CpuJit : public Jit, public std::enable_shared_from_this<CpuJit> {
 public:
  /// Throws Error(unsupported) when LLVM cannot make code for `target`.
  [[nodiscard]] static std::shared_ptr<CpuJit> make(const Target& target);
};

}  // namespace sinter::detail
