// The target that is this machine, and whether code for another target runs here.
#include <sinter/codegen/target.h>
#include <sinter/ir/error.h>
#include <sinter/ir/rethrow.h>
#include <sinter/runtime/engine.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cpu/cache_sizes.h"
#include "cpu/host_cpu.h"
#include "cpu/llvm_compiler.h"
#include "cpu/open.h"

namespace sinter {
namespace {

using detail::HostCpu;
using detail::HostFeature;

constexpr std::string_view kTriple = "x86_64-unknown-linux-gnu";

/// Features of x86-64-v3 that kernels require, and those of AVX-512 that they use where present.
constexpr std::array kOldestServed{"avx2", "bmi", "bmi2", "f16c", "fma"};
constexpr std::array kAvx512{"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"};

bool is_x86_64() {
#if defined(__x86_64__)
  return true;
#else
  return false;
#endif
}

std::vector<std::string_view> missing_from(const HostCpu& host) {
  std::vector<std::string_view> missing;
  for (const char* name : kOldestServed) {
    if (!host.has(name)) missing.emplace_back(name);
  }
  return missing;
}

/// The features that code for `target` may use. Null if only LLVM knows: the string names an
/// unknown feature, or the CPU is not x86-64-v3 or -v4 and the string does not name all features.
std::optional<std::set<std::string_view>> required_features(const Target& target,
                                                            const HostCpu& host) {
  const auto level = detail::level_features(target.cpu);
  std::set<std::string_view> required, named;
  if (level.has_value()) required.insert(level->begin(), level->end());
  std::string_view rest = target.features;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part.empty()) continue;
    const std::string_view name = part.substr(1);
    if (!std::ranges::binary_search(host.features, name, {}, &HostFeature::name)) return {};
    named.insert(name);
    required.erase(name);
    if (part.front() == '+') required.insert(name);
  }
  if (!level.has_value() && named.size() < host.features.size()) return {};
  return required;
}

/// The first and the third part of a triple: "x86_64" and "linux".
std::pair<std::string_view, std::string_view> machine_of(std::string_view triple) {
  std::array<std::string_view, 3> parts;
  for (std::string_view& part : parts) {
    part = triple.substr(0, triple.find('-'));
    triple.remove_prefix(std::min(part.size() + 1, triple.size()));
  }
  return {parts[0], parts[2]};
}

}  // namespace

Target host_target() try {
  if (!is_x86_64()) {
    fail(ErrorCode::unsupported, "this machine is not x86-64; sinter serves x86-64 only");
  }
  const HostCpu host = detail::host_cpu();
  if (const auto missing = missing_from(host); !missing.empty()) {
    fail(ErrorCode::unsupported, fmt::format("this CPU ({}) is older than x86-64-v3: it lacks {}",
                                             host.name, fmt::join(missing, ", ")));
  }
  const bool wide = std::ranges::all_of(kAvx512, [&](auto name) { return host.has(name); });
  return {.name = "host",
          .triple = std::string(kTriple),
          .cpu = host.name,
          .features = host.feature_string(),
          .vector_bytes = wide ? 64 : 32,
          .vector_registers = wide ? 32 : 16,
          .masked_memory = wide,
          .extensions =
              Extensions::avx2 | Extensions::f16c | (wide ? Extensions::avx512 : Extensions::none),
          .model = CpuModel::of("host", detail::cache_sizes("/sys/devices/system/cpu"))};
} catch (...) {
  detail::rethrow_as_error();
}

bool runs_here(const Target& target) try {
  if (!is_x86_64() || machine_of(target.triple) != machine_of(kTriple)) return false;
  const HostCpu host = detail::host_cpu();
  const auto required = required_features(target, host);
  if (!required.has_value()) return detail::llvm_compiler().runs_here(target);
  return std::ranges::all_of(*required, [&](auto name) { return host.has(name); });
} catch (...) {
  detail::rethrow_as_error();
}

namespace detail {

Target host_target_or_default() {
  return is_x86_64() && missing_from(host_cpu()).empty() ? host_target() : Target{};
}

}  // namespace detail
}  // namespace sinter
