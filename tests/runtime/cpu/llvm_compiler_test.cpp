// The search for the module libsinter-llvm.so. This program is linked with the LLVM half, so what
// these tests load is a second copy, as in a program of shared libraries.
#include "../../../runtime/cpu/llvm_compiler.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/runtime/engine.h>

#include "runtime/llvm/leaky_kernel.h"

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
  const LoopNest nest = leaky_nest(target);
  CompileTimes times;
  const auto code = module.found->make_jit(target)->compile(nest, times);
  EXPECT_EQ(call(*code, -3), -1.5F);
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

TEST(LlvmModule, IsLookedForInNoFolderThatIsUnknown) {
  using Paths = std::vector<std::string>;
  EXPECT_EQ(module_paths(""), Paths{"libsinter-llvm.so.0.1"});
  EXPECT_EQ(module_paths("/a"), (Paths{"/a/libsinter-llvm.so.0.1", "libsinter-llvm.so.0.1"}));
}

std::string folder_of_this_program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

TEST(LlvmModule, FolderIsThatOfTheProgramWhateverItsName) {
  EXPECT_EQ(folder_of_sinter(), folder_of_this_program());
  if (std::getenv("SINTER_TEST_RENAMED") != nullptr) return;
  // Again in a process whose argv[0] leads elsewhere.
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  for (const char* name : {"app", "/tmp/app"}) {
    const std::string command = "cd / && SINTER_TEST_RENAMED=1 exec bash -c 'exec -a " +
                                std::string(name) + " \"" + program +
                                "\" --gtest_filter=LlvmModule.FolderIs* >/dev/null'";
    EXPECT_EQ(std::system(command.c_str()), 0) << name;
  }
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
