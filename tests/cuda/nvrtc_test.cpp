// Every golden kernel, compiled by NVRTC for every architecture that it supports. Needs no device.
#include "../../runtime/cuda/nvrtc.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <span>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/ir/error.h>

#include "support/expect_error.h"

namespace sinter::test {
namespace {

using detail::CudaArchitecture;
using detail::Nvrtc;

class NvrtcTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      nvrtc = Nvrtc::load();
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
  std::shared_ptr<const Nvrtc> nvrtc;
};

struct Source {
  std::string name;
  std::string text;
};

std::vector<Source> golden_sources() {
  std::vector<Source> sources;
  for (const auto& entry : std::filesystem::directory_iterator(SINTER_TEST_DIR "/golden/cuda")) {
    if (entry.path().extension() != ".cu") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    sources.push_back({entry.path().stem().string(), text.str()});
  }
  std::ranges::sort(sources, {}, &Source::name);
  return sources;
}

bool holds(const std::string& ptx, const std::string& words) {
  return ptx.find(words) != std::string::npos;
}

TEST_F(NvrtcTest, CompilesEveryGoldenKernelForEveryDeviceItKnows) {
  ASSERT_FALSE(nvrtc->architectures().empty());
  const std::vector<Source> sources = golden_sources();
  ASSERT_GT(sources.size(), 10U);
  for (const Source& source : sources) {
    for (const int sm : nvrtc->architectures()) {
      SCOPED_TRACE(source.name + " for sm_" + std::to_string(sm));
      const std::string cubin = nvrtc->compile(source.text, {sm, false});
      EXPECT_EQ(cubin.substr(0, 4),
                "\x7f"
                "ELF");
    }
  }
}

/// The oldest and the newest architecture, and the first one from 8.0 on: helpers use other
/// instructions there.
std::vector<int> telling_architectures(std::span<const int> all) {
  std::vector<int> telling{all.front(), all.back()};
  const auto ampere = std::ranges::lower_bound(all, 80);
  if (ampere != all.end()) telling.push_back(*ampere);
  return telling;
}

TEST_F(NvrtcTest, ContractsNothingAndKeepsEverythingInRegisters) {
  for (const Source& source : golden_sources()) {
    for (const int sm : telling_architectures(nvrtc->architectures())) {
      SCOPED_TRACE(source.name + " for compute_" + std::to_string(sm));
      const std::string ptx = nvrtc->compile(source.text, {sm, true});
      // NVRTC contracts nothing: PTX has an fma only if the text calls fmaf.
      EXPECT_EQ(holds(ptx, "fma.rn.f"), holds(source.text, "fmaf(")) << ptx;
      EXPECT_FALSE(holds(ptx, ".local")) << ptx;
      EXPECT_FALSE(holds(ptx, ".ftz")) << ptx;
      EXPECT_FALSE(holds(ptx, ".approx")) << ptx;
    }
  }
}

/// Replaces the calls of fma in the text, and expects that no fused multiply-add is left.
TEST_F(NvrtcTest, FusesWhatTheGraphSaysAndNothingElse) {
  int fused = 0;
  for (const Source& source : golden_sources()) {
    if (!holds(source.text, "fma")) continue;
    ++fused;
    SCOPED_TRACE(source.name);
    const std::string apart =
        "template <typename T>\n"
        "static __device__ inline T apart(T a, T b, T c) { return a - b - c; }\n" +
        std::regex_replace(source.text, std::regex(R"(\bfmaf?\()"), "apart(");
    const std::string ptx = nvrtc->compile(apart, {nvrtc->architectures().back(), true});
    EXPECT_FALSE(holds(ptx, "fma.rn.f")) << ptx;
  }
  EXPECT_GT(fused, 3);
}

/// Bytes of the widest load ("ld") or store ("st") of global memory. Compilers differ in how they
/// name the same access: v4.f32, v4.u32, v2.b64.
int widest_access(const std::string& ptx, const std::string& kind) {
  const std::regex access(kind + R"(\.global\.(?:cs\.)?(?:v(\d)\.)?[a-z]+(\d+))");
  int widest = 0;
  for (std::sregex_iterator match(ptx.begin(), ptx.end(), access), end; match != end; ++match) {
    const int elements = (*match)[1].matched ? std::stoi((*match)[1]) : 1;
    widest = std::max(widest, elements * std::stoi((*match)[2]) / 8);
  }
  return widest;
}

TEST_F(NvrtcTest, AccessesSixteenBytesAtOnce) {
  for (const Source& source : golden_sources()) {
    SCOPED_TRACE(source.name);
    const auto is = [&](std::initializer_list<const char*> names) {
      return std::ranges::find(names, source.name) != names.end();
    };
    // Rows of 33 and of 50 elements of 4 bytes, and of 1001 elements of 8 bytes, allow only narrow
    // vectors. Strided inputs allow none. A team of softmax_f16 loads four lanes of 2 bytes.
    int loaded = 16;
    if (is({"row_scalars", "strided", "column_mean"})) loaded = 4;
    if (is({"rank3", "row_sum_odd", "softmax_f16"})) loaded = 8;
    if (is({"layer_small_f16"})) loaded = 2;
    // The result of a row is one element.
    int stored = source.name == "strided" ? 16 : loaded;
    if (is({"row_sum", "total"})) stored = 4;
    const std::string ptx = nvrtc->compile(source.text, {nvrtc->architectures().back(), true});
    EXPECT_EQ(widest_access(ptx, "ld"), loaded) << ptx;
    EXPECT_EQ(widest_access(ptx, "st"), stored) << ptx;
  }
}

/// Outputs that exceed the cache are written by streaming stores (st.global.cs), which are as wide
/// as other stores.
TEST_F(NvrtcTest, StreamsWhatTheCacheDoesNotHold) {
  for (const Source& source : golden_sources()) {
    SCOPED_TRACE(source.name);
    const std::string ptx = nvrtc->compile(source.text, {nvrtc->architectures().back(), true});
    const bool streams = holds(source.text, "_stream((");
    EXPECT_EQ(holds(ptx, "st.global.cs."), streams) << ptx;
    if (source.name == "leaky_relu") {
      EXPECT_TRUE(holds(ptx, "st.global.cs.v4.u32")) << ptx;
    }
    if (source.name == "leaky_relu_short") {
      EXPECT_FALSE(streams);
    }
  }
}

/// A thread reads four rows or columns of a tile from shared memory in one access. The compiler may
/// leave a few narrower accesses.
TEST_F(NvrtcTest, ReadsTilesByVectors) {
  const std::vector<Source> sources = golden_sources();
  const auto layer = std::ranges::find(sources, "layer", &Source::name);
  const std::string ptx = nvrtc->compile(layer->text, {nvrtc->architectures().back(), true});
  const auto count = [&](const char* access) {
    const std::regex words(access);
    return std::distance(std::sregex_iterator(ptx.begin(), ptx.end(), words), {});
  };
  EXPECT_GT(count(R"(ld\.shared\.v4)"), 2 * count(R"(ld\.shared\.[^v])")) << ptx;
}

TEST_F(NvrtcTest, ShowsTheLogAndWhereTheSourceIs) {
  const CudaArchitecture architecture{nvrtc->architectures().front(), false};
  try {
    static_cast<void>(nvrtc->compile("int wrong(", architecture));
    FAIL() << "an invalid source compiled";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(holds(message, "does not compile: NVRTC_ERROR_COMPILATION")) << message;
    EXPECT_TRUE(holds(message, nvrtc->description())) << message;
    EXPECT_TRUE(holds(message, "kernel.cu(1): error:")) << message;
    const std::size_t at = message.find("the source is in ") + 17;
    const std::string path = message.substr(at, message.find('\n', at) - at);
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    EXPECT_EQ(text.str(), "int wrong(");
    std::filesystem::remove(path);
  }
}

// --- Without a library ---------------------------------------------------------------------------

/// An environment in which only `name` is set.
detail::EnvironmentLookup only(std::string name, std::string value) {
  return [name = std::move(name), value = std::move(value)](const char* asked) {
    return name == asked ? value : std::string();
  };
}

TEST(NvrtcSearch, NamesEveryPathThatWasTried) {
  const auto load = [](const std::string& chosen) {
    return [=] { static_cast<void>(Nvrtc::load(only("SINTER_NVRTC", chosen))); };
  };
  expect_error(ErrorCode::unsupported, "/nowhere/libnvrtc.so.13: no such file",
               load("/nowhere/libnvrtc.so.13"));
  const std::string folder = testing::TempDir();
  expect_error(ErrorCode::unsupported, folder + "/libnvrtc.so.13: no such file", load(folder));
  expect_error(ErrorCode::unsupported, folder + "/libnvrtc.so.12: no such file", load(folder));
  const std::string text = folder + "sinter-no-library.so";
  std::ofstream(text) << "text";
  expect_error(ErrorCode::unsupported, text + ": " + text + ": file too short", load(text));
  std::filesystem::remove(text);
}

TEST(NvrtcSearch, RefusesALibraryWithoutItsFunctions) {
  expect_error(ErrorCode::unsupported, "it has no nvrtcVersion",
               [] { static_cast<void>(Nvrtc::load(only("SINTER_NVRTC", "libm.so.6"))); });
}

TEST(NvrtcSearch, KnowsWheelsCondaAndToolkits) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(testing::TempDir()) / "sinter-nvrtc-layouts";
  const auto expect_folder = [](const auto& environment, const fs::path& folder) {
    const std::vector<std::string> folders = detail::nvrtc_folders(environment);
    EXPECT_NE(std::ranges::find(folders, folder.string()), folders.end()) << folder;
  };
  for (const char* wheel : {"nvidia/cu13/lib", "nvidia/cuda_nvrtc/lib"}) {
    const fs::path folder = root / "lib/python3.11/site-packages" / wheel;
    fs::create_directories(folder);
    expect_folder(only("VIRTUAL_ENV", root), folder);
    expect_folder(only("CONDA_PREFIX", root), folder);
  }
  fs::create_directories(root / "bin");
  std::ofstream(root / "bin/python3") << "";
  expect_folder(only("PATH", "/nowhere:" + (root / "bin").string()),
                root / "lib/python3.11/site-packages/nvidia/cu13/lib");
  fs::create_directories(root / "targets/x86_64-linux/lib");
  expect_folder(only("CONDA_PREFIX", root), root / "lib");
  expect_folder(only("CONDA_PREFIX", root), root / "targets/x86_64-linux/lib");
  expect_folder(only("CUDA_HOME", root), root / "lib64");
  expect_folder(only("CUDA_PATH", root), root / "lib64");
  fs::remove_all(root);
}

TEST(NvrtcSearch, MakesMachineCodeForWhatIsKnownAndPtxForWhatIsNewer) {
  const std::vector<int> known = {75, 80, 90};
  const auto choose = [&](int compute_capability) {
    return detail::choose_architecture(compute_capability, known, "NVRTC 12.9");
  };
  EXPECT_EQ(choose(80), (CudaArchitecture{80, false}));
  EXPECT_EQ(choose(90), (CudaArchitecture{90, false}));
  EXPECT_EQ(choose(89), (CudaArchitecture{80, true}));
  EXPECT_EQ(choose(121), (CudaArchitecture{90, true}));
  expect_error(ErrorCode::unsupported,
               "the device has compute capability 7.0; NVRTC 12.9 supports sm_75 and newer",
               [&] { static_cast<void>(choose(70)); });
}

}  // namespace
}  // namespace sinter::test
