// The CPU of this machine: its LLVM name, and the features that the operating system enables.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>
#include <llvm/TargetParser/X86TargetParser.h>

#include <sinter/ir/error.h>
#include <sinter/runtime/engine.h>

#include "cpu/cache_sizes.h"

namespace sinter {
namespace {

using Features = llvm::StringMap<bool>;

Features host_features() {
  Features features;
  for (const auto& entry : llvm::sys::getHostCPUFeatures()) {
    features[entry.first()] = entry.second;
  }
  return features;
}

bool has_all(const Features& features, const auto& names) {
  return std::ranges::all_of(names, [&](const char* name) { return features.lookup(name); });
}

/// Features that LLVM assumes for `cpu`.
Features cpu_features(llvm::StringRef cpu) {
  Features features;
  if (llvm::X86::parseArchX86(cpu, /*Only64Bit=*/true) == llvm::X86::CK_None) return features;
  llvm::SmallVector<llvm::StringRef> names;
  llvm::X86::getFeaturesForCPU(cpu, names);
  for (llvm::StringRef name : names) features[name] = true;
  return features;
}

/// The features in which this machine differs from LLVM's `cpu`, for example because a hypervisor
/// hides some: "+avx,...,-xop". Sorted, because keys of the code cache contain it.
std::string feature_string(const Features& features, llvm::StringRef cpu) {
  const Features expected = cpu_features(cpu);
  std::vector<std::string> parts;
  for (const auto& entry : features) {
    if (entry.second == expected.lookup(entry.first())) continue;
    parts.push_back(fmt::format("{}{}", entry.second ? '+' : '-', entry.first().str()));
  }
  std::ranges::sort(parts);
  return fmt::format("{}", fmt::join(parts, ","));
}

/// Features of x86-64-v3 that kernels require, and those of AVX-512 that they use where present.
constexpr std::array kOldestServed{"avx2", "bmi", "bmi2", "f16c", "fma"};
constexpr std::array kAvx512{"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};

void check_served(const llvm::Triple& triple, const Features& features) {
  if (triple.getArch() != llvm::Triple::x86_64) {
    fail(ErrorCode::unsupported,
         fmt::format("this machine is {}; sinter serves x86_64 only", triple.getArchName().str()));
  }
  std::vector<std::string_view> missing;
  for (const char* name : kOldestServed) {
    if (!features.lookup(name)) missing.emplace_back(name);
  }
  if (missing.empty()) return;
  fail(ErrorCode::unsupported,
       fmt::format("this CPU ({}) is older than x86-64-v3: it lacks {}",
                   llvm::sys::getHostCPUName().str(), fmt::join(missing, ", ")));
}

/// Features that code for `target` may use: those of its CPU, changed by its feature string.
Features required_features(const Target& target) {
  Features required = cpu_features(target.cpu);
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(target.features).split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) required[part.drop_front()] = part.front() == '+';
  return required;
}

}  // namespace

Target host_target() {
  const llvm::Triple triple(llvm::sys::getProcessTriple());
  const Features features = host_features();
  check_served(triple, features);
  const std::string cpu = llvm::sys::getHostCPUName().str();
  const bool wide = has_all(features, kAvx512);
  return {.name = "host",
          .triple = triple.str(),
          .cpu = cpu,
          .features = feature_string(features, cpu),
          .vector_bytes = wide ? 64 : 32,
          .vector_registers = wide ? 32 : 16,
          .masked_memory = wide,
          .model = CpuModel::of("host", detail::cache_sizes("/sys/devices/system/cpu"))};
}

bool runs_here(const Target& target) {
  const llvm::Triple host(llvm::sys::getProcessTriple());
  const llvm::Triple wanted(target.triple);
  if (wanted.getArch() != host.getArch() || wanted.getOS() != host.getOS()) return false;
  const Features here = host_features();
  // Features that the host does not report at all (tunings, "64bit") are no instruction sets.
  return std::ranges::all_of(required_features(target), [&](const auto& feature) {
    const auto found = here.find(feature.first());
    return !feature.second || found == here.end() || found->second;
  });
}

}  // namespace sinter
