#include "cpus.h"

#include <sched.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

namespace sinter::detail {
namespace {

/// The text of a file; empty if it cannot be read.
std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// Quota and period of a group, in microseconds, as "200000 100000"; "max ..." or -1 mean none.
std::optional<int> cpus_of(const std::string& quota_and_period) {
  std::istringstream words(quota_and_period);
  double quota = 0;
  double period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<int>(std::clamp(std::ceil(quota / period), 1.0, 1e6));
}

/// The quota of one group. Where the file of version 2 does not exist, that of version 1 may.
std::optional<int> quota_of(const std::string& folder) {
  const std::string both = text_of(folder + "/cpu.max");
  if (!both.empty()) return cpus_of(both);
  return cpus_of(text_of(folder + "/cpu.cfs_quota_us") + " " +
                 text_of(folder + "/cpu.cfs_period_us"));
}

int cpus_of_affinity() {
  for (int most = 1024; most <= (1 << 20); most *= 2) {
    cpu_set_t* const set = CPU_ALLOC(static_cast<std::size_t>(most));
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(most));
    const bool read = sched_getaffinity(0, bytes, set) == 0;
    const int count = read ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

std::optional<int> quota_cpus(std::string_view groups, const std::string& root) {
  std::optional<int> least;
  std::istringstream lines{std::string(groups)};
  // A line is "0::/group" (version 2) or "4:cpu,cpuacct:/group" (version 1).
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string padded = "," + controllers + ",";
    if (!controllers.empty() && padded.find(",cpu,") == std::string::npos) continue;
    // The folder of version 1 is named by its controllers; "cpu" is a link to it.
    const std::string mount = controllers.empty() ? root : root + "/cpu";
    // In a container the group may have another path here; its own limits are then at the root.
    for (std::string group = line.substr(second + 1);; group.resize(group.rfind('/'))) {
      if (group == "/") group.clear();
      const std::optional<int> cpus = quota_of(mount + group);
      if (cpus.has_value()) least = std::min(least.value_or(INT_MAX), *cpus);
      if (group.rfind('/') == std::string::npos) break;
    }
  }
  return least;
}

int usable_cpus() {
  const int cpus = cpus_of_affinity();
  return std::min(cpus, quota_cpus(text_of("/proc/self/cgroup"), "/sys/fs/cgroup").value_or(cpus));
}

}  // namespace sinter::detail
