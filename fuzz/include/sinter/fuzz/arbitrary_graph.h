// Graphs recorded by API calls with arbitrary arguments: calls that the argument checks refuse
// leave no trace in the graph.
#pragma once

#include <cstdint>

#include <sinter/ir/graph.h>

namespace sinter::fuzz {

struct ArbitraryGraphOptions {
  int calls = 40;  ///< number of calls of `apply`
  /// Most elements of a value in the graph. A graph with a limit beyond some thousand may be too
  /// large to compute, but can be planned.
  std::int64_t max_elements = 256;
};

/// Calls `input`, `iota`, `parameter`, `constant`, `apply` and `output` with ops, dtypes, operands,
/// attributes and strides drawn from `seed`. Arguments may be valid, of a wrong kind, far out of
/// range, or nonexistent enum values. A call that throws Error leaves the graph unchanged; any
/// other failure is a bug. The graph has at least one output.
[[nodiscard]] Graph arbitrary_graph(std::uint64_t seed, const ArbitraryGraphOptions& options = {});

}  // namespace sinter::fuzz
