// Inputs whose sums are usual numbers too.
#pragma once

#include <cstdint>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::test {

/// Numbers of a few bits up to 3, with one in a hundred special unless there are to be none. Masks
/// are random.
[[nodiscard]] std::vector<TensorData> usual_inputs(const Graph& graph, std::uint64_t seed,
                                                   bool with_special = true);

}  // namespace sinter::test
