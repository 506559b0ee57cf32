// The LLVM half of codegen: LoopNest to LLVM IR, and to text for people.
//
// The only public header that mentions LLVM, by forward declarations: embedders who have LLVM 19
// of their own can take the module; everybody else needs no LLVM header.
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

/// Makes a module with one external function, `symbol`, of type KernelFunction. The IR is final: it
/// needs no passes, calls nothing, and has no fast-math flags; a caller may inline and optimise it,
/// in a loop that rewrites the argument tables too. `context` is used by one thread at a time.
[[nodiscard]] SINTER_API std::unique_ptr<llvm::Module> emit_llvm(const LoopNest& nest,
                                                                 const Target& target,
                                                                 std::string_view symbol,
                                                                 llvm::LLVMContext& context);

/// A TargetMachine for `target`. Throws Error(unsupported) when this LLVM cannot make code for it.
/// Each serves one thread at a time.
[[nodiscard]] SINTER_API std::unique_ptr<llvm::TargetMachine> make_target_machine(
    const Target& target);

/// A relocatable object. `module` is consumed by code generation. Throws Error(internal) if a
/// kernel that emit_llvm made takes more than kKernelStackBytes of stack.
[[nodiscard]] SINTER_API std::string emit_object(llvm::Module& module,
                                                 llvm::TargetMachine& machine);

/// The module of `nest` as LLVM IR text.
[[nodiscard]] SINTER_API std::string llvm_text(const LoopNest& nest, const Target& target,
                                               std::string_view symbol);
/// Its machine code as assembly text.
[[nodiscard]] SINTER_API std::string assembly_text(const LoopNest& nest, const Target& target,
                                                   std::string_view symbol);
/// And as a relocatable ELF object, for a linker: it defines `symbol`, a KernelFunction, and needs
/// no other symbol. Callers give each call KernelArguments::scratch of scratch_bytes(nest) bytes.
[[nodiscard]] SINTER_API std::string object_bytes(const LoopNest& nest, const Target& target,
                                                  std::string_view symbol);

}  // namespace sinter
