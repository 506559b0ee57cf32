// The sizes of a CPU's caches, as Linux lists them in sysfs.
#pragma once

#include <filesystem>

#include <sinter/codegen/machine_model.h>

namespace sinter::detail {

/// Reads the directories cpu*/cache/index* below `folder`, which is /sys/devices/system/cpu on a
/// machine. Of each level the smallest cache counts, so that a kernel suits every core. A level
/// that is not listed, or whose files cannot be read, is 0.
///
/// sysfs counts the caches that cores really share. sysconf(_SC_LEVEL3_CACHE_SIZE) does not: in a
/// virtual machine it has returned ten times the cache of a core complex.
[[nodiscard]] CacheSizes cache_sizes(const std::filesystem::path& folder);

}  // namespace sinter::detail
