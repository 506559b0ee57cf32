// A walk over sysfs.
#include "cpu/cache_sizes.h"

#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace sinter::detail {
namespace {

namespace fs = std::filesystem;

/// First line of a file, or "".
std::string line_of(const fs::path& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

/// Reads a size such as "48K", "2M" or "65536". Returns 0 for anything else.
std::int64_t bytes_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > (std::int64_t{1} << 40)) return 0;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty()) return number;
  if (unit == "K") return number << 10;
  return unit == "M" ? number << 20 : 0;
}

void add_cache(const fs::path& cache, CacheSizes& sizes) {
  if (line_of(cache / "type") == "Instruction") return;
  const std::string level = line_of(cache / "level");
  std::int64_t* const size = level == "1"   ? &sizes.l1
                             : level == "2" ? &sizes.l2
                             : level == "3" ? &sizes.l3
                                            : nullptr;
  const std::int64_t bytes = bytes_of(line_of(cache / "size"));
  if (size != nullptr && bytes > 0 && (*size == 0 || bytes < *size)) *size = bytes;
}

/// Calls `visit` with each entry of a folder whose name is `prefix` and a number.
void each_numbered(const fs::path& folder, std::string_view prefix, auto&& visit) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    const bool numbered = name.starts_with(prefix) && name.size() > prefix.size() &&
                          name.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
    if (numbered) visit(entry->path());
  }
}

}  // namespace

CacheSizes cache_sizes(const fs::path& folder) {
  CacheSizes sizes;
  each_numbered(folder, "cpu", [&](const fs::path& cpu) {
    each_numbered(cpu / "cache", "index", [&](const fs::path& cache) { add_cache(cache, sizes); });
  });
  return sizes;
}

}  // namespace sinter::detail
