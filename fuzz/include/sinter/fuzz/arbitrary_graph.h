// Graphs recorded by calls with arbitrary arguments: the checks at the boundary decide what is
// kept.
#pragma once

#include <cstdint>

#include <sinter/ir/graph.h>

namespace sinter::fuzz {

struct ArbitraryGraphOptions {
  int calls = 40;
  /// Of any value that is kept. Beyond some thousand it cannot be computed, but planned.
  std::int64_t max_elements = 256;
};

/// Calls `input`, `iota`, `parameter`, `constant`, `apply` and `output` with ops, dtypes, operands,
/// attributes and strides drawn from `seed`: of the right kind or any, in range or far outside,
/// also enum values that do not exist. A call that throws Error leaves the graph as it was;
/// whatever else happens is a bug. The graph has an output.
[[nodiscard]] Graph arbitrary_graph(std::uint64_t seed, const ArbitraryGraphOptions& options = {});

}  // namespace sinter::fuzz
