// The verifier: what every pass may assume of a graph.
#pragma once

#include <sinter/ir/graph.h>

namespace sinter {

/// Throws Error(invalid_graph) unless `graph` can be compiled: at least one output; operands before
/// their users; every node's dtype and shape as its row in ops.def says. Linear time.
SINTER_API void verify(const Graph& graph);

}  // namespace sinter
