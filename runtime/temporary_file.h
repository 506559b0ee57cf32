// TemporaryFile: a new file in TMPDIR, or /tmp. Nothing that the process starts inherits it.
#pragma once

#include <string>
#include <string_view>

namespace sinter::detail {

class TemporaryFile {
 public:
  /// "<folder>/<prefix>XXXXXX<suffix>", with `bytes` in it where `is_written`.
  TemporaryFile(std::string_view prefix, std::string_view suffix, std::string_view bytes);
  /// Removes the file unless `keep` was called.
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Whether there is a file at all.
  [[nodiscard]] bool is_made() const { return made_; }
  [[nodiscard]] bool is_written() const { return written_; }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool made_ = false;
  bool written_ = false;
  bool kept_ = false;
};

}  // namespace sinter::detail
