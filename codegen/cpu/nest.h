// CpuNest: the statements of CPU kernels, and the loops with lanes that cover a range of elements.
// The schedules add the loops around these.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <sinter/codegen/schedule.h>

#include "cpu/strategy.h"
#include "schedule/nest_draft.h"

namespace sinter::detail {

/// Blocks of inputs that were transposed into local memory, and a row of them.
struct TransposedRow {
  /// [input] local argument with its block, if the input is read transposed.
  std::vector<std::optional<std::uint8_t>> locals;
  IndexId row;     ///< offset of the row in every block
  IndexId column;  ///< column at which every block begins
};

/// Where statements lie: in one row of the space, with lanes along one of its axes. Their place
/// along that axis is an argument of its own.
struct Cursor {
  std::vector<IndexId> positions;    ///< of the row along the first axes, outermost first
  std::vector<IndexId> offsets;      ///< [argument, iota] offset of the row
  int lane_axis = 0;                 ///< along which lanes are consecutive
  const std::vector<Level>* levels;  ///< [node] Placement::levels for lanes along this axis
  TransposedRow transposed;

  [[nodiscard]] Level level(NodeId node) const { return (*levels)[node.index]; }
};

/// The sums of a block of a product, row by row in local memory.
struct BlockSums {
  std::uint8_t local = 0;
  IndexId first_row, first_column;  ///< of the block
  std::int64_t columns = 0;         ///< elements from a row to the next
};

struct CpuNest : NestDraft {
  CpuNest(const Graph& kernel, const LoopSpace& loops, Placement levels, CpuStrategy chosen);

  // Places.
  /// Returns the row at `positions`, with lanes along the last axis.
  [[nodiscard]] Cursor row(std::vector<IndexId> positions);
  /// Returns the row at `positions`, with lanes along `lane_axis`; the position along that axis is
  /// ignored. The cursor refers to `levels`.
  [[nodiscard]] Cursor row(std::vector<IndexId> positions, int lane_axis,
                           const std::vector<Level>& levels);
  [[nodiscard]] IndexId offset(const Cursor& at, std::size_t argument, IndexId place);
  /// Returns the place of an element in the local memory of `sums`.
  [[nodiscard]] IndexId place_of_sum(IndexId row, IndexId column);

  // Statements.
  [[nodiscard]] ValueId load_local(std::uint8_t local, IndexId place, Block& block);
  /// Appends a store to a local argument; `whole` is that of Store.
  static void store_local(std::uint8_t local, IndexId place, ValueId value, Block& block,
                          bool whole = false);
  /// Appends the definitions of the wanted nodes, operands first.
  void define(const Cursor& at, const Wanted& wanted, IndexId place, Block& block);
  void store_output(const Cursor& at, std::size_t output, bool streaming, IndexId place,
                    Block& block);
  /// Appends the stores of all outputs.
  void store_outputs(const Cursor& at, bool streaming, IndexId place, Block& block);

  // Loops.
  [[nodiscard]] Loop parallel_loop();
  [[nodiscard]] Loop serial_loop(Span range);
  [[nodiscard]] Loop vector_loop(Span range, int lanes, int unroll);
  /// Appends the statements for the element at `place`, lane 0 of a loop with lanes.
  using ElementBody = std::function<void(IndexId place, bool streaming, Block& block)>;
  /// Appends consecutive loops that cover a range of elements.
  void add_elements(Span range, const ElementBody& element, Block& block);
  /// The same for loops that store outputs: they follow the strategy's peel and non-temporal
  /// stores.
  void add_output_elements(const Cursor& at, Span range, const ElementBody& element, Block& block);
  /// Returns part `index` of an axis that is cut into parts of `size` elements.
  [[nodiscard]] Span part_of_axis(int axis, IndexId index, std::int64_t size);

  /// Returns the finished nest. The draft is empty afterwards.
  [[nodiscard]] LoopNest take();

  const CpuStrategy strategy;
  /// The sums from which the epilogue of a product loads the product; none if they are in
  /// registers.
  std::optional<BlockSums> sums;

 private:
  struct VectorForm;

  void set_prefetch(Block& block, bool whole_vectors) const;

  [[nodiscard]] Load load(const Cursor& at, NodeId node, IndexId place);
  [[nodiscard]] Count count(const Cursor& at, NodeId node, IndexId place);
  [[nodiscard]] Load load_sum(const Cursor& at, NodeId product, IndexId place);
  void add_elements(const Cursor* outputs_at, Span range, const ElementBody& element, Block& block);

  // Bounds between loops.
  [[nodiscard]] std::int64_t vector_bytes(std::size_t output) const;
  [[nodiscard]] IndexId peel_bound(const Cursor& at, IndexId from, IndexId to);
  [[nodiscard]] IndexId step_bound(IndexId from, IndexId to, std::int64_t step);
  [[nodiscard]] IndexId no_alias();
  [[nodiscard]] IndexId stream_bound(const Cursor& at, IndexId from, IndexId to, std::int64_t step);
};

}  // namespace sinter::detail
