// DynamicLibrary: a shared library that is loaded at run time. It is never closed, because
// closing would break the state that compilers and drivers keep in the process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinter::detail {

class DynamicLibrary {
 public:
  DynamicLibrary() = default;

  /// The library that this process has already loaded under `name`, or none.
  [[nodiscard]] static DynamicLibrary loaded(const std::string& name);
  /// Loads the file at `path`; a name without '/' is searched for by the loader. On failure,
  /// appends the path and the reason to `attempts` and returns none.
  [[nodiscard]] static DynamicLibrary open(const std::string& path,
                                           std::vector<std::string>& attempts);

  [[nodiscard]] explicit operator bool() const { return handle_ != nullptr; }
  /// Path of the file.
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Sets `function` to the symbol `name`. Returns false, and sets null, if there is none.
  template <typename Function>
  [[nodiscard]] bool find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(symbol(name));
    return function != nullptr;
  }

 private:
  explicit DynamicLibrary(void* handle);
  [[nodiscard]] void* symbol(const char* name) const;
  void* handle_ = nullptr;
  std::string path_;
};

/// The attempts as text, each on an indented line.
[[nodiscard]] std::string list_attempts(const std::vector<std::string>& attempts);

}  // namespace sinter::detail
