// The order of the passes, and what selects each.
#include "lower.h"

#include <sinter/ir/passes.h>
#include <sinter/ir/verify.h>

namespace sinter::detail {

namespace {

/// The plan of a graph whose ops are widened to f32 already.
Plan cut(const Graph& graph, const CompileOptions& options, const CodeGenerator& generator) {
  const bool baked = contains(options.specialize, Specialize::scalars);
  const PlanLimits limits = generator.plan_limits();
  if (baked) return plan_graph(bake_parameters(graph), limits, options.fuse);
  return plan_graph(graph, limits, options.fuse);
}

}  // namespace

Plan make_plan(const Graph& graph, const CompileOptions& options, const CodeGenerator& generator) {
  verify(graph);
  if (has_storage_floats(graph)) return cut(widen(graph, options.rounding), options, generator);
  return cut(graph, options, generator);
}

Lowered lower(const PlanKernel& kernel, std::span<const double> parameters,
              const CompileOptions& options, const CodeGenerator& generator) {
  const Graph body = simplify(expand(kernel.body, parameters));
  Lowered lowered = generator.schedule(body);
  if (contains(options.specialize, Specialize::shape)) {
    lowered.nest = specialize_shape(std::move(lowered.nest), lowered.space);
  }
  return lowered;
}

std::vector<double> kernel_parameters(const PlanKernel& kernel, std::span<const double> program) {
  std::vector<double> values;
  values.reserve(kernel.parameters.size());
  for (std::uint32_t parameter : kernel.parameters) values.push_back(program[parameter]);
  return values;
}

}  // namespace sinter::detail
