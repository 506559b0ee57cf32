// The search for the LLVM half: in the program, then as a module.
#include "cpu/llvm_compiler.h"

#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <cstdint>
#include <filesystem>

#include <fmt/format.h>

#include <sinter/ir/error.h>

#include "process.h"

/// Defined only in a program that was linked with the LLVM half.
extern "C" __attribute__((weak, visibility("hidden")))
const sinter::detail::LlvmCompiler sinter_llvm_compiler;

namespace sinter::detail {
namespace {

/// A file name with the version, as libsinter.so has it: other versions may be installed beside it.
constexpr const char* kModule = "libsinter-llvm.so." SINTER_SOVERSION;

constinit std::atomic<const LlvmCompiler*> loaded{nullptr};

/// Upper half: process_epoch() of the threads that are loading the module; lower half: their
/// number.
constinit std::atomic<std::uint64_t> loading{0};

/// A scope in which this thread loads the module. It holds no lock: the loader has its own, under
/// which constructors of other libraries may compile. If another thread of the parent was in such a
/// scope at the fork, the loader's lock stays taken, so the constructor throws Error(unsupported).
class LoadScope {
 public:
  LoadScope() {
    const std::uint64_t own = std::uint64_t{process_epoch()} << 32;
    std::uint64_t seen = loading.load();
    std::uint64_t next = 0;
    do {
      const bool is_own = (seen ^ own) >> 32 == 0;
      if (!is_own && (seen & UINT32_MAX) != 0) {
        fail(ErrorCode::unsupported,
             "this process was forked while another thread of its parent loaded sinter's compiler: "
             "it can run what was compiled before, and compile nothing. Compile one kernel before "
             "the fork, or fork before other threads compile");
      }
      next = (is_own ? seen : own) + 1;
    } while (!loading.compare_exchange_weak(seen, next));
  }
  ~LoadScope() { --loading; }
  LoadScope(const LoadScope&) = delete;
  LoadScope& operator=(const LoadScope&) = delete;
};

/// The functions of an open module, or null if it belongs to another build.
const LlvmCompiler* check_build(const DynamicLibrary& library, std::vector<std::string>& attempts) {
  const LlvmCompiler* compiler = nullptr;
  if (!library.find("sinter_llvm_compiler", compiler)) {
    attempts.push_back(fmt::format("{}: is no module of sinter", library.path()));
    return nullptr;
  }
  if (std::string_view(compiler->build) == build_id) return compiler;
  attempts.push_back(fmt::format("{}: belongs to build {} of sinter, not to {}", library.path(),
                                 compiler->build, build_id));
  return nullptr;
}

const LlvmCompiler& load() {
  std::vector<std::string> attempts;
  const LlvmCompiler* found = find_llvm_module(process_environment, folder_of_sinter(), attempts);
  if (found != nullptr) return *found;
  fail(ErrorCode::unsupported,
       fmt::format("no code can be made for a CPU without {}, the part of sinter that holds LLVM. "
                   "Install the one of this build beside libsinter.so, or name the file in the "
                   "environment variable SINTER_LLVM_MODULE. Tried:{}",
                   kModule, list_attempts(attempts)));
}

}  // namespace

std::vector<std::string> module_paths(const std::string& folder) {
  if (folder.empty()) return {kModule};
  return {folder + "/" + kModule, kModule};
}

const LlvmCompiler* find_llvm_module(const EnvironmentLookup& environment,
                                     const std::string& folder,
                                     std::vector<std::string>& attempts) {
  if (const std::string chosen = environment("SINTER_LLVM_MODULE"); !chosen.empty()) {
    const DynamicLibrary library = DynamicLibrary::open(chosen, attempts);
    return library ? check_build(library, attempts) : nullptr;
  }
  if (const DynamicLibrary library = DynamicLibrary::loaded(kModule)) {
    if (const LlvmCompiler* found = check_build(library, attempts)) return found;
  }
  for (const std::string& path : module_paths(folder)) {
    const DynamicLibrary library = DynamicLibrary::open(path, attempts);
    if (!library) continue;
    if (const LlvmCompiler* found = check_build(library, attempts)) return found;
  }
  return nullptr;
}

std::string folder_of_sinter() {
  Dl_info info{};
  void* map = nullptr;
  if (dladdr1(&loaded, &info, &map, RTLD_DL_LINKMAP) == 0 || map == nullptr) return "";
  // The loader has no name for the program, and dladdr gives argv[0], which a caller may choose.
  const char* name = static_cast<const link_map*>(map)->l_name;
  const std::filesystem::path file = *name == '\0' ? "/proc/self/exe" : name;
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(file, error);
  return error || file.is_relative() ? "" : real.parent_path().string();
}

const LlvmCompiler& llvm_compiler() {
  if (&sinter_llvm_compiler != nullptr) return sinter_llvm_compiler;
  if (const LlvmCompiler* known = loaded.load(std::memory_order_acquire)) return *known;
  const LoadScope scope;
  const LlvmCompiler& found = load();
  loaded.store(&found, std::memory_order_release);
  return found;
}

}  // namespace sinter::detail
