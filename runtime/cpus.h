// How many CPUs this process may use at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sinter::detail {

/// Number of CPUs in the affinity mask of the calling thread, or the quota of the process's control
/// group, rounded up, if that is less. At least 1. Reads files.
[[nodiscard]] int usable_cpus();

/// The smallest quota of a control group and its parents, in CPUs, rounded up; nullopt without one.
/// `groups` is the text of /proc/self/cgroup, `root` the folder where control groups are mounted.
/// Reads cpu.max (version 2) and cpu.cfs_quota_us (version 1).
[[nodiscard]] std::optional<int> quota_cpus(std::string_view groups, const std::string& root);

}  // namespace sinter::detail
