// Functions that compute a graph in different ways, for tests that compare them. Each takes dense
// inputs and returns dense outputs. In between, the data lies in memory with the strides that the
// graph declares.
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

/// Placement of buffers relative to guard pages, and how the program is called.
struct Placement {
  Guard guard = Guard::after;
  std::size_t offset_elements = 0;  ///< elements between a buffer and its guard page
  bool interleaved = false;         ///< the graph is one of `interleave_outputs`
  bool bound = false;               ///< run through a bound Call
};

/// A copy of `graph` in which outputs of the same element size are interleaved, element by element,
/// in one buffer.
[[nodiscard]] Graph interleave_outputs(const Graph& graph);

/// A program wrote to bytes that belong to no output, or accepted a read-only view of a donated
/// input.
struct StrayWrite : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs `program` on buffers between guard pages. Inputs that are not donated lie in read-only
/// pages. Throws StrayWrite.
[[nodiscard]] std::vector<TensorData> run_guarded(const Executable& program, const Graph& graph,
                                                  std::span<const TensorData> inputs,
                                                  Placement placement = {});

/// A scheduler of kernels, and the limits of plans for its target.
struct Scheduler {
  PlanLimits limits;
  CpuModel model;  ///< for `collapse`
  std::function<LoopNest(const Graph& body, const LoopSpace& space)> schedule;
};
[[nodiscard]] Scheduler scheduler_for(const Target& target, bool streaming);
[[nodiscard]] Scheduler scheduler_for(const GpuTarget& target);

/// Plans `graph`, whose ops are wide, and schedules every kernel.
[[nodiscard]] std::vector<LoopNest> nests_of(const Graph& graph, const Scheduler& scheduler);

/// Plans `graph` and runs every kernel's LoopNest in the loop interpreter. A parallel range runs as
/// two parts.
[[nodiscard]] std::vector<TensorData> run_nests(const Graph& graph,
                                                std::span<const TensorData> inputs,
                                                const Scheduler& scheduler);

/// The code of a kernel has more instructions than its statements allow.
struct LargeCode : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Plans `graph` for `target` and compiles every kernel. Throws LargeCode, see code_size.h.
void check_code_size(const Graph& graph, const Target& target);

/// Returns "" if all tensors are equal bit for bit (NaN equals NaN), else the first difference as
/// text.
[[nodiscard]] std::string difference(std::span<const TensorData> expected,
                                     std::span<const TensorData> got);

/// The target of this machine, and the named targets that it runs.
[[nodiscard]] std::vector<Target> targets_here();

}  // namespace sinter::fuzz
