// The scripts that time peers: they report a peer that is not installed, and do not fail then.
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
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  char line[256];
  while (std::fgets(line, sizeof line, pipe) != nullptr) result.text += line;
  result.status = pclose(pipe);
  return result;
}

/// Runs the script with a python3 whose only packages are those in `folder`.
Ran run_torch_rows(const std::string& environment, const std::string& folder) {
  const std::string script = SINTER_TEST_DIR "/../bench/peers/torch_cuda.py";
  return run(environment + " PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='" + folder + "' python3 -S '" +
             script + "' --quick --sinter '" SINTER_TEST_DIR "/bench/stub/sinter_cuda_bench'");
}

class Peers : public testing::Test {
 protected:
  void SetUp() override {
    if (run("python3 --version").status != 0) GTEST_SKIP() << "there is no python3";
  }
  const std::string stub = SINTER_TEST_DIR "/bench/stub";
};

TEST_F(Peers, TorchsRowsAreSkippedWithAReasonWhenItIsNotInstalled) {
  const Ran ran = run_torch_rows("", "/nowhere");
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.text.find("skipped PyTorch's rows: torch is not installed"), std::string::npos)
      << ran.text;
  EXPECT_NE(ran.text.find("pip install torch=="), std::string::npos) << ran.text;
}

TEST_F(Peers, TorchsRowsAreSkippedWithAReasonWhenItFindsNoGpu) {
  const Ran ran = run_torch_rows("", stub);
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.text, "skipped PyTorch's rows: torch 0.0.1+stub finds no GPU\n");
}

/// The stub of torch takes 500 ns per call. The stub of sinter takes 250 ns and 1,000 ns.
TEST_F(Peers, TorchsRowsAreRatiosOfDeviceTime) {
  const Ran ran = run_torch_rows("STUB_GPU=1", stub);
  EXPECT_EQ(ran.status, 0);
  for (const char* words : {"torch==0.0.1 is installed; these rows are promised against torch==",
                            "skipped Triton's rows: triton is not installed",
                            "| leaky_relu f16, 2^20 / PyTorch | 1.1 | 2 (2 .. 2) |",
                            "| leaky_relu f16, 2^28 / PyTorch | 1.0 | 0.5 (0.5 .. 0.5) |"}) {
    EXPECT_NE(ran.text.find(words), std::string::npos) << words << " is not in\n" << ran.text;
  }
}

}  // namespace
}  // namespace sinter::bench
