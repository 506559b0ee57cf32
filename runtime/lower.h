// The compiler's table of contents: which passes run, in which order, from a graph to loops.
//
// Functions without state. Engines compile with them, and `Executable::text` repeats them to show a
// stage.
#pragma once

#include <optional>
#include <span>

#include <sinter/codegen/cuda.h>
#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/schedule.h>
#include <sinter/codegen/target.h>
#include <sinter/ir/plan.h>
#include <sinter/runtime/options.h>

namespace sinter::detail {

/// The target of code: `gpu` if it is set, else `cpu`.
struct CodeTarget {
  Target cpu;
  std::optional<GpuTarget> gpu;
  [[nodiscard]] PlanLimits plan_limits() const {
    return gpu.has_value() ? gpu->plan_limits() : cpu.plan_limits();
  }
};

/// Verifies a graph, widens its 16-bit ops, and cuts it into kernels. Reads values of parameters
/// under Specialize::scalars only.
[[nodiscard]] Plan make_plan(const Graph& graph, const CompileOptions& options,
                             const CodeTarget& target);

/// One kernel as loops, and the iteration space that they cover.
struct Lowered {
  LoopNest nest;
  LoopSpace space;
};

/// Expands and schedules a kernel. `parameters` are the kernel's own (see kernel_parameters); only
/// their classes affect the result.
[[nodiscard]] Lowered lower(const PlanKernel& kernel, std::span<const double> parameters,
                            const CompileOptions& options, const CodeTarget& target);

/// Values of the kernel's own parameters, selected from the parameters of its program.
[[nodiscard]] std::vector<double> kernel_parameters(const PlanKernel& kernel,
                                                    std::span<const double> program);

}  // namespace sinter::detail
