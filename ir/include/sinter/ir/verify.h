// The verifier: what every pass may assume of a graph.
#pragma once

#include <sinter/ir/graph.h>

namespace sinter {

/// Throws Error unless `graph` can be compiled: at least one output; operands before their users;
/// every node's dtype and shape as its row in ops.def says; attributes in canonical form; numbers
/// that their dtypes hold; strides as `Graph::input` and `Graph::output` take them. Linear time.
SINTER_API void verify(const Graph& graph);

}  // namespace sinter
