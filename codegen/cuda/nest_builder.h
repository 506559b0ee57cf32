// CudaNestBuilder: what the CUDA schedulers share: places, addresses, statements and loops. Which
// loops stand around those is a scheduler's own.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <sinter/codegen/cuda.h>

#include "cuda/strategy.h"
#include "schedule/statement_builder.h"

namespace sinter::detail {

/// What a thread does per step.
struct ThreadForm {
  int lanes = 1;
  int unroll = 1;
  bool masked = false;
  bool once = false;
  bool scalar = false;  ///< outside of loops with lanes, or in a loop of one element of those
};

class CudaNestBuilder : protected StatementBuilder {
 protected:
  CudaNestBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                  CudaStrategy strategy);

  // Places and addresses.
  /// From here on the places along these axes are what the variable of `loop` counts through.
  void set_place(Loop& loop, const std::vector<int>& axes);
  /// ... and the place along this one is what `place` says.
  void set_place(int axis, IndexId place) { place_[static_cast<std::size_t>(axis)] = place; }
  [[nodiscard]] IndexId place(int axis) const { return place_[static_cast<std::size_t>(axis)]; }
  /// A counter of `loop`, below `radix`; the last one that is added counts fastest.
  [[nodiscard]] IndexId add_digit(Loop& loop, IndexId radix);
  [[nodiscard]] std::vector<int> axes(int first, int end) const;
  [[nodiscard]] IndexId offset(std::size_t argument);
  /// The product of the lengths of these axes.
  [[nodiscard]] IndexId length(const std::vector<int>& axes);
  /// 1 where every vector lies at a multiple of its bytes, else 0. Tiles and rows begin at
  /// multiples of a vector, so the beginning of each buffer tells.
  [[nodiscard]] IndexId all_aligned();

  // Statements.
  /// The values of these nodes, in an order in which they may be computed, for vectors of so many
  /// lanes.
  void define(const std::function<bool(NodeId)>& wanted, ThreadForm form, Block& block);
  void store_output(std::size_t output, ThreadForm form, Block& block);
  /// Memory of a block's own, as an argument.
  [[nodiscard]] std::uint8_t new_local(DType dtype, std::int64_t elements);

  // Loops.
  [[nodiscard]] Loop new_loop(LoopKind kind, IndexId from, IndexId to);
  [[nodiscard]] Loop thread_loop(ThreadForm form, int threads, IndexId from, IndexId to);

  const CudaStrategy strategy_;

 private:
  [[nodiscard]] Load load(NodeId node, ThreadForm form);
  [[nodiscard]] Count count(NodeId node, ThreadForm form);
  [[nodiscard]] LaneStride access(std::size_t argument, LaneStride stride, ThreadForm form) const;

  std::vector<IndexId> place_;  // [axis] where the vector at hand lies
};

}  // namespace sinter::detail
