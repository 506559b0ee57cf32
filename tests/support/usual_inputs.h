// Random inputs of moderate size, so that sums and products stay in range.
#pragma once

#include <cstdint>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::test {

/// Returns multiples of 1/1024 from about -3 to 3. If `with_special`, one element in a hundred is
/// random instead and may be special. Masks are random.
[[nodiscard]] std::vector<TensorData> usual_inputs(const Graph& graph, std::uint64_t seed,
                                                   bool with_special = true);

}  // namespace sinter::test
