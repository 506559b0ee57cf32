// The compiler's table of contents: which passes run, in which order, from a graph to loops.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <sinter/ir/plan.h>
#include <sinter/runtime/options.h>
#include <sinter/runtime/stats.h>

#include "backend.h"

namespace sinter::detail {

/// What the caller of run_passes does with the results.
struct PassResults {
  /// Returns the plan to use. Calls `make` if the caller has none.
  std::function<const Plan&(const std::function<Plan()>& make)> plan;
  /// Takes the loops of the next kernel, and the values of the kernel's own parameters.
  std::function<void(Lowered lowered, const std::vector<double>& parameters)> kernel;
};

/// Runs all passes on `graph`. The results depend on the classes of its `parameters`, and on their
/// values only under Specialize::scalars. Adds the time of each part to `times`. Has
/// no state. Throws Error on a graph that the verifier refuses.
void run_passes(const Graph& graph, std::span<const double> parameters,
                const CompileOptions& options, const CodeGenerator& generator, CompileTimes& times,
                const PassResults& results);

/// Values of the kernel's own parameters, selected from the parameters of its program.
[[nodiscard]] std::vector<double> kernel_parameters(const PlanKernel& kernel,
                                                    std::span<const double> program);

}  // namespace sinter::detail
