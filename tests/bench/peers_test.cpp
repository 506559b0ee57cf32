// The scripts that time peers say what is missing, and do not fail for it.
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

namespace sinter::bench {
namespace {

struct Ran {
  int status = -1;
  std::string text;
};

Ran run(const std::string& command) {
  Ran result;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  char line[256];
  while (std::fgets(line, sizeof line, pipe) != nullptr) result.text += line;
  result.status = pclose(pipe);
  return result;
}

/// -S leaves out all packages that are installed.
TEST(Peers, TorchsRowsAreSkippedInWordsWhereItIsNotInstalled) {
  if (run("python3 --version").status != 0) GTEST_SKIP() << "there is no python3";
  const std::string script = SINTER_TEST_DIR "/../bench/peers/torch_cuda.py";
  const Ran ran = run("python3 -I -S '" + script + "' --sinter /nowhere");
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.text.find("skipped PyTorch's rows: torch is not installed"), std::string::npos)
      << ran.text;
  EXPECT_NE(ran.text.find("pip install torch=="), std::string::npos) << ran.text;
}

}  // namespace
}  // namespace sinter::bench
