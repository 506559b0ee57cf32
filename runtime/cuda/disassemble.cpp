// Runs nvdisasm or cuobjdump on a temporary file, and returns their output.
#include "cuda/disassemble.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sinter/ir/error.h>

#include "cuda/temporary_file.h"

extern char** environ;

namespace sinter::detail {
namespace {

struct Finished {
  int status = -1;
  std::string output;
};

std::string read_all(int pipe) {
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t got = read(pipe, part.data(), part.size());
    if (got == 0 || (got < 0 && errno != EINTR)) return text;
    if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
  }
}

int wait_for(pid_t process) {
  int status = -1;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// Runs a program to its end, without a shell. The pipe is close-on-exec: a process that another
/// thread starts meanwhile does not keep the pipe open.
Finished run(const std::vector<std::string>& words) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
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
    result.status = wait_for(process);
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
         fmt::format("neither nvdisasm nor cuobjdump of the CUDA toolkit was found, which show a "
                     "GPU's machine code; stage 'ptx' needs neither. Tried:\n  {}",
                     fmt::join(files, "\n  ")));
  }
  const TemporaryFile file("sinter-", ".cubin", cubin);
  if (!file.is_written()) {
    fail(ErrorCode::internal, fmt::format("{} cannot be written", file.path()));
  }
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
