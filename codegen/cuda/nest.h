// CudaNest: places, addresses, statements and single loops of CUDA kernels. A schedule decides how
// the loops nest.
#pragma once

#include <cstdint>
#include <vector>

#include <sinter/codegen/cuda.h>

#include "cuda/strategy.h"
#include "schedule/nest_draft.h"

namespace sinter::detail {

/// What a thread does in one step of a loop. The first four members mean the same as in Loop.
struct ThreadForm {
  int lanes = 1;
  int unroll = 1;
  bool masked = false;
  bool once = false;
  /// True if all accesses are uniform: outside of loops with lanes, or in loops of one lane.
  bool scalar = false;
};

/// [axis] place of the current element, or of the first one of the current vector.
using Places = std::vector<IndexId>;

/// Returns the axes in [first, end).
[[nodiscard]] std::vector<int> axes(int first, int end);

struct CudaNest : NestDraft {
  CudaNest(const Graph& kernel, const LoopSpace& loops, Placement levels, CudaStrategy chosen);

  // Places and addresses.
  /// Returns place 0 along every axis.
  [[nodiscard]] Places origin();
  /// Returns `at`, but along `axes` the places through which the variable of `loop` counts, the
  /// last axis fastest.
  [[nodiscard]] Places along(Loop& loop, const std::vector<int>& axes, Places at);
  /// Offset in elements of a place in an argument.
  [[nodiscard]] IndexId offset(const Places& at, std::size_t argument);
  /// The product of the lengths of these axes.
  [[nodiscard]] IndexId length(const std::vector<int>& axes);
  /// 1 if every vector is aligned to its size, else 0. Tiles and rows begin at multiples of a
  /// vector, so only the address of each buffer matters.
  [[nodiscard]] IndexId all_aligned();

  // Statements.
  /// Appends the definitions of the wanted nodes, operands first.
  void define(const Places& at, const Wanted& wanted, ThreadForm form, Block& block);
  void store_output(const Places& at, std::size_t output, ThreadForm form, Block& block);
  void store_outputs(const Places& at, ThreadForm form, Block& block);

  // Loops.
  /// Returns an empty loop over blocks of the strategy's threads. A block takes `tile` steps.
  [[nodiscard]] Loop block_loop(IndexId count, std::int64_t tile);
  [[nodiscard]] Loop thread_loop(ThreadForm form, int threads, Span range);

  const CudaStrategy strategy;

 private:
  [[nodiscard]] Load load(const Places& at, NodeId node, ThreadForm form);
  [[nodiscard]] Count count(const Places& at, NodeId node, ThreadForm form);
  [[nodiscard]] LaneStride access(std::size_t argument, LaneStride stride, ThreadForm form) const;
};

}  // namespace sinter::detail
