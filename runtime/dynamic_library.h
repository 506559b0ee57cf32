// DynamicLibrary: a library that is looked for while the program runs, and never closed: what
// compilers and drivers leave behind in a process does not survive that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinter::detail {

class DynamicLibrary {
 public:
  DynamicLibrary() = default;

  /// The library that this process already holds under `name`; none if it holds none.
  [[nodiscard]] static DynamicLibrary loaded(const std::string& name);
  /// The file at `path`, or whatever the loader finds under a name without '/'. What was tried, and
  /// what came of it, is added to `attempts`.
  [[nodiscard]] static DynamicLibrary open(const std::string& path,
                                           std::vector<std::string>& attempts);

  [[nodiscard]] explicit operator bool() const { return handle_ != nullptr; }
  /// Where it lies.
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Sets `function` to the symbol; false, and null, where the library has none.
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

/// One line an attempt, indented.
[[nodiscard]] std::string list_attempts(const std::vector<std::string>& attempts);

}  // namespace sinter::detail
