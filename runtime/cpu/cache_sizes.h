// The sizes of a CPU's caches, as Linux lists them in sysfs.
#pragma once

#include <filesystem>

#include <sinter/codegen/machine_model.h>

namespace sinter::detail {

/// Reads the directories cpu*/cache/index* below `folder`, which is /sys/devices/system/cpu except
/// in tests. Takes the smallest data or unified cache of each level, so that a kernel suits every
/// core. A level that is not listed, or whose files cannot be read, is 0.
///
/// sysfs gives the size of each cache. sysconf(_SC_LEVEL3_CACHE_SIZE) may give a total: in a
/// virtual machine it was ten times the third level of a core complex.
[[nodiscard]] CacheSizes cache_sizes(const std::filesystem::path& folder);

}  // namespace sinter::detail
