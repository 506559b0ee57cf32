// LlvmCompiler: the functions of the LLVM half of sinter, in this program or in a module.
//
// Everything that needs LLVM (codegen/llvm and runtime/llvm) is one part. The rest of sinter knows
// only its entry, `sinter_llvm_compiler`. A program of static libraries may link it, as
// sinter::llvm_static. Else it is a shared library, the module libsinter-llvm.so, which is loaded
// when a kernel first has to be compiled. The module has its own copy of the parts of sinter that
// it uses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sinter/codegen/target.h>

#include "backend.h"
#include "dynamic_library.h"
#include "environment.h"

namespace sinter::detail {

/// Compiles kernels for one target. Thread-safe.
class CpuJit : public std::enable_shared_from_this<CpuJit> {
 public:
  virtual ~CpuJit() = default;
  /// Compiles and loads a kernel. Adds the times of emit, codegen and link to `times`. Throws
  /// Error(internal) if LLVM fails.
  [[nodiscard]] virtual std::shared_ptr<const MachineCode> compile(const LoopNest& nest,
                                                                   CompileTimes& times) = 0;
};

/// Thread-safe. `build` comes first, at the same place in all builds.
struct LlvmCompiler {
  /// The build_id of the module. Call the functions only if it equals the caller's build_id.
  const char* build;
  /// Throws Error(unsupported) if LLVM cannot make code for the target.
  std::shared_ptr<CpuJit> (*make_jit)(const Target&);
  /// llvm_text for Stage::llvm and assembly_text for Stage::assembly.
  std::string (*text)(const LoopNest&, const Target&, Stage, const std::string& symbol);
  /// See sinter::runs_here.
  bool (*runs_here)(const Target&);
};

/// Identifies the sources and the compiler of this build: "0.1.0-" and a hash. Made by the build.
extern const char* const build_id;

/// The LLVM half. If the program was not linked with it, loads the module; until that succeeds,
/// each call searches anew.
/// Throws Error(unsupported) with the places that were searched if there is no module, if it
/// belongs to another build, or in a process that was forked while another thread loaded it.
[[nodiscard]] const LlvmCompiler& llvm_compiler();

/// Looks for the module and checks that it belongs to this build. The file that
/// SINTER_LLVM_MODULE names; if it is not set: a module that the process has loaded, then one in
/// `folder`, unless that is empty, then where the loader searches. Returns null if there is none,
/// and adds to `attempts` what was tried and why it failed.
[[nodiscard]] const LlvmCompiler* find_llvm_module(const EnvironmentLookup& environment,
                                                   const std::string& folder,
                                                   std::vector<std::string>& attempts);

/// The files that are tried as the module: in `folder`, unless that is empty, then where the loader
/// searches.
[[nodiscard]] std::vector<std::string> module_paths(const std::string& folder);

/// The folder of libsinter.so, or of a program of static libraries, with links resolved. "" if it
/// is not known for certain: if the library was opened by a relative path.
[[nodiscard]] std::string folder_of_sinter();

}  // namespace sinter::detail
