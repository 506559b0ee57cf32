// The compiler's table of contents: which passes run, in which order, from a graph to loops.
//
// Free functions without state: what an engine caches, and what `Executable::text` makes again to
// show it, come from here alike.
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

/// What code is made for: a CPU, or a GPU where one is given.
struct CodeTarget {
  Target cpu;
  std::optional<GpuTarget> gpu;
  [[nodiscard]] PlanLimits plan_limits() const {
    return gpu.has_value() ? gpu->plan_limits() : cpu.plan_limits();
  }
};

/// Verifies, simplifies and cuts a graph. Reads its parameters under Specialize::scalars only.
[[nodiscard]] Plan make_plan(const Graph& graph, const CompileOptions& options,
                             const CodeTarget& target);

/// One kernel as loops, and the space that they run over.
struct Lowered {
  LoopNest nest;
  LoopSpace space;
};

/// Expands and schedules a kernel. `parameters` are its own, in its order; they decide classes
/// only.
[[nodiscard]] Lowered lower(const PlanKernel& kernel, std::span<const double> parameters,
                            const CompileOptions& options, const CodeTarget& target);

/// The values of a kernel's parameters, of those of its program.
[[nodiscard]] std::vector<double> kernel_parameters(const PlanKernel& kernel,
                                                    std::span<const double> program);

}  // namespace sinter::detail
