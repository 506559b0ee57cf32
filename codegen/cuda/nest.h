// CudaNestBuilder: base of the CUDA schedulers. It makes places, addresses, statements and single
// loops; a scheduler decides how loops nest.
#pragma once

#include <cstdint>
#include <functional>
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

class CudaNestBuilder : protected StatementBuilder {
 protected:
  CudaNestBuilder(const Graph& body, const LoopSpace& space, Placement placement,
                  CudaStrategy strategy);

  // Places and addresses.
  /// Makes the variable of `loop` count through these axes, the last one fastest. Addresses made
  /// from now on use these places.
  void set_place(Loop& loop, const std::vector<int>& axes);
  /// Sets the place along one axis for addresses made from now on.
  void set_place(int axis, IndexId place) { place_[static_cast<std::size_t>(axis)] = place; }
  [[nodiscard]] IndexId place(int axis) const { return place_[static_cast<std::size_t>(axis)]; }
  /// Adds a digit of `radix` to the variable of `loop`; the last digit added counts fastest.
  [[nodiscard]] IndexId add_digit(Loop& loop, IndexId radix);
  /// The axes in [first, end).
  [[nodiscard]] std::vector<int> axes(int first, int end) const;
  /// Offset in elements of the current place in an argument.
  [[nodiscard]] IndexId offset(std::size_t argument);
  /// The product of the lengths of these axes.
  [[nodiscard]] IndexId length(const std::vector<int>& axes);
  /// 1 if every vector is aligned to its size, else 0. Tiles and rows begin at multiples of a
  /// vector, so only the address of each buffer matters.
  [[nodiscard]] IndexId all_aligned();

  // Statements.
  /// Appends the statements of the nodes for which `wanted` is true, operands first.
  void define(const std::function<bool(NodeId)>& wanted, ThreadForm form, Block& block);
  void store_output(std::size_t output, ThreadForm form, Block& block);
  /// A new local argument: shared memory of a block. Returns its number.
  [[nodiscard]] std::uint8_t new_local(DType dtype, std::int64_t elements);

  // Loops.
  [[nodiscard]] Loop thread_loop(ThreadForm form, int threads, IndexId from, IndexId to);

  const CudaStrategy strategy_;

 private:
  [[nodiscard]] Load load(NodeId node, ThreadForm form);
  [[nodiscard]] Count count(NodeId node, ThreadForm form);
  [[nodiscard]] LaneStride access(std::size_t argument, LaneStride stride, ThreadForm form) const;

  std::vector<IndexId> place_;  // [axis] place of the current vector
};

}  // namespace sinter::detail
