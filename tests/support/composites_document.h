// Generates docs/composites.md: the sequence of primitives of every composite, from the bodies.
#pragma once

#include <span>
#include <string>

#include <sinter/ir/graph.h>

namespace sinter::test {

/// Records the body of a composite over operands and returns its result.
using CompositeBody = Value (*)(Op op, std::span<const Value> operands);

/// Returns the whole document. It lists every node that `body` records, for every dtype, in
/// recording order. Two documents are equal only if all bodies record the same nodes.
[[nodiscard]] std::string composites_document(CompositeBody body);

}  // namespace sinter::test
