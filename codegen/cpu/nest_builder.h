// NestBuilder: what the CPU schedulers share: addresses, statements, and a range of elements as
// loops with lanes. Which loops stand around those is a scheduler's own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <sinter/codegen/schedule.h>

#include "cpu/strategy.h"
#include "schedule/statement_builder.h"

namespace sinter::detail {

/// A part of an axis.
struct Span {
  IndexId from, to;
};

class NestBuilder : protected StatementBuilder {
 protected:
  NestBuilder(const Graph& body, const LoopSpace& space, Placement placement, CpuStrategy strategy);

  /// Memory of the kernel's own, as an argument.
  [[nodiscard]] std::uint8_t new_local(DType dtype, std::int64_t elements);

  // Addresses.
  /// From here on offsets lie in the row at these positions, one for each axis from the first; that
  /// of the axis of lanes does not count.
  void set_row(const std::vector<IndexId>& positions);
  [[nodiscard]] IndexId offset(std::size_t argument, IndexId place);

  // Statements.
  [[nodiscard]] ValueId load_local(std::uint8_t local, IndexId place, Block& block);
  void store_local(std::uint8_t local, IndexId place, ValueId value, Block& block,
                   bool whole = false);
  /// The values of these nodes, in an order in which they may be computed.
  void define(const std::function<bool(NodeId)>& wanted, IndexId place, Block& block);
  void store_output(std::size_t output, bool streaming, IndexId place, Block& block);

  // Loops.
  [[nodiscard]] Loop parallel_loop();
  [[nodiscard]] Loop serial_loop(Span range);
  [[nodiscard]] Loop vector_loop(Span range, int lanes, int unroll);
  /// A variable that counts to `radix` as part of the loop's own.
  [[nodiscard]] IndexId add_digit(Loop& loop, IndexId radix);
  /// What happens to the element at `place`, or to many from there on.
  using ElementBody = std::function<void(IndexId place, bool streaming, Block& block)>;
  /// The elements of a range, as consecutive loops. `stores_outputs`: their alignment counts.
  void add_elements(Span range, const ElementBody& body, bool stores_outputs, Block& block);
  /// Part `number` of an axis that is cut into parts of this size.
  [[nodiscard]] Span part(IndexId number, int axis, std::int64_t size);

  /// The nest, once all is in it.
  [[nodiscard]] LoopNest take();

  /// A value that the nest has computed before, and keeps in memory of its own.
  struct Held {
    NodeId node;
    std::function<ValueId(IndexId place, Block& block)> load;
  };

  const CpuStrategy strategy_;
  std::optional<Held> held_;
  std::vector<IndexId> positions_;  // of the row, as last set
  int lane_axis_;                   // along which lanes lie next to each other
  std::vector<IndexId> rows_;       // [argument, iota] offset of the row
  /// [input] the local argument that holds its block, where it is read transposed.
  std::vector<std::optional<std::uint8_t>> turned_;
  IndexId turned_row_;     // offset of the row in every such block
  IndexId turned_column_;  // the column at which every such block begins

 private:
  struct VectorForm;

  void prefetch(Block& block, bool whole_vectors) const;

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
