// NestBuilder: the base of the CPU schedulers. It makes addresses, statements, and the loops with
// lanes that cover a range of elements. A scheduler adds the loops around these.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <sinter/codegen/schedule.h>

#include "cpu/strategy.h"
#include "schedule/nest_draft.h"

namespace sinter::detail {

/// The part [from, to) of an axis.
struct Span {
  IndexId from, to;
};

class NestBuilder : protected StatementBuilder {
 protected:
  NestBuilder(const Graph& body, const LoopSpace& space, Placement placement, CpuStrategy strategy);

  /// Adds a local argument to the nest and returns its position.
  [[nodiscard]] std::uint8_t new_local(DType dtype, std::int64_t elements);

  // Addresses.
  /// Sets the row in which later offsets lie. `positions` are the positions along the first axes,
  /// outermost first; the position along the axis of lanes is ignored.
  void set_row(const std::vector<IndexId>& positions);
  /// Returns the offset of the element of the row at `place` along the axis of lanes.
  [[nodiscard]] IndexId offset(std::size_t argument, IndexId place);

  // Statements.
  [[nodiscard]] ValueId load_local(std::uint8_t local, IndexId place, Block& block);
  /// Appends a store to a local argument; `whole` is that of Store.
  void store_local(std::uint8_t local, IndexId place, ValueId value, Block& block,
                   bool whole = false);
  /// Appends the definitions of the wanted nodes, operands first.
  void define(const std::function<bool(NodeId)>& wanted, IndexId place, Block& block);
  void store_output(std::size_t output, bool streaming, IndexId place, Block& block);

  // Loops.
  [[nodiscard]] Loop parallel_loop();
  [[nodiscard]] Loop serial_loop(Span range);
  [[nodiscard]] Loop vector_loop(Span range, int lanes, int unroll);
  /// Adds a digit to the loop, inside its other digits, and returns the digit's variable.
  [[nodiscard]] IndexId add_digit(Loop& loop, IndexId radix);
  /// Appends the statements for the element at `place`, lane 0 of a loop with lanes.
  using ElementBody = std::function<void(IndexId place, bool streaming, Block& block)>;
  /// Appends consecutive loops that cover a range of elements. With `stores_outputs` they follow
  /// the strategy's peel and non-temporal stores.
  void add_elements(Span range, const ElementBody& body, bool stores_outputs, Block& block);
  /// Returns part `number` of an axis that is cut into parts of `size` elements.
  [[nodiscard]] Span part(IndexId number, int axis, std::int64_t size);

  /// Returns the finished nest. The builder is empty afterwards.
  [[nodiscard]] LoopNest take();

  /// A value that lies in local memory; its uses load it instead of computing it.
  struct Reloaded {
    NodeId node;
    std::function<ValueId(IndexId place, Block& block)> load;
  };

  const CpuStrategy strategy_;
  std::optional<Reloaded> reloaded_;
  std::vector<IndexId> positions_;  // positions of the current row
  int lane_axis_;                   // along which lanes are consecutive
  std::vector<IndexId> rows_;       // [argument, iota] offset of the row
  /// [input] local argument with the transposed block of the input, if it is read transposed.
  std::vector<std::optional<std::uint8_t>> transposed_;
  IndexId transposed_row_;     // offset of the row in every transposed block
  IndexId transposed_column_;  // column at which every transposed block begins

 private:
  struct VectorForm;

  void set_prefetch(Block& block, bool whole_vectors) const;

  [[nodiscard]] Load load(NodeId node, IndexId place);
  [[nodiscard]] Count count(NodeId node, IndexId place);
  [[nodiscard]] IndexId add_loop(const VectorForm& form, Span range, const ElementBody& body,
                                 Block& block);

  // Bounds between loops.
  [[nodiscard]] std::int64_t vector_bytes(std::size_t output) const;
  [[nodiscard]] IndexId peel_bound(IndexId from, IndexId to);
  [[nodiscard]] IndexId step_bound(IndexId from, IndexId to, std::int64_t step);
  [[nodiscard]] IndexId stream_bound(IndexId from, IndexId to, std::int64_t step);
};

}  // namespace sinter::detail
