// NestDraft: a loop nest under construction, for the schedulers of every target.
//
// A draft has no position. Where a statement lies (a row, a place along each axis) is an argument
// of the functions that append it; see cpu/nest.h and cuda/nest.h.
#pragma once

#include <functional>
#include <vector>

#include <sinter/codegen/schedule.h>

#include "loops/index_table.h"
#include "schedule/placement.h"

namespace sinter::detail {

/// The part [from, to) of an axis, of several axes taken as one, or of a list of results.
struct Span {
  IndexId from, to;
};

/// True for the nodes that a block has to define.
using Wanted = std::function<bool(NodeId)>;

/// The statements and index expressions of a nest so far, and the current value of every node of
/// the kernel's body.
struct NestDraft {
  NestDraft(const Graph& kernel, const LoopSpace& loops, Placement levels);

  [[nodiscard]] int inner_axis() const { return space.rank() - 1; }
  // The axes of a product.
  static constexpr int kSummedAxis = 0;
  [[nodiscard]] int columns_axis() const { return inner_axis(); }
  [[nodiscard]] int rows_axis() const { return inner_axis() - 1; }

  // Arguments.
  [[nodiscard]] std::uint8_t output_argument(std::size_t output) const {
    return static_cast<std::uint8_t>(body.inputs().size() + output);
  }
  /// Adds a local argument to the nest and returns its position: memory of a unit of work on a
  /// CPU, shared memory of a block on a GPU.
  [[nodiscard]] std::uint8_t new_local(DType dtype, std::int64_t elements);

  // Index expressions.
  [[nodiscard]] IndexId number(std::int64_t value) { return indices.constant(value); }
  /// Returns the stride of an argument, a constant where its class is 0, 1 or -1.
  [[nodiscard]] IndexId stride(std::size_t argument, int axis);
  /// Returns part `index` of `whole`, which is cut into parts of `size` elements.
  [[nodiscard]] Span part(Span whole, IndexId index, std::int64_t size);

  // Loops.
  /// Returns an empty loop over a new variable.
  [[nodiscard]] Loop new_loop(LoopKind kind, Span range);
  /// Adds a digit to the loop, inside its other digits, and returns the digit's variable.
  [[nodiscard]] IndexId add_digit(Loop& loop, IndexId radix);

  // Values.
  [[nodiscard]] ValueId new_value(DType dtype);
  /// Returns a new value, which becomes the current value of `node`.
  [[nodiscard]] ValueId new_value(NodeId node);
  [[nodiscard]] ValueId value_of(NodeId node) const { return values[placement.value(node).index]; }
  /// Appends the definitions of the wanted nodes, operands first. `read` returns the statement that
  /// defines an input, an iota, or the product of the kernel.
  void define(const Wanted& wanted, const std::function<Statement(NodeId)>& read, Block& block);

  /// Returns the finished nest. The draft is empty afterwards.
  [[nodiscard]] LoopNest take();

  const Graph& body;
  const LoopSpace& space;
  const Placement placement;
  LoopNest result;
  IndexTable indices;
  std::vector<ValueId> values;  ///< [node] value, as last defined
  std::vector<ValueId>
      identities;             ///< [node] the value that leaves others unchanged in a reduction
  std::vector<bool> defined;  ///< [node] true if all later blocks of the unit see its value

 private:
  [[nodiscard]] Compute compute(NodeId node);
};

}  // namespace sinter::detail
