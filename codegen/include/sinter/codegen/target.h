// Target: the CPU that code is generated for, as plain data.
//
// codegen never looks at the machine it runs on; `host_target()` in runtime does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sinter/codegen/machine_model.h>

namespace sinter {

/// Vector extensions whose instructions the LLVM emitter uses by name; a set of them. Where a
/// target has none for an operation, the emitter uses plain LLVM IR, which suits every CPU with
/// fma: the bits are the same, and the code is slower.
enum class Extensions : std::uint8_t {
  none = 0,
  avx2 = 1,    ///< permutations of 8 words, gathers; with the sfence of SSE
  f16c = 2,    ///< conversions of f16
  avx512 = 4,  ///< F, BW, CD, DQ and VL: permutations of 16 words, vrange, scatters
  neon = 8,    ///< table look-ups of bytes, conversions of f16
};
[[nodiscard]] constexpr Extensions operator|(Extensions a, Extensions b) {
  return static_cast<Extensions>(static_cast<int>(a) | static_cast<int>(b));
}
/// True if `set` has all extensions of `some`.
[[nodiscard]] constexpr bool contains(Extensions set, Extensions some) {
  return (static_cast<int>(set) & static_cast<int>(some)) == static_cast<int>(some);
}

/// What code generation knows of a CPU: its instruction set, and the model that schedules use.
struct Target {
  std::string name;            ///< "x86-64-v4", "host", ...: for messages
  std::string triple;          ///< LLVM target triple
  std::string cpu;             ///< LLVM -mcpu
  std::string features;        ///< LLVM feature string, "+avx512f,...", may be empty
  int vector_bytes = 32;       ///< bytes of a register: 64 with AVX-512, 32 with AVX2, 16 with NEON
  int vector_registers = 16;   ///< 32 with AVX-512 and NEON, 16 with AVX2
  bool masked_memory = false;  ///< masked accesses of any dtype are as fast as plain ones: AVX-512
  bool masked_words = true;    ///< masked accesses exist for 4- and 8-byte elements: AVX2 and later
  /// Must be among those that `cpu` and `features` have.
  Extensions extensions = Extensions::none;
  CpuModel model = {};  ///< caches and speeds; another model changes no result

  /// Returns the target named "x86-64-v3" (AVX2, FMA, F16C: the oldest that sinter serves),
  /// "x86-64-v4" (AVX-512) or "aarch64" (NEON: every ARMv8-A). Throws Error(unsupported), which
  /// lists the names, for any other name.
  [[nodiscard]] static SINTER_API Target parse(std::string_view name);
  /// Returns the limits within which the planner makes kernels for this target.
  [[nodiscard]] SINTER_API PlanLimits plan_limits() const;

  friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace sinter
