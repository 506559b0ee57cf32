// lut16 as LLVM instructions: the table of 16 numbers stays in registers, and permutations of them
// look up an index in each lane.
//
// lut16 is the one primitive without an instruction of LLVM IR. A load would become a gather, which
// is ten times slower. So it is emitted as intrinsics of the target, where it has some.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <sinter/ir/op.h>

namespace sinter::detail {

// Each returns table[index & 15] in each lane: f32 for indices of i32, f64 for i64. `index` is a
// scalar or a vector of at most one register.

/// f32: one vpermps; f64: one vpermt2pd.
[[nodiscard]] llvm::Value* look_up_by_avx512(llvm::IRBuilder<>& builder, const LookupTable& table,
                                             llvm::Value* index);
/// f32: two vpermps and a blend; f64, as pairs of words: four vpermps and three blends.
[[nodiscard]] llvm::Value* look_up_by_avx2(llvm::IRBuilder<>& builder, const LookupTable& table,
                                           llvm::Value* index);
/// f32: one tbl over four registers; f64: two.
[[nodiscard]] llvm::Value* look_up_by_neon(llvm::IRBuilder<>& builder, const LookupTable& table,
                                           llvm::Value* index);
/// Plain LLVM IR: 15 selections by the bits of the index.
[[nodiscard]] llvm::Value* look_up_by_selecting(llvm::IRBuilder<>& builder,
                                                const LookupTable& table, llvm::Value* index);

}  // namespace sinter::detail
