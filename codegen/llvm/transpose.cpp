// A block of lanes * lanes elements is transposed in log2(lanes) rounds. The round of distance d, a
// power of two, swaps the bit of value d in the row number with the same bit in the column number,
// by two shuffles for each pair of vectors d apart. A shuffle is one instruction on targets with
// two-operand permutes, one or two instructions on others.
#include "llvm/transpose.h"

#include <algorithm>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/IRBuilder.h>

#include "llvm/ops.h"

namespace sinter::detail {
namespace {

using Vectors = llvm::SmallVector<llvm::Value*, 16>;

/// Transposes a block in place: one row in each vector.
void transpose_in_registers(llvm::IRBuilder<>& builder, Vectors& rows) {
  const auto lanes = static_cast<int>(rows.size());
  llvm::SmallVector<int, 16> upper(rows.size());
  llvm::SmallVector<int, 16> lower(rows.size());
  for (int d = lanes / 2; d > 0; d /= 2) {
    for (int c = 0; c < lanes; ++c) {
      const bool swapped = (c & d) != 0;
      upper[c] = swapped ? lanes + c - d : c;
      lower[c] = swapped ? lanes + c : c + d;
    }
    for (int r = 0; r < lanes; ++r) {
      if ((r & d) != 0) continue;
      llvm::Value* a = rows[r];
      llvm::Value* b = rows[r + d];
      rows[r] = builder.CreateShuffleVector(a, b, upper);
      rows[r + d] = builder.CreateShuffleVector(a, b, lower);
    }
  }
}

/// for (number = 0; number < end; number += step) body(number)
void count_up(FunctionBuilder& frame, std::uint64_t end, std::uint64_t step, auto&& body) {
  llvm::IRBuilder<>& builder = frame.builder();
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* loop = frame.new_block("transpose.loop");
  llvm::BasicBlock* done = frame.new_block("transpose.done");
  builder.CreateBr(loop);
  builder.SetInsertPoint(loop);
  llvm::PHINode* number = builder.CreatePHI(builder.getInt64Ty(), 2);
  number->addIncoming(builder.getInt64(0), before);
  body(number);
  llvm::Value* next = builder.CreateNUWAdd(number, builder.getInt64(step));
  number->addIncoming(next, builder.GetInsertBlock());
  builder.CreateCondBr(builder.CreateICmpULT(next, builder.getInt64(end)), loop, done);
  builder.SetInsertPoint(done);
}

}  // namespace

void emit_transpose(FunctionBuilder& frame, const LoopNest& nest, const Transpose& transpose) {
  llvm::IRBuilder<>& builder = frame.builder();
  const DType dtype = nest.arguments[transpose.argument].dtype;
  const unsigned lanes = transpose.lanes;
  const unsigned bytes = info(dtype).bytes;
  llvm::Type* element = memory_type(frame.context(), dtype, 1);
  llvm::Type* vector = memory_type(frame.context(), dtype, lanes);
  llvm::Value* from = frame.address(transpose.argument, transpose.offset);
  llvm::Value* stride = frame.index(transpose.stride);
  llvm::Value* to = frame.address(transpose.local, transpose.to);

  const auto transpose_block = [&](llvm::Value* row, llvm::Value* column) {
    Vectors vectors;
    llvm::Value* place = builder.CreateGEP(
        element, from, builder.CreateNSWAdd(row, builder.CreateNSWMul(column, stride)));
    for (unsigned i = 0; i < lanes; ++i) {
      if (i > 0) place = builder.CreateGEP(element, place, stride);
      vectors.push_back(builder.CreateAlignedLoad(vector, place, llvm::Align(bytes)));
    }
    transpose_in_registers(builder, vectors);
    llvm::Value* side = builder.getInt64(transpose.side);
    place = builder.CreateGEP(element, to,
                              builder.CreateNSWAdd(builder.CreateNSWMul(row, side), column));
    for (unsigned i = 0; i < lanes; ++i) {
      if (i > 0) place = builder.CreateGEP(element, place, side);
      builder.CreateAlignedStore(vectors[i], place, llvm::Align(lanes * bytes));
    }
  };
  count_up(frame, transpose.side, lanes, [&](llvm::Value* column) {
    count_up(frame, transpose.side, lanes, [&](llvm::Value* row) { transpose_block(row, column); });
  });
}

}  // namespace sinter::detail
