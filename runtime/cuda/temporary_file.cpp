// TemporaryFile by mkostemps.
#include "cuda/temporary_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>

#include "environment.h"

namespace sinter::detail {
namespace {

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

TemporaryFile::TemporaryFile(std::string_view prefix, std::string_view suffix,
                             std::string_view bytes)
    : path_(process_environment("TMPDIR")) {
  if (path_.empty()) path_ = "/tmp";
  path_ += '/';
  path_ += prefix;
  path_ += "XXXXXX";
  path_ += suffix;
  const int file = mkostemps(path_.data(), static_cast<int>(suffix.size()), O_CLOEXEC);
  made_ = file >= 0;
  if (!made_) return;
  written_ = write_all(file, bytes);
  close(file);
}

TemporaryFile::~TemporaryFile() {
  if (made_ && !kept_) unlink(path_.c_str());
}

}  // namespace sinter::detail
