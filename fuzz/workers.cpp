// Worker processes take seeds from a counter in shared memory, and store there the seed that they
// check.
#include "workers.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

namespace sinter::fuzz {
namespace {

constexpr int kMaxWorkers = 256;
constexpr std::uint64_t kNone = UINT64_MAX;

struct Shared {
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> failed{kNone};    ///< a seed that failed or crashed
  std::atomic<std::uint64_t> at[kMaxWorkers];  ///< seed that each worker checks
};

Shared& shared_memory() {
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return *new (memory) Shared;
}

/// The loop of a worker process. Ends the process.
[[noreturn]] void work(const Search& what, int worker, Shared& shared,
                       const std::function<bool(std::uint64_t)>& fails) {
  while (!shared.stop) {
    const std::uint64_t i = shared.next++;
    if (i >= what.graphs) break;
    const std::uint64_t seed = what.first_seed + i;
    shared.at[worker] = seed;
    if (!fails(seed)) continue;
    shared.failed = seed;
    shared.stop = true;
  }
  // _exit runs no destructors: other threads of this process may still be running.
  std::fflush(nullptr);
  _exit(0);
}

bool crashed(int status) {
  return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

}  // namespace

Found search(const Search& what, const std::function<bool(std::uint64_t)>& fails,
             const std::function<void(std::uint64_t)>& progress) {
  using Clock = std::chrono::steady_clock;
  Shared& shared = shared_memory();
  std::fflush(nullptr);
  std::vector<pid_t> children;
  for (int worker = 0; worker < std::min(what.workers, kMaxWorkers); ++worker) {
    const pid_t child = fork();
    if (child == 0) work(what, worker, shared, fails);
    if (child > 0) children.push_back(child);
  }
  const auto begin = Clock::now();
  auto last_progress = begin;
  std::size_t ended = 0;
  while (ended < children.size()) {
    int status = 0;
    const pid_t child = waitpid(-1, &status, WNOHANG);
    if (child > 0) {
      ++ended;
      if (crashed(status) && shared.failed == kNone) {
        const auto worker = std::find(children.begin(), children.end(), child) - children.begin();
        shared.failed = shared.at[worker].load();
        shared.stop = true;
      }
      continue;
    }
    usleep(20'000);
    const auto now = Clock::now();
    const std::chrono::duration<double> elapsed = now - begin;
    if (what.seconds > 0 && elapsed.count() > what.seconds) shared.stop = true;
    if (now - last_progress < std::chrono::seconds(10)) continue;
    last_progress = now;
    progress(std::min(shared.next.load(), what.graphs));
  }
  Found found;
  found.checked = std::min(shared.next.load(), what.graphs);
  if (shared.failed != kNone) found.seed = shared.failed.load();
  munmap(&shared, sizeof(Shared));
  return found;
}

std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    const std::string result = work();
    for (std::size_t at = 0; at < result.size();) {
      const ssize_t written = write(ends[1], result.data() + at, result.size() - at);
      if (written <= 0) break;
      at += static_cast<std::size_t>(written);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string result;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
    result.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return std::string("it crashed: ") + strsignal(WTERMSIG(status));
  return result;
}

}  // namespace sinter::fuzz
