// The search for NVRTC: file names of the supported versions, in the folders of toolkits, Python
// wheels and conda.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dynamic_library.h"

namespace sinter::detail {

/// Returns the value of an environment variable, or "" if it is not set.
using EnvironmentLookup = std::function<std::string(const char* name)>;
/// The environment of this process; "" for all variables if the process has more rights than its
/// user (setuid). All reads of the environment in this library use this function.
[[nodiscard]] std::string process_environment(const char* name);

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
