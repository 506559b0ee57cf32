// The environment of this process, in one place.
#pragma once

#include <functional>
#include <string>

namespace sinter::detail {

/// Returns the value of an environment variable, or "" if it is not set.
using EnvironmentLookup = std::function<std::string(const char* name)>;
/// The environment of this process; "" for all variables if the process has more rights than its
/// user (setuid). All reads of the environment in this library use this function.
[[nodiscard]] std::string process_environment(const char* name);

}  // namespace sinter::detail
