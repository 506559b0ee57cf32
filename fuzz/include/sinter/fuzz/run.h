// Ways to compute a graph, for tests that compare them: each takes dense inputs and gives dense
// outputs, through memory laid out as the graph's declarations say.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <sinter/ir/interpret.h>
#include <sinter/sinter.h>

#include <sinter/fuzz/guarded_buffer.h>

namespace sinter::fuzz {

/// Where buffers lie relative to guard pages and alignment.
struct Placement {
  Guard guard = Guard::behind;
  std::size_t offset_elements = 0;
};

/// A program wrote where no element of an output is.
struct StrayWrite : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs `program` between guard pages. Throws StrayWrite.
[[nodiscard]] std::vector<TensorData> run_guarded(const Executable& program, const Graph& graph,
                                                  std::span<const TensorData> inputs,
                                                  Placement placement = {});

/// Plans `graph` for `target` and runs every kernel's LoopNest through the loop interpreter, its
/// parallel range cut in two.
[[nodiscard]] std::vector<TensorData> run_nests(const Graph& graph,
                                                std::span<const TensorData> inputs,
                                                const Target& target, bool streaming);

/// "" when all tensors are equal bit for bit (NaN equals NaN), else which element differs and how.
[[nodiscard]] std::string difference(std::span<const TensorData> expected,
                                     std::span<const TensorData> got);

/// The named targets that this machine runs, and its own.
[[nodiscard]] std::vector<Target> targets_here();

}  // namespace sinter::fuzz
