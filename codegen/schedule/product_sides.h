// ProductSides: which values of a kernel's body its product is computed from, and which follow it.
#pragma once

#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/graph.h>

#include "schedule/placement.h"

namespace sinter::detail {

/// The nodes of a body by their role in its product: those from which each operand is computed, and
/// those of the epilogue. A node may have several roles.
struct ProductSides {
  NodeId dot;
  NodeId row_operand;         ///< operand that varies along M of the LoopSpace
  NodeId column_operand;      ///< operand that varies along N
  std::vector<bool> rows;     ///< [node] true if the row operand needs it
  std::vector<bool> columns;  ///< [node] true if the column operand needs it
  std::vector<bool> after;    ///< [node] true if an output needs it, other than through the product
};
[[nodiscard]] ProductSides product_sides(const Graph& body, const LoopSpace& space,
                                         const Placement& placement);

}  // namespace sinter::detail
