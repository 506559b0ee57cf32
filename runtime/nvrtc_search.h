// Where NVRTC may be: the file names of the versions that are served, in the folders in which
// toolkits, Python wheels and conda keep them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dynamic_library.h"

namespace sinter::detail {

/// A variable of the environment; "" where it is not set, and for every variable in a process that
/// has more rights than its user (setuid). Nothing else in the library reads the environment.
using EnvironmentLookup = std::function<std::string(const char* name)>;
[[nodiscard]] std::string process_environment(const char* name);

/// Folders in which a library may be, those of the user's own choice first.
[[nodiscard]] std::vector<std::string> nvrtc_folders(const EnvironmentLookup& environment);

/// SINTER_NVRTC, a file or a folder, and nothing else where it is set. Otherwise the one that the
/// process holds already, then those in `nvrtc_folders`, then what the loader finds. None where
/// `attempts` says so. Beside a file its builtins are opened first, which it asks for by name.
[[nodiscard]] DynamicLibrary find_nvrtc(const EnvironmentLookup& environment,
                                        std::vector<std::string>& attempts);

}  // namespace sinter::detail
