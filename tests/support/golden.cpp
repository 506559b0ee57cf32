// Reads, compares and rewrites the files under tests/golden/.
#include "support/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace sinter::test {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) ADD_FAILURE() << "cannot write " << path;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Returns the lines from the first difference to the last one, at most 40 of each text, with three
/// lines of context.
std::string difference(std::string_view golden, std::string_view text) {
  const auto before = lines_of(golden);
  const auto after = lines_of(text);
  const auto shorter = static_cast<std::ptrdiff_t>(std::min(before.size(), after.size()));
  const auto head =
      std::mismatch(before.begin(), before.begin() + shorter, after.begin()).first - before.begin();
  const auto tail =
      std::mismatch(before.rbegin(), before.rbegin() + (shorter - head), after.rbegin()).first -
      before.rbegin();

  constexpr std::ptrdiff_t kContext = 3;
  constexpr std::ptrdiff_t kMost = 40;
  std::ostringstream out;
  const auto show = [&out](char mark, const auto& lines, std::ptrdiff_t begin, std::ptrdiff_t end) {
    const std::ptrdiff_t shown = std::min(end, begin + kMost);
    for (std::ptrdiff_t i = begin; i < shown; ++i) {
      out << mark << ' ' << lines[static_cast<std::size_t>(i)] << '\n';
    }
    if (shown < end) out << mark << " ... " << end - shown << " more lines\n";
  };
  const auto before_end = static_cast<std::ptrdiff_t>(before.size()) - tail;
  const auto after_end = static_cast<std::ptrdiff_t>(after.size()) - tail;
  out << "@@ line " << head + 1 << " @@\n";
  show(' ', before, std::max<std::ptrdiff_t>(head - kContext, 0), head);
  show('-', before, head, before_end);
  show('+', after, head, after_end);
  show(' ', before, before_end,
       std::min(before_end + kContext, static_cast<std::ptrdiff_t>(before.size())));
  return out.str();
}

/// Returns the command that runs the current test alone and updates its golden file.
std::string rerun_command() {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  return "SINTER_UPDATE_GOLDEN=1 " + program.string() +
         " --gtest_filter=" + test->test_suite_name() + "." + test->name();
}

bool update_requested() {
  const char* value = std::getenv("SINTER_UPDATE_GOLDEN");
  return value != nullptr && std::string_view(value) == "1";
}

}  // namespace

void expect_golden(std::string_view name, std::string_view text) {
  const fs::path path = fs::path(SINTER_TEST_DIR) / "golden" / name;
  if (update_requested()) return write(path, text);
  const std::optional<std::string> golden = read(path);
  if (golden == text) return;
  ADD_FAILURE() << "tests/golden/" << name
                << (golden ? " differs (-: the file, +: now)\n" : " does not exist; it would be\n")
                << difference(golden.value_or(""), text)
                << "if this is right, update the file and read the diff:\n  " << rerun_command();
}

}  // namespace sinter::test
