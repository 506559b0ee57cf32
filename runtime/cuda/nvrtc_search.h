// The search for NVRTC: file names of the supported versions, in the folders of toolkits, Python
// wheels and conda.
#pragma once

#include <string>
#include <vector>

#include "dynamic_library.h"
#include "environment.h"

namespace sinter::detail {

/// Folders that may contain NVRTC, those from the user's environment first.
[[nodiscard]] std::vector<std::string> nvrtc_folders(const EnvironmentLookup& environment);

/// Loads NVRTC. If the variable SINTER_NVRTC is set, it names the only file or folder that is
/// tried. Otherwise these are tried: the library that the process has loaded already,
/// `nvrtc_folders`, the loader's search. Returns none if all fail; `attempts` then lists the paths
/// and reasons. Before NVRTC itself, loads the builtins library in its folder, which NVRTC opens by
/// name.
[[nodiscard]] DynamicLibrary find_nvrtc(const EnvironmentLookup& environment,
                                        std::vector<std::string>& attempts);

}  // namespace sinter::detail
