// The size of machine code, against what the statements of a kernel may take: an op or an access
// that a target lacks, and that LLVM writes out lane by lane, takes many times that, and LLVM's
// time grows faster than the code.
#pragma once

#include <string_view>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/target.h>

namespace sinter::fuzz {

/// Number of instructions in the assembly text of a kernel.
[[nodiscard]] int count_instructions(std::string_view assembly);
/// Most instructions that the code of `nest` may take: so many for each statement, once for each
/// vector in flight. Depends on no length of the vectors.
[[nodiscard]] int allowed_instructions(const LoopNest& nest);

struct CodeSize {
  int instructions = 0;
  int allowed = 0;
};
[[nodiscard]] CodeSize code_size(const LoopNest& nest, const Target& target);

}  // namespace sinter::fuzz
