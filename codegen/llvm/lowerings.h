// The table of lowerings: how each operation that LLVM IR lacks, or that LLVM translates badly,
// becomes instructions of a target.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <sinter/codegen/target.h>
#include <sinter/ir/dtype.h>
#include <sinter/ir/op.h>

namespace sinter::detail {

/// The lowerings of one target. The default has plain LLVM IR for all, which becomes code without
/// calls on every CPU with fma; a target with Extensions replaces some. All give the same bits;
/// NaNs count as equal.
struct Lowerings {
  using Builder = llvm::IRBuilder<>;
  using Value = llvm::Value*;

  Value (*look_up)(Builder&, const LookupTable&, Value index);      ///< see lookup.h
  Value (*extreme)(Builder&, Op, Value a, Value b);                 ///< see extremes.h
  Value (*saturate)(Builder&, bool is_signed, Value, llvm::Type*);  ///< see integers.h
  Value (*extend_half)(Builder&, Value bits);                       ///< see float16.h
  Value (*round_to_half)(Builder&, Value);                          ///< see float16.h
  /// At the end of a kernel with streaming stores: makes them visible before the caller can signal
  /// that the kernel is done.
  void (*fence)(Builder&);
  /// One instruction loads or stores strided lanes of 4 and 8 bytes; else see strided.h.
  bool gathers, scatters;

  [[nodiscard]] bool has_gather(DType dtype) const { return gathers && info(dtype).bytes >= 4; }
  [[nodiscard]] bool has_scatter(DType dtype) const { return scatters && info(dtype).bytes >= 4; }
};

[[nodiscard]] Lowerings lowerings_of(const Target& target);

}  // namespace sinter::detail
