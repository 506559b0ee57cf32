// lut16 as LLVM instructions: the table of 16 numbers stays in registers, and permutations of them
// look up an index in each lane.
//
// lut16 is the one primitive without an instruction of LLVM IR. A load would become a gather, which
// is ten times slower. So it is emitted as intrinsics of the target:
//   AVX-512  f32: one vpermps; f64: one vpermt2pd
//   AVX2     f32: two vpermps and a blend; f64, as pairs of words: four vpermps and three blends
//   NEON     f32: one tbl over four registers; f64: two
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/target.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// table[index & 15] in each lane: f32 for indices of i32, f64 for i64. `index` is a scalar or a
/// vector of at most one register.
[[nodiscard]] llvm::Value* emit_lookup(llvm::IRBuilder<>& builder, const Target& target,
                                       const LookupTable& table, llvm::Value* index);

}  // namespace sinter::detail
