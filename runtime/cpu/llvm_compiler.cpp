// The search for the LLVM half: in the program, then as a module.
#include "cpu/llvm_compiler.h"

#include <dlfcn.h>

#include <atomic>
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

constinit ForkSafeMutex loading;
constinit std::atomic<bool> torn{false};  ///< the process was forked while the module was loaded
constinit std::atomic<const LlvmCompiler*> loaded{nullptr};

/// The folder of the file that holds this function: libsinter.so, or the program.
std::string own_folder() {
  Dl_info info{};
  if (dladdr(&loaded, &info) == 0 || info.dli_fname == nullptr) return "";
  std::error_code ignored;
  return std::filesystem::absolute(info.dli_fname, ignored).parent_path().string();
}

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
  const LlvmCompiler* found = find_llvm_module(process_environment, own_folder(), attempts);
  if (found != nullptr) return *found;
  fail(ErrorCode::unsupported,
       fmt::format("no code can be made for a CPU without {}, the part of sinter that holds LLVM. "
                   "Install the one of this build beside libsinter.so, or name the file in the "
                   "environment variable SINTER_LLVM_MODULE. Tried:{}",
                   kModule, list_attempts(attempts)));
}

}  // namespace

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
  for (const std::string& path : {folder + "/" + kModule, std::string(kModule)}) {
    const DynamicLibrary library = DynamicLibrary::open(path, attempts);
    if (!library) continue;
    if (const LlvmCompiler* found = check_build(library, attempts)) return found;
  }
  return nullptr;
}

const LlvmCompiler& llvm_compiler() {
  if (&sinter_llvm_compiler != nullptr) return sinter_llvm_compiler;
  if (const LlvmCompiler* known = loaded.load(std::memory_order_acquire)) return *known;
  struct Lock {
    Lock() {
      if (loading.lock()) torn.store(true, std::memory_order_relaxed);
    }
    ~Lock() { loading.unlock(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
  };
  const Lock lock;
  if (const LlvmCompiler* known = loaded.load(std::memory_order_relaxed)) return *known;
  if (torn.load(std::memory_order_relaxed)) {
    fail(ErrorCode::unsupported,
         "this process was forked while another thread of its parent loaded sinter's compiler: it "
         "can run what was compiled before, and compile nothing. Compile one kernel before the "
         "fork, or fork before other threads compile");
  }
  const LlvmCompiler& found = load();
  loaded.store(&found, std::memory_order_release);
  return found;
}

}  // namespace sinter::detail
