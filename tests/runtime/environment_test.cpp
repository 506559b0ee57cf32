// The environment variables of the process, and the engine options that are refused.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "../../runtime/environment.h"
#include "runtime/fixtures.h"

namespace sinter::test {
namespace {

namespace fs = std::filesystem;

TEST(Environment, IsReadOnlyBySecureGetenv) {
  const fs::path root = fs::path(SINTER_TEST_DIR).parent_path();
  int reads = 0;
  for (const char* room : {"ir", "codegen", "runtime", "bench", "fuzz"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
      const fs::path extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".h" && extension != ".inc") continue;
      std::ifstream file(entry.path());
      const std::string text(std::istreambuf_iterator<char>(file), {});
      for (std::size_t at = text.find("getenv("); at != std::string::npos;
           at = text.find("getenv(", at + 1)) {
        const std::string before = text.substr(0, at);
        const bool other = !before.empty() && std::isalpha(before.back()) != 0;  // fegetenv
        reads += other ? 0 : 1;
        EXPECT_TRUE(other || before.ends_with("secure_")) << entry.path();
      }
      // temp_directory_path() reads TMPDIR, in some standard libraries without secure_getenv.
      EXPECT_EQ(text.find("temp_directory_path("), std::string::npos) << entry.path();
    }
  }
  EXPECT_GE(reads, 1);
}

/// Run in a process of its own by the test below, which reads the output.
TEST(Environment, DISABLED_IsPrinted) {
  std::cout << "<" << detail::process_environment("SINTER_DUMP") << ">\n";
}

std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 256> part{};
  while (fgets(part.data(), part.size(), pipe) != nullptr) output += part.data();
  pclose(pipe);
  return output;
}

TEST(Environment, IsIgnoredByASetgidProgram) {
  const std::string program = testing::TempDir() + "sinter-setgid-" + std::to_string(getpid());
  const auto run = [](const std::string& file) {
    return output_of("SINTER_DUMP=plan " + file +
                     " --gtest_also_run_disabled_tests --gtest_filter=Environment.DISABLED_*");
  };
  fs::copy_file("/proc/self/exe", program, fs::copy_options::overwrite_existing);
  const bool of_another_group = chown(program.c_str(), static_cast<uid_t>(-1), getegid() + 1) == 0;
  EXPECT_NE(run(program).find("<plan>"), std::string::npos);
  const bool more_rights = of_another_group && chmod(program.c_str(), 02755) == 0;
  struct statvfs folder{};
  const bool setgid_counts = statvfs(program.c_str(), &folder) == 0 &&
                             (folder.f_flag & ST_NOSUID) == 0 &&
                             prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
  const std::string printed = run(program);
  fs::remove(program);
  if (!more_rights) GTEST_SKIP() << "this user may not change the group of a file";
  if (!setgid_counts) GTEST_SKIP() << "setgid has no effect in this folder or in this process";
  EXPECT_NE(printed.find("<>"), std::string::npos) << printed;
}

class NoThreads final : public Executor {
 public:
  explicit NoThreads(int concurrency) : concurrency_(concurrency) {}
  [[nodiscard]] int concurrency() const override { return concurrency_; }
  void parallel_for(std::int64_t, void (*)(void*, std::int64_t), void*, double) override {}

 private:
  int concurrency_;
};

TEST(EngineOptions, RefuseAnExecutorWithoutAThread) {
  for (int concurrency : {0, -3}) {
    EXPECT_EQ(error_of([&] { Engine({.executor = std::make_shared<NoThreads>(concurrency)}); }),
              "invalid_argument: EngineOptions::executor has a concurrency of " +
                  std::to_string(concurrency) +
                  ": it must be 1 or more, for the calling thread counts");
  }
}

TEST(EngineOptions, RefuseANegativeTime) {
  EXPECT_EQ(error_of([] { Engine({.parallel_nanoseconds = -5}); }),
            "invalid_argument: EngineOptions::parallel_nanoseconds is -5: give a number of "
            "nanoseconds, or 0 "
            "for the time from which threads were measured to pay");
}

}  // namespace
}  // namespace sinter::test
