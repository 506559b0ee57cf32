// Machine code by LLVM's code generator, without IR passes: the emitted IR needs no optimisation.
#include <algorithm>
#include <memory>
#include <mutex>
#include <string>

#include <fmt/format.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/CodeGen/MachineFrameInfo.h>
#include <llvm/CodeGen/MachineFunctionPass.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Target/TargetOptions.h>
#include <llvm/Transforms/Scalar.h>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/llvm.h>
#include <sinter/ir/assert.h>
#include <sinter/ir/error.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "llvm/function_builder.h"

namespace sinter {
namespace {

/// Registers the targets by name, so that a static build links no others. An LLVM may have been
/// built without AArch64.
void initialize_targets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
#if LLVM_HAS_AARCH64_TARGET
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
#endif
  });
}

bool any_has(const llvm::Module& module, const char* attribute) {
  return std::ranges::any_of(module, [attribute](const llvm::Function& function) {
    return function.hasFnAttribute(attribute);
  });
}

/// The largest stack of the kernels generated so far, in bytes, and the kernel that takes it.
struct StackUse {
  std::uint64_t bytes = 0;
  std::string kernel;
};

/// Measures the stack frames of kernels after their layout.
class StackMeter final : public llvm::MachineFunctionPass {
 public:
  explicit StackMeter(StackUse& most) : MachineFunctionPass(id_), most_(most) {}

  void getAnalysisUsage(llvm::AnalysisUsage& usage) const override {
    usage.setPreservesAll();
    MachineFunctionPass::getAnalysisUsage(usage);
  }
  bool runOnMachineFunction(llvm::MachineFunction& function) override {
    if (!function.getFunction().hasFnAttribute(detail::kKernel)) return false;
    constexpr std::uint64_t kReturnAddress = 8;
    const llvm::MachineFrameInfo& frame = function.getFrameInfo();
    const std::uint64_t padding = frame.getMaxAlign().value();
    const std::uint64_t bytes = kReturnAddress + frame.getStackSize() + padding;
    if (bytes > most_.bytes) most_ = {bytes, function.getName().str()};
    return false;
  }

 private:
  static inline char id_ = 0;
  StackUse& most_;
};

/// Adds LLVM's passes from IR to machine code, without the IR passes that usually precede them. The
/// IR passes take half of the time of code generation. The emitted IR needs only one of them, which
/// scalarises masked accesses that the CPU lacks.
void add_passes(const llvm::Module& module, llvm::legacy::PassManager& passes,
                llvm::LLVMTargetMachine& machine, llvm::raw_pwrite_stream& stream,
                llvm::CodeGenFileType type, StackUse& stack) {
  llvm::TargetPassConfig* config = machine.createPassConfig(passes);
  auto* functions = new llvm::MachineModuleInfoWrapperPass(&machine);
  passes.add(config);
  passes.add(functions);
  passes.add(llvm::createTargetTransformInfoWrapperPass(machine.getTargetIRAnalysis()));
  passes.add(llvm::createScalarizeMaskedMemIntrinLegacyPass());
  if (any_has(module, detail::kKeepsOrder)) config->disablePass(&llvm::MachineSchedulerID);
  // Stack probes use a register that is free only at the entry of a function, so the prologue must
  // not move.
  if (any_has(module, "probe-stack")) config->disablePass(&llvm::ShrinkWrapID);
  bool refused = config->addInstSelector();
  passes.add(llvm::Pass::createPass(&llvm::FinalizeISelID));
  config->addMachinePasses();
  config->setInitialized();
  passes.add(new StackMeter(stack));
  refused |= machine.addAsmPrinter(passes, stream, nullptr, type, functions->getMMI().getContext());
  passes.add(llvm::createFreeMachineFunctionPass());
  SINTER_ASSERT(!refused, "the target selects instructions and writes objects and assembly");
}

std::string generate(llvm::Module& module, llvm::TargetMachine& machine,
                     llvm::CodeGenFileType type) {
  const detail::FloatEnvironment environment;  // the register allocator computes in floats
  module.setDataLayout(machine.createDataLayout());
  llvm::SmallVector<char, 4096> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  StackUse stack;
  add_passes(module, passes, static_cast<llvm::LLVMTargetMachine&>(machine), stream, type, stack);
  passes.run(module);
  if (stack.bytes > kKernelStackBytes) {
    fail(ErrorCode::internal,
         fmt::format(
             "machine code of kernel '{}' takes {} bytes of stack, and a kernel may take {}: "
             "it has too many values at once",
             stack.kernel, stack.bytes, kKernelStackBytes));
  }
  return {bytes.begin(), bytes.end()};
}

std::string generate(const LoopNest& nest, const Target& target, std::string_view symbol,
                     llvm::CodeGenFileType type) {
  llvm::LLVMContext context;
  const std::unique_ptr<llvm::Module> module = emit_llvm(nest, target, symbol, context);
  const std::unique_ptr<llvm::TargetMachine> machine = make_target_machine(target);
  return generate(*module, *machine, type);
}

}  // namespace

std::unique_ptr<llvm::TargetMachine> make_target_machine(const Target& target) try {
  initialize_targets();
  std::string reason;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(target.triple, reason);
  if (found == nullptr) {
    fail(ErrorCode::unsupported,
         fmt::format("no code can be made for target '{}': {}; this build "
                     "of sinter serves x86_64 and, where its LLVM has it, aarch64",
                     target.name, reason));
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(found->createTargetMachine(
      target.triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Less, /*JIT=*/true));
  SINTER_ASSERT(machine != nullptr, "a registered target makes machines");
  return machine;
} catch (...) {
  detail::rethrow_as_error();
}

std::string emit_object(llvm::Module& module, llvm::TargetMachine& machine) try {
  return generate(module, machine, llvm::CodeGenFileType::ObjectFile);
} catch (...) {
  detail::rethrow_as_error();
}

std::string object_bytes(const LoopNest& nest, const Target& target, std::string_view symbol) try {
  return generate(nest, target, symbol, llvm::CodeGenFileType::ObjectFile);
} catch (...) {
  detail::rethrow_as_error();
}

std::string llvm_text(const LoopNest& nest, const Target& target, std::string_view symbol) try {
  llvm::LLVMContext context;
  const std::unique_ptr<llvm::Module> module = emit_llvm(nest, target, symbol, context);
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, nullptr);
  SINTER_ASSERT(!llvm::verifyModule(*module, &llvm::errs()), "the emitter makes valid IR");
  return text;
} catch (...) {
  detail::rethrow_as_error();
}

std::string assembly_text(const LoopNest& nest, const Target& target, std::string_view symbol) try {
  return generate(nest, target, symbol, llvm::CodeGenFileType::AssemblyFile);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
