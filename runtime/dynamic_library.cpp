// DynamicLibrary by dlopen.
#include "dynamic_library.h"

#include <dlfcn.h>
#include <link.h>

#include <filesystem>

#include <fmt/format.h>

namespace sinter::detail {

DynamicLibrary::DynamicLibrary(void* handle) : handle_(handle) {
  link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr) path_ = map->l_name;
}

DynamicLibrary DynamicLibrary::loaded(const std::string& name) {
  void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  return handle == nullptr ? DynamicLibrary() : DynamicLibrary(handle);
}

DynamicLibrary DynamicLibrary::open(const std::string& path, std::vector<std::string>& attempts) {
  std::error_code ignored;
  if (path.find('/') != std::string::npos && !std::filesystem::exists(path, ignored)) {
    attempts.push_back(fmt::format("{}: no such file", path));
    return {};
  }
  if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return DynamicLibrary(handle);
  const char* reason = dlerror();
  attempts.push_back(
      fmt::format("{}: {}", path, reason == nullptr ? "could not be opened" : reason));
  return {};
}

void* DynamicLibrary::symbol(const char* name) const { return dlsym(handle_, name); }

std::string list_attempts(const std::vector<std::string>& attempts) {
  std::string text;
  for (const std::string& attempt : attempts) text += "\n  " + attempt;
  return text;
}

}  // namespace sinter::detail
