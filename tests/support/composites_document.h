// docs/composites.md: the sequence of primitives of every composite, written from the bodies.
#pragma once

#include <span>
#include <string>

#include <sinter/ir/graph.h>

namespace sinter::test {

/// Records the body of a composite over operands and returns its result.
using CompositeBody = Value (*)(Op op, std::span<const Value> operands);

/// The whole document. It holds every node that `body` records, for every dtype, in the order of
/// recording: two texts are equal only if all bodies record the same nodes.
[[nodiscard]] std::string composites_document(CompositeBody body);

}  // namespace sinter::test
