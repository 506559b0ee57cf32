// lut16 as LLVM instructions: a table of 16 numbers stays in registers, and is permuted by the
// index.
//
// The one primitive that has no instruction of LLVM's own: as a load it would become a gather,
// which is ten times slower. So the permutations are those of the target, by name:
//   AVX-512  one vpermps, or one vpermt2pd
//   AVX2     two vpermps and a blend; f64 as pairs of words, four and three
//   NEON     one tbl over four registers; f64 two
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/target.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// table[index & 15]: of i32, or a vector of it, f32; of i64 f64. No more lanes than a register
/// has.
[[nodiscard]] llvm::Value* emit_lookup(llvm::IRBuilder<>& builder, const Target& target,
                                       const LookupTable& table, llvm::Value* index);

}  // namespace sinter::detail
