// Replaces jit.cpp and host.cpp in a build without LLVM (SINTER_CPU=OFF): functions that would
// make code for a CPU throw Error(unsupported).
#include <sinter/codegen/llvm.h>
#include <sinter/ir/error.h>
#include <sinter/runtime/engine.h>

#include "llvm/jit.h"

namespace sinter {
namespace {

[[noreturn]] void refuse() {
  fail(ErrorCode::unsupported,
       "this sinter was built without LLVM (SINTER_CPU=OFF) and makes no code for a CPU: give "
       "EngineOptions::device a GPU, as Device::cuda(0)");
}

}  // namespace

Target host_target() { refuse(); }
bool runs_here(const Target&) { return false; }
std::string llvm_text(const LoopNest&, const Target&, std::string_view) { refuse(); }
std::string assembly_text(const LoopNest&, const Target&, std::string_view) { refuse(); }

namespace detail {

LlvmScope::LlvmScope() = default;
LlvmScope::~LlvmScope() { static_cast<void>(locked_); }
void LlvmScope::has_compiled() {}
bool LlvmScope::is_inside() { return false; }

bool serves_cpus() { return false; }
std::shared_ptr<CpuJit> CpuJit::make(const Target&) { refuse(); }

}  // namespace detail
}  // namespace sinter
