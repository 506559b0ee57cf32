#include "disassemble.h"

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/error.h>

extern char** environ;

namespace sinter::detail {
namespace {

/// A file of bytes that is there as long as this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes) {
    std::error_code ignored;
    path_ = (std::filesystem::temp_directory_path(ignored) / "sinter-XXXXXX.cubin").string();
    const int file = mkstemps(path_.data(), 6);
    const bool written =
        file >= 0 && write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    if (file >= 0) close(file);
    if (!written) fail(ErrorCode::internal, fmt::format("{} cannot be written", path_));
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Finished {
  int status = -1;
  std::string output;
};

std::string read_all(int pipe) {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; (got = read(pipe, part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

/// Runs a program to its end, without a shell.
Finished run(const std::vector<std::string>& words) {
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], stream);
  }
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t process = 0;
  const bool started =
      posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  Finished result;
  if (started) {
    result.output = read_all(pipe_ends[0]);
    waitpid(process, &result.status, 0);
  }
  close(pipe_ends[0]);
  return result;
}

void add_folder(std::vector<std::string>& files, const std::filesystem::path& folder) {
  for (const char* name : {"nvdisasm", "cuobjdump"}) files.push_back((folder / name).string());
}

}  // namespace

std::vector<std::string> disassemblers(const EnvironmentLookup& environment) {
  std::vector<std::string> files;
  for (const char* toolkit : {"CUDA_HOME", "CUDA_PATH"}) {
    const std::string folder = environment(toolkit);
    if (!folder.empty()) add_folder(files, folder + "/bin");
  }
  const std::string path = environment("PATH");
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    if (end > at) add_folder(files, path.substr(at, end - at));
    at = end + 1;
  }
  add_folder(files, "/usr/local/cuda/bin");
  add_folder(files, "/opt/cuda/bin");
  return files;
}

std::string disassemble(const std::string& cubin, const EnvironmentLookup& environment) {
  const std::vector<std::string> files = disassemblers(environment);
  const auto found = std::ranges::find_if(
      files, [](const std::string& file) { return access(file.c_str(), X_OK) == 0; });
  if (found == files.end()) {
    fail(ErrorCode::unsupported,
         fmt::format("neither nvdisasm nor cuobjdump of the CUDA toolkit was found, which show "
                     "machine code of a GPU; stage 'ptx' needs none. Tried:\n  {}",
                     fmt::join(files, "\n  ")));
  }
  const TemporaryFile file(cubin);
  std::vector<std::string> words{*found};
  if (found->ends_with("cuobjdump")) words.emplace_back("-sass");
  words.push_back(file.path());
  Finished finished = run(words);
  if (finished.status != 0) {
    fail(ErrorCode::internal, fmt::format("{} fails: {}", *found, finished.output));
  }
  return std::move(finished.output);
}

}  // namespace sinter::detail
