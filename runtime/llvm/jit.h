// The JIT by LLVM: compiles a LoopNest to callable machine code in this process.
//
// Thread-safe: each concurrent compile takes a TargetMachine from a pool. A forked child links into
// memory of its own and does not touch that of its parent.
#pragma once

#include <memory>

#include <sinter/codegen/target.h>

#include "cpu/llvm_compiler.h"

namespace sinter::detail {

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

/// Throws Error(unsupported) if LLVM cannot make code for `target`.
[[nodiscard]] std::shared_ptr<CpuJit> make_jit(const Target& target);

}  // namespace sinter::detail
