// The order in which NVRTC is searched: SINTER_NVRTC (then nowhere else), what the process has
// loaded, Python and conda, toolkits, the loader.
#include "cuda/nvrtc_search.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

namespace sinter::detail {
namespace {

constexpr std::array kNames{"libnvrtc.so.13", "libnvrtc.so.12"};

/// Paths that match a glob pattern, in descending order of their text: newer versions first, as
/// long as the numbers have equally many digits.
std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  std::ranges::reverse(paths);
  return paths;
}

void add_matches(std::vector<std::string>& folders, const std::string& pattern) {
  for (std::string& path : matches(pattern)) folders.push_back(std::move(path));
}

/// Adds the folders of NVRTC wheels in a folder of Python packages: layout of CUDA 13, then of CUDA
/// 12.
void add_wheels(std::vector<std::string>& folders, const std::string& packages) {
  add_matches(folders, packages + "/nvidia/cu1[0-9]/lib");
  add_matches(folders, packages + "/nvidia/cuda_nvrtc/lib");
}

/// Keeps the first of several paths to the same folder. For example, a virtual environment is also
/// the prefix of its python3, and /usr/local/cuda links to a versioned folder.
void drop_repeated(std::vector<std::string>& folders) {
  std::set<std::string> seen;
  std::erase_if(folders, [&](const std::string& folder) {
    std::error_code ignored;
    const auto canonical = std::filesystem::weakly_canonical(folder, ignored);
    return !seen.insert(ignored ? folder : canonical.string()).second;
  });
}

/// The prefix of the first python3 in PATH; "" if there is none.
std::string python_prefix(const std::string& path) {
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::filesystem::path folder = path.substr(at, end - at);
    std::error_code ignored;
    if (std::filesystem::exists(folder / "python3", ignored)) return folder.parent_path().string();
    at = end + 1;
  }
  return "";
}

/// Opens NVRTC's builtins. NVRTC opens them by a name without a path. Outside its search path the
/// loader finds that name only if they are loaded already.
void open_builtins(const std::string& folder, const std::string& name) {
  const std::string major = name.substr(name.rfind('.') + 1);
  std::vector<std::string> ignored;
  for (const std::string& path : matches(folder + "/libnvrtc-builtins.so." + major + "*")) {
    if (DynamicLibrary::open(path, ignored)) return;
  }
}

DynamicLibrary open_file(const std::string& path, std::vector<std::string>& attempts) {
  const std::filesystem::path file(path);
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    open_builtins(file.parent_path().string(), file.filename().string());
  }
  return DynamicLibrary::open(path, attempts);
}

DynamicLibrary open_in(const std::string& folder, std::vector<std::string>& attempts) {
  for (const char* name : kNames) {
    std::string path = folder;
    path += '/';
    path += name;
    if (DynamicLibrary library = open_file(path, attempts)) return library;
  }
  return {};
}

}  // namespace

std::vector<std::string> nvrtc_folders(const EnvironmentLookup& environment) {
  std::vector<std::string> folders;
  for (const std::string& prefix :
       {environment("VIRTUAL_ENV"), environment("CONDA_PREFIX"), python_prefix(environment("PATH")),
        environment("HOME") + "/.local"}) {
    if (prefix.empty()) continue;
    add_wheels(folders, prefix + "/lib/python3*/site-packages");
    add_wheels(folders, prefix + "/lib/python3*/dist-packages");
  }
  if (const std::string conda = environment("CONDA_PREFIX"); !conda.empty()) {
    folders.push_back(conda + "/lib");
    add_matches(folders, conda + "/targets/*-linux/lib");
  }
  for (const std::string& toolkit : {environment("CUDA_HOME"), environment("CUDA_PATH")}) {
    if (toolkit.empty()) continue;
    folders.push_back(toolkit + "/lib64");
    folders.push_back(toolkit + "/lib");
  }
  add_matches(folders, "/usr/local/cuda/lib64");
  add_matches(folders, "/usr/local/cuda-*/lib64");
  add_matches(folders, "/opt/cuda/lib64");
  drop_repeated(folders);
  return folders;
}

DynamicLibrary find_nvrtc(const EnvironmentLookup& environment,
                          std::vector<std::string>& attempts) {
  if (const std::string chosen = environment("SINTER_NVRTC"); !chosen.empty()) {
    std::error_code ignored;
    return std::filesystem::is_directory(chosen, ignored) ? open_in(chosen, attempts)
                                                          : open_file(chosen, attempts);
  }
  for (const char* name : kNames) {
    if (DynamicLibrary library = DynamicLibrary::loaded(name)) return library;
  }
  for (const std::string& folder : nvrtc_folders(environment)) {
    if (DynamicLibrary library = open_in(folder, attempts)) return library;
  }
  for (const char* name : kNames) {
    if (DynamicLibrary library = DynamicLibrary::open(name, attempts)) return library;
  }
  return {};
}

}  // namespace sinter::detail
