// TemporaryFile: a new file in TMPDIR, or in /tmp. Child processes do not inherit its descriptor.
#pragma once

#include <string>
#include <string_view>

namespace sinter::detail {

class TemporaryFile {
 public:
  /// Makes "<folder>/<prefix>XXXXXX<suffix>" and writes `bytes` to it. Does not throw on failure:
  /// see is_made and is_written.
  TemporaryFile(std::string_view prefix, std::string_view suffix, std::string_view bytes);
  /// Removes the file unless `keep` was called.
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// True if the file was created.
  [[nodiscard]] bool is_made() const { return made_; }
  /// True if all bytes were written.
  [[nodiscard]] bool is_written() const { return written_; }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool made_ = false;
  bool written_ = false;
  bool kept_ = false;
};

}  // namespace sinter::detail
