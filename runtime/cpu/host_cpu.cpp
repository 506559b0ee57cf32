// The tables of CPUID's bits and of processor models.
#include "cpu/host_cpu.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace sinter::detail {
namespace {

using Register = std::uint32_t CpuidRegisters::*;
constexpr Register kEax = &CpuidRegisters::eax;
constexpr Register kEbx = &CpuidRegisters::ebx;
constexpr Register kEcx = &CpuidRegisters::ecx;
constexpr Register kEdx = &CpuidRegisters::edx;
constexpr std::uint32_t kExtended = 0x80000000;

/// Registers that the operating system must save for an instruction set: bits of XCR0.
constexpr std::uint64_t kNone = 0;
constexpr std::uint64_t kAvx = 0x06;
constexpr std::uint64_t kAvx512 = 0xe6;

struct FeatureBit {
  std::string_view name;
  std::uint32_t leaf, subleaf;
  Register in;
  int bit;
  std::uint64_t states;
  int level = 0;  ///< the x86-64 level that requires it, from 2; 0: none
};

/// Sorted by name. All sets that plain LLVM IR can use; others, such as amx, need not be here.
constexpr std::array kFeatures{
    FeatureBit{"adx", 7, 0, kEbx, 19, kNone},
    FeatureBit{"avx", 1, 0, kEcx, 28, kAvx, 3},
    FeatureBit{"avx2", 7, 0, kEbx, 5, kAvx, 3},
    FeatureBit{"avx512bf16", 7, 1, kEax, 5, kAvx512},
    FeatureBit{"avx512bitalg", 7, 0, kEcx, 12, kAvx512},
    FeatureBit{"avx512bw", 7, 0, kEbx, 30, kAvx512, 4},
    FeatureBit{"avx512cd", 7, 0, kEbx, 28, kAvx512, 4},
    FeatureBit{"avx512dq", 7, 0, kEbx, 17, kAvx512, 4},
    FeatureBit{"avx512f", 7, 0, kEbx, 16, kAvx512, 4},
    FeatureBit{"avx512fp16", 7, 0, kEdx, 23, kAvx512},
    FeatureBit{"avx512ifma", 7, 0, kEbx, 21, kAvx512},
    FeatureBit{"avx512vbmi", 7, 0, kEcx, 1, kAvx512},
    FeatureBit{"avx512vbmi2", 7, 0, kEcx, 6, kAvx512},
    FeatureBit{"avx512vl", 7, 0, kEbx, 31, kAvx512, 4},
    FeatureBit{"avx512vnni", 7, 0, kEcx, 11, kAvx512},
    FeatureBit{"avx512vp2intersect", 7, 0, kEdx, 8, kAvx512},
    FeatureBit{"avx512vpopcntdq", 7, 0, kEcx, 14, kAvx512},
    FeatureBit{"avxifma", 7, 1, kEax, 23, kAvx},
    FeatureBit{"avxneconvert", 7, 1, kEdx, 5, kAvx},
    FeatureBit{"avxvnni", 7, 1, kEax, 4, kAvx},
    FeatureBit{"avxvnniint16", 7, 1, kEdx, 10, kAvx},
    FeatureBit{"avxvnniint8", 7, 1, kEdx, 4, kAvx},
    FeatureBit{"bmi", 7, 0, kEbx, 3, kNone, 3},
    FeatureBit{"bmi2", 7, 0, kEbx, 8, kNone, 3},
    FeatureBit{"cx16", 1, 0, kEcx, 13, kNone, 2},
    FeatureBit{"evex512", 7, 0, kEbx, 16, kAvx512, 4},  // 512-bit registers
    FeatureBit{"f16c", 1, 0, kEcx, 29, kAvx, 3},
    FeatureBit{"fma", 1, 0, kEcx, 12, kAvx, 3},
    FeatureBit{"fma4", kExtended + 1, 0, kEcx, 16, kAvx},
    FeatureBit{"gfni", 7, 0, kEcx, 8, kNone},
    FeatureBit{"lzcnt", kExtended + 1, 0, kEcx, 5, kNone, 3},
    FeatureBit{"movbe", 1, 0, kEcx, 22, kNone, 3},
    FeatureBit{"popcnt", 1, 0, kEcx, 23, kNone, 2},
    FeatureBit{"prfchw", kExtended + 1, 0, kEcx, 8, kNone},
    FeatureBit{"sahf", kExtended + 1, 0, kEcx, 0, kNone, 2},
    FeatureBit{"sse3", 1, 0, kEcx, 0, kNone, 2},
    FeatureBit{"sse4.1", 1, 0, kEcx, 19, kNone, 2},
    FeatureBit{"sse4.2", 1, 0, kEcx, 20, kNone, 2},
    FeatureBit{"sse4a", kExtended + 1, 0, kEcx, 6, kNone},
    FeatureBit{"ssse3", 1, 0, kEcx, 9, kNone, 2},
    FeatureBit{"tbm", kExtended + 1, 0, kEcx, 21, kNone},
    FeatureBit{"vaes", 7, 0, kEcx, 9, kAvx},
    FeatureBit{"vpclmulqdq", 7, 0, kEcx, 10, kAvx},
    FeatureBit{"xop", kExtended + 1, 0, kEcx, 11, kAvx},
};
static_assert(std::ranges::is_sorted(kFeatures, {}, &FeatureBit::name));

enum class Vendor : std::uint8_t { intel, amd };

/// Processors of one name. The first row that holds a model, and whose feature the CPU has, counts.
struct Models {
  std::string_view name;
  Vendor vendor;
  std::uint32_t family, first, last;  ///< models from `first` to `last`
  std::string_view feature = "";      ///< "": no condition
};

constexpr auto kIntel = Vendor::intel;
constexpr auto kAmd = Vendor::amd;
constexpr std::array kModels{
    Models{"haswell", kIntel, 6, 0x3c, 0x3c},
    Models{"haswell", kIntel, 6, 0x3f, 0x3f},
    Models{"haswell", kIntel, 6, 0x45, 0x46},
    Models{"broadwell", kIntel, 6, 0x3d, 0x3d},
    Models{"broadwell", kIntel, 6, 0x47, 0x47},
    Models{"broadwell", kIntel, 6, 0x4f, 0x4f},
    Models{"broadwell", kIntel, 6, 0x56, 0x56},
    Models{"skylake", kIntel, 6, 0x4e, 0x4e},
    Models{"skylake", kIntel, 6, 0x5e, 0x5e},
    Models{"skylake", kIntel, 6, 0x8e, 0x8e},
    Models{"skylake", kIntel, 6, 0x9e, 0x9e},
    Models{"skylake", kIntel, 6, 0xa5, 0xa6},
    Models{"cooperlake", kIntel, 6, 0x55, 0x55, "avx512bf16"},
    Models{"cascadelake", kIntel, 6, 0x55, 0x55, "avx512vnni"},
    Models{"skylake-avx512", kIntel, 6, 0x55, 0x55},
    Models{"cannonlake", kIntel, 6, 0x66, 0x66},
    Models{"icelake-client", kIntel, 6, 0x7d, 0x7e},
    Models{"icelake-server", kIntel, 6, 0x6a, 0x6a},
    Models{"icelake-server", kIntel, 6, 0x6c, 0x6c},
    Models{"tigerlake", kIntel, 6, 0x8c, 0x8d},
    Models{"rocketlake", kIntel, 6, 0xa7, 0xa7},
    Models{"alderlake", kIntel, 6, 0x97, 0x97},
    Models{"alderlake", kIntel, 6, 0x9a, 0x9a},
    Models{"gracemont", kIntel, 6, 0xbe, 0xbe},
    Models{"raptorlake", kIntel, 6, 0xb7, 0xb7},
    Models{"raptorlake", kIntel, 6, 0xba, 0xba},
    Models{"raptorlake", kIntel, 6, 0xbf, 0xbf},
    Models{"meteorlake", kIntel, 6, 0xaa, 0xaa},
    Models{"meteorlake", kIntel, 6, 0xac, 0xac},
    Models{"lunarlake", kIntel, 6, 0xbd, 0xbd},
    Models{"arrowlake", kIntel, 6, 0xc5, 0xc5},
    Models{"arrowlake-s", kIntel, 6, 0xc6, 0xc6},
    Models{"sapphirerapids", kIntel, 6, 0x8f, 0x8f},
    Models{"sapphirerapids", kIntel, 6, 0xcf, 0xcf},
    Models{"graniterapids", kIntel, 6, 0xad, 0xad},
    Models{"graniterapids-d", kIntel, 6, 0xae, 0xae},
    Models{"sierraforest", kIntel, 6, 0xaf, 0xaf},
    Models{"grandridge", kIntel, 6, 0xb6, 0xb6},
    Models{"clearwaterforest", kIntel, 6, 0xdd, 0xdd},
    Models{"pantherlake", kIntel, 6, 0xcc, 0xcc},
    Models{"znver1", kAmd, 0x17, 0x00, 0x2f},
    Models{"znver2", kAmd, 0x17, 0x30, 0xff},
    Models{"znver4", kAmd, 0x19, 0x10, 0x1f},
    Models{"znver4", kAmd, 0x19, 0x60, 0x7f},
    Models{"znver4", kAmd, 0x19, 0xa0, 0xaf},
    Models{"znver3", kAmd, 0x19, 0x00, 0x5f},
    Models{"znver5", kAmd, 0x1a, 0x00, 0x7f},
};

/// Reads each leaf once: a hypervisor takes microseconds for it.
class Leaves {
 public:
  explicit Leaves(const Cpuid& cpuid) : cpuid_(cpuid) {}
  const CpuidRegisters& at(std::uint32_t leaf, std::uint32_t subleaf) {
    const auto [known, is_new] = known_.try_emplace({leaf, subleaf});
    if (is_new) known->second = cpuid_.read(leaf, subleaf);
    return known->second;
  }
  [[nodiscard]] bool has(const FeatureBit& feature) {
    const std::uint32_t bits = at(feature.leaf, feature.subleaf).*feature.in;
    return (bits >> feature.bit & 1U) != 0 &&
           (cpuid_.enabled_states & feature.states) == feature.states;
  }

 private:
  const Cpuid& cpuid_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, CpuidRegisters> known_;
};

std::string name_of(Leaves& leaves, const HostCpu& host) {
  const std::uint32_t vendor = leaves.at(0, 0).ebx;
  constexpr std::uint32_t kGenu = 0x756e6547, kAuth = 0x68747541;  // GenuineIntel, AuthenticAMD
  const std::uint32_t signature = leaves.at(1, 0).eax;
  std::uint32_t family = signature >> 8 & 0xfU;
  std::uint32_t model = signature >> 4 & 0xfU;
  if (family == 6 || family == 15) model += (signature >> 16 & 0xfU) << 4;
  if (family == 15) family += signature >> 20 & 0xffU;
  for (const Models& row : kModels) {
    const bool made = vendor == (row.vendor == kIntel ? kGenu : kAuth);
    if (made && row.family == family && row.first <= model && model <= row.last &&
        (row.feature.empty() || host.has(row.feature))) {
      return std::string(row.name);
    }
  }
  const auto level = level_features("x86-64-v4");
  const bool is_v4 = std::ranges::all_of(*level, [&](auto name) { return host.has(name); });
  return is_v4 ? "x86-64-v4" : "x86-64-v3";
}

Cpuid own_cpuid() {
  Cpuid own{.read = [](std::uint32_t, std::uint32_t) { return CpuidRegisters{}; }};
#if defined(__x86_64__)
  own.read = [](std::uint32_t leaf, std::uint32_t subleaf) {
    CpuidRegisters at;
    __get_cpuid_count(leaf, subleaf, &at.eax, &at.ebx, &at.ecx, &at.edx);
    return at;
  };
  constexpr std::uint32_t kXsave = 1U << 27;  // the operating system allows XGETBV
  if ((own.read(1, 0).ecx & kXsave) != 0) {
    std::uint32_t low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    own.enabled_states = std::uint64_t{high} << 32 | low;
  }
#endif
  return own;
}

}  // namespace

bool HostCpu::has(std::string_view feature) const {
  const auto found = std::ranges::lower_bound(features, feature, {}, &HostFeature::name);
  return found != features.end() && found->name == feature && found->present;
}

std::string HostCpu::feature_string() const {
  std::vector<std::string> parts;
  for (const HostFeature& feature : features) {
    parts.push_back(fmt::format("{}{}", feature.present ? '+' : '-', feature.name));
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

HostCpu describe(const Cpuid& cpuid) {
  HostCpu host;
  Leaves leaves(cpuid);
  for (const FeatureBit& feature : kFeatures) {
    host.features.push_back({feature.name, leaves.has(feature)});
  }
  host.name = name_of(leaves, host);
  return host;
}

HostCpu host_cpu() { return describe(own_cpuid()); }

std::vector<std::string_view> host_cpu_names() {
  std::vector<std::string_view> names;
  for (const Models& row : kModels) names.push_back(row.name);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

std::optional<std::vector<std::string_view>> level_features(std::string_view name) {
  const int level = name == "x86-64-v4" ? 4 : name == "x86-64-v3" ? 3 : 0;
  if (level == 0) return std::nullopt;
  std::vector<std::string_view> features;
  for (const FeatureBit& feature : kFeatures) {
    if (feature.level != 0 && feature.level <= level) features.push_back(feature.name);
  }
  return features;
}

}  // namespace sinter::detail
