// Target: the CPU that code is made for, as plain data.
//
// codegen never looks at the machine it runs on; `host_target()` in runtime does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sinter/ir/plan.h>

namespace sinter {

struct Target {
  std::string name;            ///< "x86-64-v4", "host", ...: for messages
  std::string triple;          ///< LLVM target triple
  std::string cpu;             ///< LLVM -mcpu
  std::string features;        ///< LLVM feature string, "+avx512f,...", may be empty
  int vector_bytes = 32;       ///< 64 with AVX-512, 32 with AVX2, 16 with NEON
  int vector_registers = 16;   ///< 32 with AVX-512 and NEON, 16 with AVX2
  bool masked_memory = false;  ///< masked loads and stores at the speed of plain ones (AVX-512)
  bool masked_words = true;    ///< masked loads and stores of 4- and 8-byte elements (AVX2 on)
  /// A kernel that writes more than this per call stores around the caches.
  std::int64_t streaming_bytes = std::int64_t{16} << 20;

  /// "x86-64-v3" (AVX2, FMA, F16C: the oldest served), "x86-64-v4" (AVX-512) or "aarch64" (NEON:
  /// every ARMv8-A). Throws Error(unsupported) that lists the names.
  [[nodiscard]] static SINTER_API Target parse(std::string_view name);
  [[nodiscard]] SINTER_API PlanLimits plan_limits() const;

  friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace sinter
