// Ways to compute a graph, for tests that compare them: each takes dense inputs and gives dense
// outputs, through memory laid out as the graph's declarations say.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <sinter/codegen/cuda.h>
#include <sinter/ir/interpret.h>
#include <sinter/sinter.h>

#include <sinter/fuzz/guarded_buffer.h>

namespace sinter::fuzz {

/// Where buffers lie relative to guard pages and alignment, and how the program is called.
struct Placement {
  Guard guard = Guard::behind;
  std::size_t offset_elements = 0;
  bool interleaved = false;  ///< outputs lie as `interleave_outputs` declares them
  bool bound = false;        ///< by a bound Call
};

/// `graph` with other strides of its outputs: those of one element size alternate, element by
/// element, in one buffer.
[[nodiscard]] Graph interleave_outputs(const Graph& graph);

/// A program wrote where no element of an output is, or would write over what it may only read.
struct StrayWrite : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs `program` between guard pages; inputs that are not donated are read-only pages. Throws
/// StrayWrite.
[[nodiscard]] std::vector<TensorData> run_guarded(const Executable& program, const Graph& graph,
                                                  std::span<const TensorData> inputs,
                                                  Placement placement = {});

/// How a kernel becomes loops.
struct Scheduler {
  PlanLimits limits;
  std::function<LoopNest(const Graph& body, const LoopSpace& space)> schedule;
};
[[nodiscard]] Scheduler scheduler_for(const Target& target, bool streaming);
[[nodiscard]] Scheduler scheduler_for(const GpuTarget& target);

/// Plans `graph` and runs every kernel's LoopNest through the loop interpreter, its parallel range,
/// where a nest has one, cut in two.
[[nodiscard]] std::vector<TensorData> run_nests(const Graph& graph,
                                                std::span<const TensorData> inputs,
                                                const Scheduler& scheduler);

/// The code of a kernel takes more instructions than its statements may.
struct LargeCode : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Plans `graph` for `target` and makes the machine code of every kernel. Throws LargeCode; see
/// code_size.h.
void check_code_size(const Graph& graph, const Target& target);

/// "" when all tensors are equal bit for bit (NaN equals NaN), else which element differs and how.
[[nodiscard]] std::string difference(std::span<const TensorData> expected,
                                     std::span<const TensorData> got);

/// The named targets that this machine runs, and its own.
[[nodiscard]] std::vector<Target> targets_here();

}  // namespace sinter::fuzz
