// ProductSides: which values of a kernel's body its product is computed from, and which follow it.
#pragma once

#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/graph.h>

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

}  // namespace sinter::detail
