// The entry of the LLVM half, and its knowledge of CPUs.
#include <algorithm>
#include <string>

#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>
#include <llvm/TargetParser/X86TargetParser.h>

#include <sinter/codegen/llvm.h>
#include <sinter/ir/export.h>

#include "cpu/llvm_compiler.h"
#include "llvm/jit.h"

namespace sinter::detail {
namespace {

using Features = llvm::StringMap<bool>;

/// Features that code for `target` may use: those of its CPU, changed by its feature string.
Features required_features(const Target& target) {
  Features required;
  llvm::SmallVector<llvm::StringRef> names;
  if (llvm::X86::parseArchX86(target.cpu, /*Only64Bit=*/true) != llvm::X86::CK_None) {
    llvm::X86::getFeaturesForCPU(target.cpu, names);
  }
  for (llvm::StringRef name : names) required[name] = true;
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(target.features).split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) required[part.drop_front()] = part.front() == '+';
  return required;
}

bool runs_here(const Target& target) {
  const llvm::Triple host(llvm::sys::getProcessTriple());
  const llvm::Triple wanted(target.triple);
  if (wanted.getArch() != host.getArch() || wanted.getOS() != host.getOS()) return false;
  const Features here = llvm::sys::getHostCPUFeatures();
  // Features that the host does not report at all (tunings, "64bit") are no instruction sets.
  return std::ranges::all_of(required_features(target), [&](const auto& feature) {
    const auto found = here.find(feature.first());
    return !feature.second || found == here.end() || found->second;
  });
}

std::string text(const LoopNest& nest, const Target& target, Stage stage,
                 const std::string& symbol) {
  const LlvmScope llvm;
  return stage == Stage::llvm ? llvm_text(nest, target, symbol)
                              : assembly_text(nest, target, symbol);
}

}  // namespace
}  // namespace sinter::detail

extern "C" SINTER_API const sinter::detail::LlvmCompiler sinter_llvm_compiler{
    .build = sinter::detail::build_id,
    .make_jit = sinter::detail::make_jit,
    .text = sinter::detail::text,
    .runs_here = sinter::detail::runs_here};
