// Text is the same under a locale whose decimal separator is a comma as under any other locale.
#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <locale>

#include <unistd.h>

#include "fixtures.h"
#include "support/sanitizer.h"

namespace sinter::test {
namespace {

/// Sets a German locale, built by localedef, for a scope. `is_set` is false where this machine
/// cannot build it.
class GermanLocale {
 public:
  GermanLocale()
      : folder_(std::filesystem::temp_directory_path() /
                ("sinter_locale_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    const std::string made = (folder_ / "de_DE.UTF-8").string();
    const std::string command = "localedef -i de_DE -f UTF-8 '" + made + "' >/dev/null 2>&1";
    if (std::system(command.c_str()) != 0) return;
    setenv("LOCPATH", folder_.c_str(), 1);
    const NoLeaks no_leaks;  // the C library never frees its copy of LOCPATH
    is_set_ = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
    if (is_set_) std::locale::global(std::locale("de_DE.UTF-8"));
  }
  ~GermanLocale() {
    std::locale::global(std::locale::classic());
    std::setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    std::filesystem::remove_all(folder_);
  }
  GermanLocale(const GermanLocale&) = delete;
  GermanLocale& operator=(const GermanLocale&) = delete;
  [[nodiscard]] bool is_set() const { return is_set_; }

 private:
  const std::filesystem::path folder_;
  bool is_set_ = false;
};

/// One string with every kind of text that contains numbers.
std::string texts() {
  const Engine engine({.threads = 1});
  std::string all;
  for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    all += to_string(engine.tensor({0.1, 1.5, 1234.5, 1e-3, 65504}, dtype)) + "\n";
  }
  all += to_string(engine.tensor({1'000'000}, DType::i32));
  const Graph graph = make_chain(30, 1000, 0.125);
  const Executable program = engine.compile(parse(print(graph)));
  for (Stage stage :
       {Stage::graph, Stage::plan, Stage::loops, Stage::llvm, Stage::assembly, Stage::cuda}) {
    all += program.text(stage);
  }
  try {
    (void)engine.tensor({1234567.5}, DType::i8);
  } catch (const Error& error) {
    all += error.what();
  }
  return all;
}

TEST(Locale, DoesNotDecideHowNumbersAreWritten) {
  const std::string expected = texts();
  const GermanLocale german;
  if (!german.is_set()) GTEST_SKIP() << "localedef cannot build a German locale here";
  ASSERT_EQ(std::string_view(std::localeconv()->decimal_point), ",");
  const std::string got = texts();
  EXPECT_EQ(got.size(), expected.size());
  EXPECT_TRUE(got == expected) << to_string(Engine().tensor({0.1, 1.5}, DType::f16));
}

}  // namespace
}  // namespace sinter::test
