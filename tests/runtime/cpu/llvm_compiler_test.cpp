// The search for the module libsinter-llvm.so. This program is linked with the LLVM half, so what
// these tests load is a second copy, as in a program of shared libraries.
#include "../../../runtime/cpu/llvm_compiler.h"

#include <bit>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/passes.h>
#include <sinter/runtime/engine.h>

namespace sinter::detail {
namespace {

struct Search {
  const LlvmCompiler* found = nullptr;
  std::string attempts;
};

/// A search with SINTER_LLVM_MODULE set to `chosen`.
Search search(const std::string& chosen, const std::string& folder = "") {
  std::vector<std::string> attempts;
  Search result;
  result.found = find_llvm_module(
      [&](const char* name) {
        return std::string(name) == "SINTER_LLVM_MODULE" ? chosen : std::string();
      },
      folder, attempts);
  result.attempts = list_attempts(attempts);
  return result;
}

TEST(LlvmModule, CompilesKernelsInItsOwnCopy) {
  const Search module = search(SINTER_TEST_LLVM_MODULE);
  ASSERT_NE(module.found, nullptr) << module.attempts;
  EXPECT_NE(module.found, &llvm_compiler());
  EXPECT_STREQ(module.found->build, build_id);
  const Target target = host_target();
  Graph graph;
  graph.output("y", graph.input("x", DType::f32, {1000}).leaky_relu());
  const Graph body = expand(graph, graph.parameters());
  const LoopNest nest = schedule_cpu(body, collapse(body), target);
  CompileTimes times;
  const auto code = module.found->make_jit(target)->compile(nest, times);
  float x = -3;
  float y = 0;
  void* const buffers[] = {&x, &y};
  const std::int64_t extents[] = {1};
  const std::int64_t strides[] = {1, 1};
  const std::uint64_t slope = std::bit_cast<std::uint32_t>(0.5F);
  const KernelArguments arguments{buffers, extents, strides, &slope};
  code->entry()(&arguments, 0, 1);
  EXPECT_EQ(y, -1.5F);
  EXPECT_EQ(module.found->text(nest, target, Stage::llvm, "kernel"),
            llvm_compiler().text(nest, target, Stage::llvm, "kernel"));
  EXPECT_TRUE(module.found->runs_here(Target::parse("x86-64-v3")));
  EXPECT_FALSE(module.found->runs_here(Target::parse("aarch64")));
}

TEST(LlvmModule, AnErrorIsCaughtOutsideTheModule) {
  const Search module = search(SINTER_TEST_LLVM_MODULE);
  ASSERT_NE(module.found, nullptr) << module.attempts;
  Target target = Target::parse("x86-64-v3");
  target.triple = "riscv64-unknown-linux-gnu";
  try {
    static_cast<void>(module.found->make_jit(target));
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
  }
}

TEST(LlvmModule, IsFoundInAFolder) {
  const std::string folder = std::filesystem::path(SINTER_TEST_LLVM_MODULE).parent_path();
  const Search module = search("", folder);
  EXPECT_NE(module.found, nullptr) << module.attempts;
}

TEST(LlvmModule, WhenChosenIsLookedForNowhereElse) {
  const std::string folder = std::filesystem::path(SINTER_TEST_LLVM_MODULE).parent_path();
  const Search missing = search("/nowhere/libsinter-llvm.so", folder);
  EXPECT_EQ(missing.found, nullptr);
  EXPECT_EQ(missing.attempts, "\n  /nowhere/libsinter-llvm.so: no such file");
}

TEST(LlvmModule, OfAnotherBuildIsRefused) {
  const Search other = search(SINTER_TEST_OTHER_MODULE);
  EXPECT_EQ(other.found, nullptr);
  EXPECT_NE(other.attempts.find("other_build.so: belongs to build 0.0.9-0123456789abcdef of "
                                "sinter, not to " +
                                std::string(build_id)),
            std::string::npos)
      << other.attempts;
}

TEST(LlvmModule, AFileThatIsNoModuleIsRefused) {
  const std::string text = testing::TempDir() + "no_library.so";
  std::ofstream(text) << "text";
  EXPECT_NE(search(text).attempts.find("no_library.so: "), std::string::npos);
  EXPECT_NE(search("libc.so.6").attempts.find("libc.so.6: is no module of sinter"),
            std::string::npos)
      << search("libc.so.6").attempts;
}

}  // namespace
}  // namespace sinter::detail
