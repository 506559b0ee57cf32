// lut16 in machine code: permutations of registers, never a gather.
#include <string>

#include <gtest/gtest.h>

#include <sinter/codegen/llvm.h>
#include <sinter/codegen/schedule.h>

namespace sinter {
namespace {

constexpr LookupTable kTable{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/// Assembly of a lut16 kernel that is specialised for `lanes` elements.
std::string assembly_of(DType index, const Target& target, std::int64_t lanes) {
  Graph graph;
  graph.output("y", graph.input("i", index, {lanes}).lut16(kTable));
  const LoopSpace space = collapse(graph);
  const LoopNest nest = specialize_shape(schedule_cpu(graph, space, target), space);
  return assembly_text(nest, target, "kernel");
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

/// Number of permutations and of blends per vector, and the mnemonics to look for.
struct Expected {
  const char* target;
  DType index;
  std::int64_t lanes;
  const char* permutation;
  std::size_t permutations;
  const char* blend;
  std::size_t blends;
};

TEST(LlvmLookup, IsAPermutationOfRegisters) {
  constexpr Expected kExpected[] = {
      {"x86-64-v4", DType::i32, 16, "vperm", 1, "vblend", 0},
      {"x86-64-v4", DType::i64, 8, "vperm", 1, "vblend", 0},
      {"x86-64-v3", DType::i32, 8, "vperm", 2, "vblendv", 1},
      {"x86-64-v3", DType::i64, 4, "vperm", 4, "vblendv", 3},
      {"aarch64", DType::i32, 4, "tbl\t", 1, "bsl\t", 0},
      {"aarch64", DType::i64, 2, "tbl\t", 2, "bsl\t", 0},
  };
  for (const Expected& expected : kExpected) {
    const Target target = Target::parse(expected.target);
    const std::string text = assembly_of(expected.index, target, expected.lanes);
    SCOPED_TRACE(text);
    EXPECT_EQ(count(text, "gather"), 0U);
    // The code has several vectors, in the main loop, the peel and the tail.
    const std::size_t vectors = count(text, expected.permutation) / expected.permutations;
    EXPECT_GT(vectors, 0U);
    EXPECT_EQ(count(text, expected.permutation), vectors * expected.permutations);
    EXPECT_EQ(count(text, expected.blend), vectors * expected.blends);
  }
}

/// A table in registers needs registers as long as the vectors.
TEST(LlvmLookup, OfLongVectorsNeedsNoLongRegisters) {
  for (const char* name : {"x86-64-v3", "x86-64-v4", "aarch64"}) {
    const Extensions all = Target::parse(name).extensions;
    for (int set = 0; set < 16; ++set) {
      Target target = Target::parse(name);
      target.extensions = static_cast<Extensions>(set);
      if (!contains(all, target.extensions)) continue;
      for (const DType index : {DType::i32, DType::i64}) {
        EXPECT_EQ(count(assembly_of(index, target, 64), "gather"), 0U) << name << " " << set;
      }
    }
  }
}

}  // namespace
}  // namespace sinter
