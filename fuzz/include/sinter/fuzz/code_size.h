// A limit on the machine code of a kernel, from its statements. It detects an op or an access that
// a target lacks and that LLVM therefore scalarises: this multiplies the code, and LLVM's compile
// time grows faster than the code.
#pragma once

#include <string_view>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/target.h>

namespace sinter::fuzz {

/// Number of instructions in the assembly text of a kernel.
[[nodiscard]] int count_instructions(std::string_view assembly);
/// Largest number of instructions that the code of `nest` may have: the sum of the allowances of
/// its statements, times the vectors in flight. Does not depend on the vector width.
[[nodiscard]] int allowed_instructions(const LoopNest& nest);

struct CodeSize {
  int instructions = 0;
  int allowed = 0;
};
[[nodiscard]] CodeSize code_size(const LoopNest& nest, const Target& target);

}  // namespace sinter::fuzz
