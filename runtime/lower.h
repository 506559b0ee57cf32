// The compiler's table of contents: which passes run, in which order, from a graph to loops.
//
// Functions without state. Engines compile with them, and `Executable::text` repeats them to show a
// stage.
#pragma once

#include <span>

#include <sinter/ir/plan.h>
#include <sinter/runtime/options.h>

#include "backend.h"

namespace sinter::detail {

/// Verifies a graph, widens its 16-bit ops, and cuts it into kernels. Reads values of parameters
/// under Specialize::scalars only.
[[nodiscard]] Plan make_plan(const Graph& graph, const CompileOptions& options,
                             const CodeGenerator& generator);

/// Expands and schedules a kernel. `parameters` are the kernel's own (see kernel_parameters); only
/// their classes affect the result.
[[nodiscard]] Lowered lower(const PlanKernel& kernel, std::span<const double> parameters,
                            const CompileOptions& options, const CodeGenerator& generator);

/// Values of the kernel's own parameters, selected from the parameters of its program.
[[nodiscard]] std::vector<double> kernel_parameters(const PlanKernel& kernel,
                                                    std::span<const double> program);

}  // namespace sinter::detail
