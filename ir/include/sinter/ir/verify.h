// The verifier of graphs: it checks what every pass assumes.
#pragma once

#include <sinter/ir/graph.h>

namespace sinter {

/// Throws Error unless `graph` can be compiled:
/// - It has at least one output.
/// - Operands precede their users.
/// - The dtype and shape of each node follow from its row in ops.def.
/// - Attributes are in canonical form, and numbers are exact in the compute dtypes of their nodes.
/// - Strides are ones that `Graph::input` and `Graph::output` accept.
/// Takes linear time.
SINTER_API void verify(const Graph& graph);

}  // namespace sinter
