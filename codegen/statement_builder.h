// StatementBuilder: what all schedulers share: a nest that knows its arguments, strides as index
// expressions, and values.
#pragma once

#include <vector>

#include <sinter/codegen/schedule.h>

#include "index_table.h"
#include "placement.h"

namespace sinter::detail {

class StatementBuilder {
 protected:
  StatementBuilder(const Graph& body, const LoopSpace& space, Placement placement);

  [[nodiscard]] int inner_axis() const { return space_.rank() - 1; }
  [[nodiscard]] std::uint8_t output_argument(std::size_t output) const {
    return static_cast<std::uint8_t>(body_.inputs().size() + output);
  }
  [[nodiscard]] IndexId stride(std::size_t argument, int axis);

  [[nodiscard]] ValueId new_value(DType dtype);
  [[nodiscard]] ValueId new_value(NodeId node);
  [[nodiscard]] Compute compute(NodeId node);
  /// The element that leaves any other unchanged in this reduction.
  [[nodiscard]] ValueId identity(NodeId reduction, Block& block);
  /// Two elements as one.
  [[nodiscard]] ValueId combine(NodeId reduction, ValueId a, ValueId b, Block& block);

  /// The nest, once all is in it.
  [[nodiscard]] LoopNest take();

  const Graph& body_;
  const LoopSpace& space_;
  const Placement placement_;
  IndexTable indices_;
  std::vector<ValueId> values_;  // [node] its value, as last defined
  LoopNest nest_;
};

}  // namespace sinter::detail
