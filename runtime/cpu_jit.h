// CpuJit: LoopNest to callable machine code in this process, through LLVM and ORC.
//
// The only LLVM users in runtime are cpu_jit.cpp and host.cpp, in place of which a build without
// LLVM has no_cpu.cpp. Thread-safe: concurrent compiles use one TargetMachine each, from a pool
// that is kept.
#pragma once

#include <memory>

#include <sinter/codegen/target.h>

#include "jit.h"

namespace sinter::detail {

/// Whether this build makes code for CPUs.
[[nodiscard]] bool serves_cpus();

class CpuJit : public Jit, public std::enable_shared_from_this<CpuJit> {
 public:
  /// Throws Error(unsupported) when LLVM cannot make code for `target`.
  [[nodiscard]] static std::shared_ptr<CpuJit> make(const Target& target);
};

}  // namespace sinter::detail
