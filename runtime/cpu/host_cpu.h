// The CPU of this machine by its CPUID: LLVM's name for it, and its vector extensions. Needs no
// LLVM.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::detail {

struct CpuidRegisters {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

/// What the CPUID instruction and XGETBV(0) return. In tests, those of another CPU.
struct Cpuid {
  /// The registers of a leaf and subleaf; all 0 for a leaf that the CPU does not have.
  std::function<CpuidRegisters(std::uint32_t leaf, std::uint32_t subleaf)> read;
  /// The register states that the operating system saves.
  std::uint64_t enabled_states = 0;
};

struct HostFeature {
  std::string_view name;  ///< LLVM's, such as "avx512f"
  bool present = false;   ///< the CPU has it, and the operating system saves its registers
};

struct HostCpu {
  /// LLVM's name of the CPU, such as "znver4"; "x86-64-v4" or "x86-64-v3" for one that is not in
  /// the table.
  std::string name;
  /// All instruction sets that code from LLVM IR could use, sorted by name.
  std::vector<HostFeature> features;

  [[nodiscard]] bool has(std::string_view feature) const;
  /// The features as LLVM's feature string: "+avx,...,-xop".
  [[nodiscard]] std::string feature_string() const;
};

/// The CPU that runs this code. One that is not x86-64 has no features.
[[nodiscard]] HostCpu host_cpu();

/// The CPU that a CPUID describes. Sources: Intel SDM volume 2A, CPUID, and AMD APM volume 3,
/// appendix E; the names are those of LLVM 19's host detection.
[[nodiscard]] HostCpu describe(const Cpuid& cpuid);

/// Names that `describe` can return, without those of the x86-64 levels.
[[nodiscard]] std::vector<std::string_view> host_cpu_names();

/// The features that the x86-64 level `name` requires; none unless it is x86-64-v3 or -v4.
[[nodiscard]] std::optional<std::vector<std::string_view>> level_features(std::string_view name);

}  // namespace sinter::detail
