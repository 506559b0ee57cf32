// ProductStrategy: the tile and the blocks that the CPU scheduler chooses for one product, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/codegen/target.h>

#include "schedule/placement.h"

namespace sinter::detail {

/// The nodes of a body by their part in its product: what its operands are computed of, and what
/// comes behind it. Numbers that belong to several are in all of them.
struct ProductSides {
  NodeId dot;
  NodeId row_operand;         ///< that varies with the rows of the result
  NodeId column_operand;      ///< the other
  std::vector<bool> rows;     ///< [node] of the first
  std::vector<bool> columns;  ///< [node] of the second
  std::vector<bool> after;    ///< [node]
};
[[nodiscard]] ProductSides product_sides(const Graph& body, const LoopSpace& space,
                                         const Placement& placement);

/// What a reduction behind a product reduces: each row of its result, each column, or all of it.
enum class Reduces : std::uint8_t { rows, columns, all };
[[nodiscard]] Reduces what_it_reduces(const Graph& body, NodeId reduction);

/// The reductions behind the product of a body. What comes after one comes after none of another
/// kind.
class BlockReductions {
 public:
  explicit BlockReductions(const Graph& body);
  [[nodiscard]] bool any() const { return any_; }
  /// The kind of those that the value is or comes after, if there are such.
  [[nodiscard]] std::optional<Reduces> of(NodeId node) const { return of_[node.index]; }

 private:
  std::vector<std::optional<Reduces>> of_;
  bool any_ = false;
};

struct ProductStrategy {
  std::int64_t rows = 1;   ///< of a tile: accumulators side by side in registers
  int vectors = 1;         ///< columns of a tile, in vectors
  bool masks = false;      ///< less than a vector is one masked vector, else single elements
  std::int64_t depth = 0;  ///< elements that are summed at once
  /// More is summed than `depth`: what has been is kept in memory of the kernel's own.
  bool several_depths = false;
  /// The operand that varies with columns is brought together, tile by tile.
  bool packed = false;
  /// ... turned in registers, since it lies along what is summed.
  bool turned = false;
  /// Lanes of the operand that varies with rows lie along the rows, else along what is summed.
  bool rows_lie_together = false;
  /// What comes behind the product is computed while its tile is in registers.
  bool in_registers = false;
};

[[nodiscard]] ProductStrategy choose_product_strategy(const Graph& body, const LoopSpace& space,
                                                      const Placement& placement,
                                                      const ProductSides& sides,
                                                      const Target& target, int lanes,
                                                      bool output_masks);

}  // namespace sinter::detail
