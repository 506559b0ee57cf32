// The LLVM half of codegen: from a LoopNest to LLVM IR, objects and readable text.
//
// The only public header that mentions LLVM, and only by forward declarations: a program that does
// not use these types needs no LLVM header. Link sinter::llvm for these functions; libsinter.so
// does not have them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/target.h>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
}  // namespace llvm

namespace sinter {

/// Returns a module with one external function, `symbol`, of type KernelFunction. The IR needs no
/// passes, calls nothing, and has no fast-math flags. A caller may inline and optimise it, even in
/// a loop that changes the arrays of KernelArguments between calls. Only one thread at a time may
/// use `context`.
[[nodiscard]] SINTER_API std::unique_ptr<llvm::Module> emit_llvm(const LoopNest& nest,
                                                                 const Target& target,
                                                                 std::string_view symbol,
                                                                 llvm::LLVMContext& context);

/// Returns a TargetMachine for `target`. Throws Error(unsupported) if this LLVM cannot generate
/// code for it. Only one thread at a time may use a TargetMachine.
[[nodiscard]] SINTER_API std::unique_ptr<llvm::TargetMachine> make_target_machine(
    const Target& target);

/// Returns a relocatable object with the code of `module`. Code generation changes the module: do
/// not use it afterwards. Throws Error(internal) if a kernel from emit_llvm takes more than
/// kKernelStackBytes of stack.
[[nodiscard]] SINTER_API std::string emit_object(llvm::Module& module,
                                                 llvm::TargetMachine& machine);

/// Returns the module of `nest` as LLVM IR text.
[[nodiscard]] SINTER_API std::string llvm_text(const LoopNest& nest, const Target& target,
                                               std::string_view symbol);
/// Returns the machine code of `nest` as assembly text.
[[nodiscard]] SINTER_API std::string assembly_text(const LoopNest& nest, const Target& target,
                                                   std::string_view symbol);
/// Returns the machine code of `nest` as a relocatable ELF object for a linker. The object defines
/// `symbol`, a KernelFunction, and needs no other symbol. Each call of the function needs
/// scratch_bytes(nest) bytes in KernelArguments::scratch.
[[nodiscard]] SINTER_API std::string object_bytes(const LoopNest& nest, const Target& target,
                                                  std::string_view symbol);

}  // namespace sinter
