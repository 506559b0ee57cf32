// The detection of this machine's CPU, against LLVM's own and on the CPUID of other processors.
#include "../../../runtime/cpu/host_cpu.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/X86TargetParser.h>

#include <sinter/runtime/engine.h>

namespace sinter::detail {
namespace {

/// The features that LLVM assumes for a CPU, and those that they imply.
std::set<std::string> llvm_features(std::string_view cpu) {
  llvm::SmallVector<llvm::StringRef> names;
  llvm::X86::getFeaturesForCPU(cpu, names);
  llvm::StringMap<bool> all;
  for (llvm::StringRef name : names) {
    all[name] = true;
    llvm::X86::updateImpliedFeatures(name, /*Enabled=*/true, all);
  }
  std::set<std::string> present;
  for (const auto& feature : all) {
    if (feature.second) present.insert(feature.first().str());
  }
  return present;
}

std::set<std::string> known_features() {
  std::set<std::string> all;
  for (const HostFeature& feature : host_cpu().features) all.emplace(feature.name);
  return all;
}

/// Features that code from plain LLVM IR cannot use: part of every x86-64, or reached only through
/// intrinsics and atomics.
const std::set<std::string> kNotInKernels{
    "aes",        "amx-bf16",  "amx-complex", "amx-fp16", "amx-int8",  "amx-tile", "cldemote",
    "clflushopt", "clwb",      "clzero",      "cmov",     "cmpccxadd", "crc32",    "cx8",
    "enqcmd",     "fsgsbase",  "fxsr",        "hreset",   "invpcid",   "kl",       "lwp",
    "mmx",        "movdir64b", "movdiri",     "mwaitx",   "pclmul",    "pconfig",  "pku",
    "prefetchi",  "ptwrite",   "rdpid",       "rdpru",    "rdrnd",     "rdseed",   "serialize",
    "sgx",        "sha",       "sha512",      "shstk",    "sm3",       "sm4",      "sse",
    "sse2",       "tsxldtrk",  "uintr",       "usermsr",  "waitpkg",   "wbnoinvd", "widekl",
    "x87",        "xsave",     "xsavec",      "xsaveopt", "xsaves"};

TEST(HostCpu, EveryFeatureThatLlvmAssumesForANamedCpuIsRead) {
  const std::set<std::string> known = known_features();
  std::vector<std::string_view> names = host_cpu_names();
  EXPECT_GT(names.size(), 25U);
  names.insert(names.end(), {"x86-64-v3", "x86-64-v4"});
  for (std::string_view name : names) {
    EXPECT_NE(llvm::X86::parseArchX86(name, /*Only64Bit=*/true), llvm::X86::CK_None) << name;
    for (const std::string& feature : llvm_features(name)) {
      EXPECT_TRUE(known.contains(feature) || kNotInKernels.contains(feature))
          << name << " has " << feature << ": code could use it where a hypervisor hides it";
    }
  }
}

TEST(HostCpu, LevelsRequireWhatLlvmAssumes) {
  const std::set<std::string> known = known_features();
  for (const char* level : {"x86-64-v3", "x86-64-v4"}) {
    std::set<std::string> expected;
    std::ranges::set_intersection(llvm_features(level), known,
                                  std::inserter(expected, expected.begin()));
    const auto own = level_features(level);
    ASSERT_TRUE(own.has_value());
    EXPECT_EQ(std::set<std::string>(own->begin(), own->end()), expected) << level;
  }
  EXPECT_FALSE(level_features("znver4").has_value());
}

TEST(HostCpu, FeaturesOfThisMachineAreThoseThatLlvmFinds) {
  const llvm::StringMap<bool> expected = llvm::sys::getHostCPUFeatures();
  for (const HostFeature& feature : host_cpu().features) {
    EXPECT_EQ(feature.present, expected.lookup(feature.name)) << feature.name;
  }
}

TEST(HostCpu, NameOfThisMachineMeansWhatLlvmsMeans) {
  const std::string name = host_cpu().name;
  if (name.starts_with("x86-64-v")) GTEST_SKIP() << "this CPU is not in the table of names";
  const std::string expected = llvm::sys::getHostCPUName().str();
  EXPECT_EQ(llvm_features(name), llvm_features(expected)) << name << " " << expected;
}

using Leaf = std::pair<std::uint32_t, std::uint32_t>;

Cpuid cpuid_of(const std::string& vendor, std::uint32_t signature,
               std::map<Leaf, CpuidRegisters> leaves, std::uint64_t states) {
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(vendor[at + i]);
    return value;
  };
  leaves[{0, 0}] = {.eax = 7, .ebx = word(0), .ecx = word(8), .edx = word(4)};
  leaves[{1, 0}].eax = signature;
  return {.read =
              [leaves](std::uint32_t leaf, std::uint32_t subleaf) {
                const auto found = leaves.find({leaf, subleaf});
                return found == leaves.end() ? CpuidRegisters{} : found->second;
              },
          .enabled_states = states};
}

constexpr std::uint32_t kAll = ~0U;
const std::map<Leaf, CpuidRegisters> kEverything{{{1, 0}, {.ecx = kAll}},
                                                 {{7, 0}, {.ebx = kAll, .ecx = kAll, .edx = kAll}}};

std::string name_of(const std::string& vendor, std::uint32_t signature,
                    const std::map<Leaf, CpuidRegisters>& leaves = kEverything) {
  return describe(cpuid_of(vendor, signature, leaves, 0xff)).name;
}

TEST(HostCpu, NamesComeFromFamilyAndModel) {
  EXPECT_EQ(name_of("GenuineIntel", 0x306c3), "haswell");
  EXPECT_EQ(name_of("GenuineIntel", 0x606a6), "icelake-server");
  EXPECT_EQ(name_of("GenuineIntel", 0x806f8), "sapphirerapids");
  EXPECT_EQ(name_of("AuthenticAMD", 0x00800f82), "znver1");
  EXPECT_EQ(name_of("AuthenticAMD", 0x00870f10), "znver2");
  EXPECT_EQ(name_of("AuthenticAMD", 0x00a20f10), "znver3");
  EXPECT_EQ(name_of("AuthenticAMD", 0x00a10f11), "znver4");
  EXPECT_EQ(name_of("AuthenticAMD", 0x00a60f12), "znver4");
  EXPECT_EQ(name_of("AuthenticAMD", 0x00b40f40), "znver5");
}

TEST(HostCpu, OneModelHasSeveralNamesByItsFeatures) {
  std::map<Leaf, CpuidRegisters> leaves{{{7, 0}, {.ebx = kAll}}};
  EXPECT_EQ(name_of("GenuineIntel", 0x50654, leaves), "skylake-avx512");
  leaves[{7, 0}].ecx = 1U << 11;
  EXPECT_EQ(name_of("GenuineIntel", 0x50657, leaves), "cascadelake");
  leaves[{7, 1}].eax = 1U << 5;
  EXPECT_EQ(name_of("GenuineIntel", 0x5065a, leaves), "cooperlake");
}

TEST(HostCpu, AnUnknownCpuIsNamedAfterItsLevel) {
  EXPECT_EQ(name_of("GenuineIntel", 0xf0ff0, {{{1, 0}, {.ecx = kAll}}}), "x86-64-v3");
  EXPECT_EQ(name_of("SomeoneElse!", 0x306c3, {{{1, 0}, {.ecx = kAll}}}), "x86-64-v3");
  std::map<Leaf, CpuidRegisters> wide = kEverything;
  wide[{0x80000001, 0}].ecx = kAll;
  EXPECT_EQ(name_of("SomeoneElse!", 0x306c3, wide), "x86-64-v4");
}

TEST(HostCpu, RegistersThatTheSystemDoesNotSaveHideTheirFeatures) {
  const HostCpu none = describe(cpuid_of("GenuineIntel", 0x806f8, kEverything, 0));
  EXPECT_FALSE(none.has("avx2"));
  EXPECT_TRUE(none.has("bmi2"));
  const HostCpu avx = describe(cpuid_of("GenuineIntel", 0x806f8, kEverything, 0x07));
  EXPECT_TRUE(avx.has("avx2"));
  EXPECT_FALSE(avx.has("avx512f"));
  EXPECT_TRUE(describe(cpuid_of("GenuineIntel", 0x806f8, kEverything, 0xe7)).has("avx512f"));
}

TEST(HostTarget, SaysEachFeatureWithASign) {
  const HostCpu host = host_cpu();
  const std::string features = host_target().features;
  for (const HostFeature& feature : host.features) {
    const std::string part = (feature.present ? "+" : "-") + std::string(feature.name);
    EXPECT_NE(("," + features + ",").find("," + part + ","), std::string::npos) << part;
  }
}

TEST(RunsHere, AgreesWithLlvmsTableOfCpus) {
  Target target = host_target();
  EXPECT_TRUE(runs_here(target));
  target.features += ",+fma4,+xop";
  EXPECT_EQ(runs_here(target), host_cpu().has("xop") && host_cpu().has("fma4"));
  target = Target::parse("x86-64-v3");
  for (const char* cpu : {"znver4", "bdver4", "haswell"}) {  // by LLVM's table
    target.cpu = cpu;
    const llvm::StringMap<bool> here = llvm::sys::getHostCPUFeatures();
    const bool expected = std::ranges::all_of(llvm_features(cpu), [&](const std::string& feature) {
      const auto found = here.find(feature);
      return found == here.end() || found->second;
    });
    EXPECT_EQ(runs_here(target), expected) << cpu;
  }
  target.triple = "aarch64-unknown-linux-gnu";
  EXPECT_FALSE(runs_here(target));
  target = Target::parse("x86-64-v3");
  target.triple = "x86_64-apple-darwin";
  EXPECT_FALSE(runs_here(target));
}

}  // namespace
}  // namespace sinter::detail
