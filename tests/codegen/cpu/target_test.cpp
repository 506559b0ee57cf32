// Named targets.
#include <sinter/codegen/target.h>

#include <gtest/gtest.h>

#include <sinter/ir/error.h>

namespace sinter {
namespace {

TEST(Target, ParsesTheLevelsServed) {
  const Target v3 = Target::parse("x86-64-v3");
  EXPECT_EQ(v3.cpu, "x86-64-v3");
  EXPECT_EQ(v3.vector_bytes, 32);
  EXPECT_EQ(v3.vector_registers, 16);
  EXPECT_FALSE(v3.masked_memory);

  const Target v4 = Target::parse("x86-64-v4");
  EXPECT_EQ(v4.cpu, "x86-64-v4");
  EXPECT_EQ(v4.vector_bytes, 64);
  EXPECT_EQ(v4.vector_registers, 32);
  EXPECT_TRUE(v4.masked_memory);

  const Target aarch64 = Target::parse("aarch64");
  EXPECT_EQ(aarch64.vector_bytes, 16);
  EXPECT_EQ(aarch64.vector_registers, 32);
  EXPECT_FALSE(aarch64.masked_memory);
  EXPECT_FALSE(aarch64.masked_words);
}

TEST(Target, NamesTheTargetsThereAreForAnUnknownOne) {
  try {
    static_cast<void>(Target::parse("x86-64-v2"));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_STREQ(error.what(),
                 "there is no target 'x86-64-v2'; named targets are x86-64-v3, x86-64-v4, "
                 "aarch64");
  }
}

}  // namespace
}  // namespace sinter
