// Machine code calls no function: for every op, dtype and target, the object has no undefined
// symbol.
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/codegen/llvm.h>
#include <sinter/codegen/schedule.h>
#include <sinter/fuzz/portable_target.h>
#include <sinter/ir/passes.h>

#include "support/op_uses.h"

namespace sinter::test {
namespace {

template <typename T>
T read(const std::string& object, std::size_t at) {
  T value{};
  EXPECT_LE(at + sizeof value, object.size());
  std::memcpy(&value, object.data() + at, sizeof value);
  return value;
}

/// Names of the undefined symbols of a 64-bit ELF object, each after a space.
std::string undefined_symbols(const std::string& object) {
  const auto header = read<Elf64_Ehdr>(object, 0);
  EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  const auto section = [&](std::size_t i) {
    return read<Elf64_Shdr>(object, header.e_shoff + i * sizeof(Elf64_Shdr));
  };
  std::string names;
  int tables = 0;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr symbols = section(i);
    if (symbols.sh_type != SHT_SYMTAB) continue;
    ++tables;
    const Elf64_Shdr strings = section(symbols.sh_link);
    // Entry 0 of a symbol table is reserved.
    for (std::size_t at = sizeof(Elf64_Sym); at < symbols.sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = read<Elf64_Sym>(object, symbols.sh_offset + at);
      if (symbol.st_shndx != SHN_UNDEF) continue;
      names += std::string(" ") + (object.data() + strings.sh_offset + symbol.st_name);
    }
  }
  EXPECT_EQ(tables, 1);
  return names;
}

LoopNest nest_of(const Graph& graph, const Target& target) {
  const Graph wide = widen(graph, Rounding::at_store);
  const Graph body = expand(wide, wide.parameters());
  return schedule_cpu(body, collapse(body), target);
}

/// The target of that name; a name with "-portable" stands for the target without its extensions.
Target named(std::string_view name) {
  constexpr std::string_view kPortable = "-portable";
  if (!name.ends_with(kPortable)) return Target::parse(name);
  return fuzz::portable(Target::parse(name.substr(0, name.size() - kPortable.size())));
}

class NoCalls : public testing::TestWithParam<const char*> {};

TEST_P(NoCalls, ByAnyOpOnAnyDType) {
  const Target target = named(GetParam());
  // Composites are made of primitives: without extensions, these are enough.
  const bool all = target.extensions != Extensions::none;
  for (const OpKind kind : {OpKind::primitive, OpKind::composite}) {
    if (kind == OpKind::composite && !all) continue;
    for (const OpUse& use : uses_of(kind)) {
      const LoopNest nest = nest_of(graph_of(use, {1000}), target);
      EXPECT_EQ(undefined_symbols(object_bytes(nest, target, "kernel")), "") << text(use);
    }
  }
}

TEST(UndefinedSymbols, AreSeen) {
  // Makes the kernel's own symbol undefined, to show that the check above can fail.
  const Target target = Target::parse("x86-64-v3");
  std::string object = object_bytes(
      nest_of(graph_of({Op::neg, {DType::f32}, DType::f32}, {8}), target), target, "kernel");
  const auto header = read<Elf64_Ehdr>(object, 0);
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto section = read<Elf64_Shdr>(object, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_SYMTAB) continue;
    // The kernel is the last symbol, because globals follow locals.
    const std::size_t last = section.sh_offset + section.sh_size - sizeof(Elf64_Sym);
    auto symbol = read<Elf64_Sym>(object, last);
    symbol.st_shndx = SHN_UNDEF;
    std::memcpy(object.data() + last, &symbol, sizeof symbol);
  }
  EXPECT_EQ(undefined_symbols(object), " kernel");
}

INSTANTIATE_TEST_SUITE_P(Targets, NoCalls,
                         testing::Values("x86-64-v3", "x86-64-v4", "aarch64", "x86-64-v3-portable",
                                         "aarch64-portable"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace sinter::test
